import { lazy, Suspense } from "react";
import type { GeneratedFile } from "./files.ts";

const FilesView = lazy(() => import("./FilesView.tsx"));

interface Props {
  readonly files: readonly GeneratedFile[];
  /** What edits are kept under. */
  readonly id: string;
  readonly entry?: string | null;
}

/** Generated files, to be read, changed and run; the editor's code is fetched when the first ones come. */
export function FilesArtifact(props: Props) {
  return (
    <Suspense fallback={<div className="waiting" role="status" aria-label="Loading the files" />}>
      <FilesView {...props} />
    </Suspense>
  );
}
