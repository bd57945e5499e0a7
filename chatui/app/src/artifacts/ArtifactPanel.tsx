import type { Artifact, ChatState } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { CloseIcon } from "../icons.tsx";
import { Link, paths } from "../routing.tsx";
import { useUiTools } from "../uitools/context.ts";
import { ArtifactView } from "./ArtifactView.tsx";
import { titleOf } from "./names.ts";
import { versionsOf } from "./shown.ts";
import { Versions } from "./Versions.tsx";

interface Props {
  readonly state: ChatState;
  readonly artifact: Artifact;
  readonly onClose: () => void;
}

/** The artifact beside the conversation; a new version takes the place of the one before. */
export default function ArtifactPanel({ state, artifact, onClose }: Props) {
  const { workflow, chatId } = useUiTools();
  const versions = versionsOf(state, artifact);
  const [chosen, setChosen] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new is shown, whatever was looked at
  useEffect(() => setChosen(null), [artifact.eventId]);
  const shown = versions.find((each) => each.eventId === chosen) ?? artifact;
  return (
    <aside className="artifact-panel" aria-label="Artifact">
      <header className="artifact-head">
        <h2>{titleOf(shown)}</h2>
        <Versions versions={versions} shown={shown} onChoose={setChosen} />
        <Link className="button quiet" href={paths.artifact(shown.eventId, workflow, chatId)}>
          Full page
        </Link>
        <button type="button" className="icon-button" aria-label="Close the artifact" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <div className="artifact-body">
        <ArtifactView key={shown.eventId} artifact={shown} state={state} />
      </div>
    </aside>
  );
}
