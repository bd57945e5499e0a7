/**
 * Where generated files run. The page's own way is a frame without an origin (`LocalPreview`); a remote sandbox, for
 * what needs a server or a build, stands behind the same port.
 */

import type { GeneratedFile } from "./files.ts";

/** A running preview. */
export type Running =
  | { readonly kind: "document"; readonly html: string }
  | { readonly kind: "address"; readonly url: string };

export interface SandboxProvider {
  readonly name: string;
  /** Runs the files. Throws `SandboxError` with a sentence for people. */
  run(files: readonly GeneratedFile[], entry: string | null, signal: AbortSignal): Promise<Running>;
}

export class SandboxError extends Error {
  readonly code: "NOT_CONFIGURED" | "NOTHING_TO_SHOW";
  constructor(code: SandboxError["code"], message: string) {
    super(message);
    this.code = code;
  }
}
