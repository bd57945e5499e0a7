import type { Artifact, ChatState, ToolCallItem } from "@mozaiks/client";
import { useState } from "react";
import { useUiTools } from "../uitools/context.ts";
import { componentOf } from "../uitools/registry.ts";
import { ToolRequest } from "../uitools/ToolRequest.tsx";
import { UiComponent } from "../uitools/UiComponent.tsx";
import { FilesArtifact } from "./FilesArtifact.tsx";
import { filesOf } from "./files.ts";

/** One artifact: the workflow's component, and where it holds files, their code. */
export function ArtifactView({ artifact, state }: { artifact: Artifact; state: ChatState }) {
  const { workflow } = useUiTools();
  const files = filesOf(artifact.payload);
  const own = componentOf(workflow, artifact.component) !== null;
  const [asCode, setAsCode] = useState(false);
  const call = state.timeline.find(
    (item): item is ToolCallItem => item.type === "tool_call" && item.requestId === artifact.eventId,
  );
  const entry = (artifact.payload as { entry?: unknown } | null)?.entry;
  return (
    <>
      {files !== null && own && (
        <fieldset className="view-switch" aria-label="Show as">
          <button type="button" aria-pressed={!asCode} onClick={() => setAsCode(false)}>
            Result
          </button>
          <button type="button" aria-pressed={asCode} onClick={() => setAsCode(true)}>
            Code
          </button>
        </fieldset>
      )}
      {files !== null && (asCode || !own) && call?.status !== "waiting" ? (
        <FilesArtifact files={files} id={artifact.eventId} entry={typeof entry === "string" ? entry : null} />
      ) : files !== null && asCode ? (
        <FilesArtifact files={files} id={artifact.eventId} entry={typeof entry === "string" ? entry : null} />
      ) : call !== undefined ? (
        <ToolRequest item={call} mode="artifact" />
      ) : (
        <UiComponent
          component={artifact.component}
          componentId={artifact.eventId}
          toolName={artifact.toolName}
          mode="artifact"
          payload={artifact.payload}
          schema={null}
          disabled={false}
          respond={null}
        />
      )}
    </>
  );
}
