import type { ToolCallItem } from "@mozaiks/client";
import { Data } from "../chat/Data.tsx";
import { AlertIcon, CheckIcon, ToolIcon } from "../icons.tsx";
import { duration, spaced } from "../text/words.ts";
import { ApprovalCard } from "./ApprovalCard.tsx";
import { useUiTools } from "./context.ts";
import { ToolRequest } from "./ToolRequest.tsx";
import { UiComponent } from "./UiComponent.tsx";

/** A call of a tool: folded to one line, or what it shows and asks. */
export function ToolCall({ item }: { item: ToolCallItem }) {
  if (item.status === "waiting") {
    if (item.display === "modal") return <Elsewhere item={item} words="asks for an answer" />;
    if (item.interaction === "approval") return <ApprovalCard item={item} mode="inline" />;
    if (item.display === "artifact") return <Elsewhere item={item} words="is waiting beside the conversation" />;
    return <ToolRequest item={item} mode="inline" />;
  }
  if (item.interaction === null && item.component !== null) {
    if (item.display === "artifact") return <Elsewhere item={item} words="is shown beside the conversation" />;
    return (
      <UiComponent
        component={item.component}
        componentId={item.key}
        toolName={item.toolName}
        mode="inline"
        payload={item.payload}
        schema={null}
        disabled={false}
        respond={null}
      />
    );
  }
  return <Folded item={item} />;
}

const ENDINGS: Record<ToolCallItem["status"], string> = {
  running: "is running",
  waiting: "waits",
  answered: "answered",
  approved: "approved",
  shown: "shown",
  ok: "",
  error: "failed",
  timeout: "took too long",
  denied: "refused",
  dismissed: "not needed any more",
};

function Folded({ item }: { item: ToolCallItem }) {
  const bad = item.status === "error" || item.status === "timeout";
  const asked = item.payload ?? item.arguments;
  return (
    <details className="fold tool-call" data-status={item.status}>
      <summary>
        {bad ? <AlertIcon /> : item.status === "running" ? <ToolIcon /> : <CheckIcon />}
        <span>
          {item.agent !== null && <span className="muted">{item.agent} · </span>}
          {spaced(item.toolName)}
        </span>
        <span className="muted">
          {ENDINGS[item.status]}
          {item.durationMs !== null && item.interaction === null && ` ${duration(item.durationMs)}`}
        </span>
        {item.progress !== null && item.status === "running" && (
          <span className="progress">
            <progress max={100} value={item.progress.percent} aria-label={`Progress of ${spaced(item.toolName)}`} />
            {item.progress.message}
          </span>
        )}
      </summary>
      <div className="fold-body">
        <h4>{item.interaction === null ? "Called with" : "Shown"}</h4>
        <Data value={asked} />
        {item.result !== null && item.result !== undefined && (
          <>
            <h4>Result</h4>
            <Data value={item.result} />
          </>
        )}
      </div>
    </details>
  );
}

function Elsewhere({ item, words }: { item: ToolCallItem; words: string }) {
  const { showArtifact, openModal } = useUiTools();
  const modal = item.display === "modal";
  return (
    <p className="elsewhere">
      <strong>{item.component === null ? spaced(item.toolName) : titled(item.component)}</strong> {words}
      <button
        type="button"
        className="quiet"
        onClick={() => (modal ? openModal(item.requestId ?? "") : showArtifact())}
      >
        {modal ? "Open" : "Show"}
      </button>
    </p>
  );
}

/** `ActionPlan` as `Action plan`. */
function titled(component: string): string {
  const words = component.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
