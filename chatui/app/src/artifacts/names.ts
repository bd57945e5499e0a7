import type { Artifact } from "@mozaiks/client";
import { spaced } from "../text/words.ts";

/** What an artifact is called: by its own title, else by its tool. */
export function titleOf(artifact: Artifact): string {
  const title = (artifact.payload as { title?: unknown } | null)?.title;
  if (typeof title === "string" && title.trim() !== "") return title;
  const words = spaced(artifact.toolName).replace(/^(show|present|display|open) /, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
