import { useEffect, useId, useRef, useState } from "react";
import type { GeneratedFile } from "./files.ts";
import { localPreview } from "./localPreview.ts";
import { e2bSandbox } from "./remoteSandbox.ts";
import type { Running, SandboxProvider } from "./sandbox.ts";

const PROVIDERS: readonly SandboxProvider[] = [localPreview, e2bSandbox];

/** The files, running: in a frame that has no origin and no network, or in a remote sandbox. */
export function Preview({
  files,
  entry,
  title,
}: {
  files: readonly GeneratedFile[];
  entry: string | null;
  title: string;
}) {
  const [provider, setProvider] = useState<SandboxProvider>(localPreview);
  const [running, setRunning] = useState<Running | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();

  useEffect(() => {
    const stop = new AbortController();
    setProblem(null);
    setRunning(null);
    provider.run(files, entry, stop.signal).then(
      (found) => !stop.signal.aborted && setRunning(found),
      (error: unknown) => !stop.signal.aborted && setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => stop.abort();
  }, [provider, files, entry]);

  return (
    <div className="preview">
      <div className="preview-bar">
        <label htmlFor={id}>Runs</label>
        <select
          id={id}
          value={provider.name}
          onChange={(event) => setProvider(PROVIDERS.find((each) => each.name === event.target.value) ?? localPreview)}
        >
          {PROVIDERS.map((each) => (
            <option key={each.name}>{each.name}</option>
          ))}
        </select>
      </div>
      {problem !== null && (
        <p className="notice" data-kind="warning" role="alert">
          {problem}
        </p>
      )}
      {running?.kind === "document" && <Frame html={running.html} title={title} />}
      {running?.kind === "address" && (
        <iframe
          title={title}
          src={running.url}
          sandbox="allow-scripts allow-same-origin"
          referrerPolicy="no-referrer"
        />
      )}
    </div>
  );
}

/**
 * `preview.html` has a policy of its own: what it is handed may run, and reach nothing. A new document is a new frame.
 */
function Frame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const ready = (event: MessageEvent): void => {
      const target = frame.current?.contentWindow;
      if (!target || event.source !== target || (event.data as { preview?: unknown })?.preview !== "ready") return;
      // The frame has no origin that could be named.
      target.postMessage({ html }, "*");
    };
    addEventListener("message", ready);
    return () => removeEventListener("message", ready);
  }, [html]);
  return (
    <iframe
      ref={frame}
      key={html}
      title={title}
      src="/preview.html"
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
    />
  );
}
