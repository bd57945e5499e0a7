/** Which artifact a chat shows, and the versions of it that came before. */

import type { Artifact, ChatState } from "@mozaiks/client";

export function artifactShown(state: ChatState): Artifact | null {
  return state.artifact ?? state.artifacts.at(-1) ?? null;
}

/** What the same tool showed in the same component, oldest first. */
export function versionsOf(state: ChatState, artifact: Artifact): readonly Artifact[] {
  const found = state.artifacts.filter(
    (each) => each.toolName === artifact.toolName && each.component === artifact.component,
  );
  return found.some((each) => each.eventId === artifact.eventId) ? found : [...found, artifact];
}
