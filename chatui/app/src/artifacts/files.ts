/** Generated files in an artifact's payload, however the agent or tool laid them out. */

import type { JsonValue } from "@mozaiks/client";

export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/**
 * The files of a payload; null where it holds none. Read are `files` as a list of `{path, content}` or as a map of
 * path to content, and a single `{path, content}`; `name` or `filename` stand for `path`, `code` or `text` for `content`.
 */
export function filesOf(payload: JsonValue): readonly GeneratedFile[] | null {
  if (!isMap(payload)) return null;
  const { files } = payload;
  if (Array.isArray(files)) return someOf(files.map(fileOf));
  if (isMap(files)) {
    return someOf(
      Object.entries(files).map(([path, value]) =>
        typeof value === "string" ? { path, content: value } : fileOf(isMap(value) ? { path, ...value } : null),
      ),
    );
  }
  return someOf([fileOf(payload)]);
}

/** The file that a preview begins with; null where nothing can be shown in a frame. */
export function pageOf(files: readonly GeneratedFile[], entry: JsonValue | undefined): GeneratedFile | null {
  const pages = files.filter((file) => /\.html?$/i.test(file.path) || /\.svg$/i.test(file.path));
  return (
    pages.find((file) => file.path === entry) ??
    pages.find((file) => /(^|\/)index\.html?$/i.test(file.path)) ??
    pages[0] ??
    null
  );
}

function fileOf(value: JsonValue | undefined): GeneratedFile | null {
  if (!isMap(value)) return null;
  const path = value.path ?? value.filename ?? value.name;
  const content = value.content ?? value.code ?? value.text;
  return typeof path === "string" && typeof content === "string" && looksLikeFile(path) ? { path, content } : null;
}

function looksLikeFile(path: string): boolean {
  return path.length <= 300 && /^[^\n]*\.[A-Za-z0-9]{1,12}$|\//.test(path);
}

function someOf(found: readonly (GeneratedFile | null)[]): readonly GeneratedFile[] | null {
  const files = found.filter((file) => file !== null);
  return files.length === 0 ? null : files;
}

function isMap(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
