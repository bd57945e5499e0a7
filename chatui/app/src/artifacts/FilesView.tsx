import { type KeyboardEvent, useId, useMemo, useState } from "react";
import CodeEditor from "./CodeEditor.tsx";
import { type GeneratedFile, pageOf } from "./files.ts";
import { Preview } from "./Preview.tsx";

const PREVIEW = "\0preview";

interface Props {
  readonly files: readonly GeneratedFile[];
  readonly id: string;
  readonly entry?: string | null;
}

/** Files as tabs, and the preview of what they make. Changes stay in this browser: the chat keeps what the agent made. */
export default function FilesView({ files, id, entry = null }: Props) {
  const [edits, setEdits] = useEdits(id);
  const current = useMemo(
    () => files.map((file) => ({ path: file.path, content: edits[file.path] ?? file.content })),
    [files, edits],
  );
  const previews = pageOf(files, entry) !== null;
  const tabs = [...(previews ? [PREVIEW] : []), ...files.map((file) => file.path)];
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = chosen !== null && tabs.includes(chosen) ? chosen : (tabs[0] ?? PREVIEW);
  const file = current.find((each) => each.path === shown);
  const base = useId();
  const changed = Object.keys(edits).length > 0;

  const moved = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    const next = tabs[(tabs.indexOf(shown) + by + tabs.length) % tabs.length] ?? shown;
    setChosen(next);
    document.getElementById(`${base}-${tabs.indexOf(next)}`)?.focus();
  };

  return (
    <div className="files">
      <div className="files-bar">
        <div role="tablist" aria-label="Files" onKeyDown={moved}>
          {tabs.map((tab, index) => (
            <button
              key={tab}
              id={`${base}-${index}`}
              type="button"
              role="tab"
              aria-selected={tab === shown}
              aria-controls={`${base}-panel`}
              tabIndex={tab === shown ? 0 : -1}
              onClick={() => setChosen(tab)}
            >
              {tab === PREVIEW ? "Preview" : tab}
              {edits[tab] !== undefined && <span className="muted"> (changed)</span>}
            </button>
          ))}
        </div>
        {changed && (
          <button type="button" className="quiet" onClick={() => setEdits({})}>
            Undo changes
          </button>
        )}
        {file !== undefined && (
          <button type="button" className="quiet" onClick={() => save(file)}>
            Download
          </button>
        )}
      </div>
      <div
        id={`${base}-panel`}
        className="files-panel"
        role="tabpanel"
        aria-labelledby={`${base}-${tabs.indexOf(shown)}`}
      >
        {file === undefined ? (
          <Preview files={current} entry={entry} title="Preview" />
        ) : (
          <CodeEditor
            key={`${id}/${file.path}`}
            path={file.path}
            value={file.content}
            onChange={(content) => setEdits({ ...edits, [file.path]: content })}
          />
        )}
      </div>
    </div>
  );
}

type Edits = Readonly<Record<string, string>>;

function useEdits(id: string): [Edits, (edits: Edits) => void] {
  const key = `mozaiks.edits.${id}`;
  const [edits, setEdits] = useState<{ readonly key: string; readonly value: Edits }>(() => ({
    key,
    value: kept(key),
  }));
  const value = edits.key === key ? edits.value : kept(key);
  return [
    value,
    (next) => {
      if (Object.keys(next).length === 0) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(next));
      setEdits({ key, value: next });
    },
  ];
}

function kept(key: string): Edits {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}") as Edits;
  } catch {
    return {}; // not ours: begun anew
  }
}

function save(file: GeneratedFile): void {
  const url = URL.createObjectURL(new Blob([file.content], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = file.path.split("/").at(-1) ?? "file.txt";
  link.click();
  URL.revokeObjectURL(url);
}
