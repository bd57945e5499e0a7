import { useEffect, useId, useMemo, useRef, useState } from 'react';
import type { UiToolProps } from '@mozaiks/client';

interface GeneratedFile {
  path: string;
  language: string;
  content: string;
}

interface Generated {
  title: string;
  version: number;
  /** The file that a preview opens. */
  entry: string;
  files: GeneratedFile[];
}

/** The page with its scripts and style sheets put into it, as a preview has no server to fetch them from. */
function wholePage({ entry, files }: Generated): string {
  const page = files.find((file) => file.path === entry)?.content ?? '';
  const content = (path: string) => files.find((file) => file.path === path)?.content;
  return page
    .replace(/<link\b[^>]*\bhref="([^"]+)"[^>]*>/g, (tag, path: string) => {
      const style = content(path);
      return style === undefined ? tag : `<style>\n${style.replaceAll('</style', '<\\/style')}</style>`;
    })
    .replace(/<script\b[^>]*\bsrc="([^"]+)"[^>]*><\/script>/g, (tag, path: string) => {
      const script = content(path);
      return script === undefined ? tag : `<script>\n${script.replaceAll('</script', '<\\/script')}</script>`;
    });
}

/**
 * The chat page serves `/preview.html` for this: it has a policy of its own, under which scripts run and reach nothing.
 * It asks for what it shall draw, once it is there.
 */
function Preview({ title, page }: { title: string; page: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const draw = (event: MessageEvent) => {
      if (event.source !== null && event.source === frame.current?.contentWindow) {
        frame.current.contentWindow.postMessage({ html: page }, '*');
      }
    };
    window.addEventListener('message', draw);
    return () => window.removeEventListener('message', draw);
  }, [page]);
  return <iframe key={page} ref={frame} title={`Preview of ${title}`} sandbox="allow-scripts" src="/preview.html" />;
}

/** Generated files: their code, and the page they make in a frame that reaches nothing outside it. Answers nothing. */
export default function GeneratedFiles({ payload }: UiToolProps) {
  const generated = payload as Generated;
  const { title, version, files } = generated;
  const [shown, setShown] = useState('preview');
  const id = useId();
  const page = useMemo(() => wholePage(generated), [generated]);
  const views = ['preview', ...files.map((file) => file.path)];
  const file = files.find((each) => each.path === shown);

  const move = (by: number) => {
    const next = views[(views.indexOf(shown) + by + views.length) % views.length] ?? 'preview';
    setShown(next);
    document.getElementById(`${id}-tab-${next}`)?.focus();
  };

  return (
    <section aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        {title} <small>version {version}</small>
      </h3>
      <div
        role="tablist"
        aria-label="Preview and files"
        onKeyDown={(event) => {
          if (event.key === 'ArrowRight') move(1);
          if (event.key === 'ArrowLeft') move(-1);
        }}
      >
        {views.map((view) => (
          <button
            key={view}
            id={`${id}-tab-${view}`}
            type="button"
            role="tab"
            aria-selected={view === shown}
            aria-controls={`${id}-panel`}
            tabIndex={view === shown ? 0 : -1}
            onClick={() => setShown(view)}
          >
            {view === 'preview' ? 'Preview' : view}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-tab-${shown}`}>
        {file ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
          <pre tabIndex={0} data-language={file.language}>
            <code>{file.content}</code>
          </pre>
        ) : (
          <Preview title={title} page={page} />
        )}
      </div>
    </section>
  );
}
