/** Languages of the code editor, each fetched when the first file of it is opened. */

import type { Extension } from "@codemirror/state";

const html = async (): Promise<Extension> => (await import("@codemirror/lang-html")).html();
const script = async (options: { jsx?: boolean; typescript?: boolean }): Promise<Extension> =>
  (await import("@codemirror/lang-javascript")).javascript(options);

const LANGUAGES: Record<string, () => Promise<Extension>> = {
  css: async () => (await import("@codemirror/lang-css")).css(),
  html,
  htm: html,
  svg: html,
  js: () => script({}),
  mjs: () => script({}),
  jsx: () => script({ jsx: true }),
  ts: () => script({ typescript: true }),
  tsx: () => script({ typescript: true, jsx: true }),
  json: async () => (await import("@codemirror/lang-json")).json(),
  md: async () => (await import("@codemirror/lang-markdown")).markdown(),
  py: async () => (await import("@codemirror/lang-python")).python(),
};

/** The language of a file; null for one that is shown as plain text. */
export function languageOf(path: string): Promise<Extension> | null {
  const ending = path.split(".").at(-1)?.toLowerCase() ?? "";
  return LANGUAGES[ending]?.() ?? null;
}
