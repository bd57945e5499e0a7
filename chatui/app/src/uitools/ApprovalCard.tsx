import type { JsonValue, ToolCallItem } from "@mozaiks/client";
import { lazy, Suspense, useId, useState } from "react";
import { Data } from "../chat/Data.tsx";
import { spaced } from "../text/words.ts";
import { useUiTools } from "./context.ts";
import { changesIn } from "./changes.ts";
import { UiComponent } from "./UiComponent.tsx";
import { componentOf } from "./registry.ts";

const Diff = lazy(() => import("./Diff.tsx"));

/** A call that waits for a person's leave: what it would do, and a word of reason. */
export function ApprovalCard({ item }: { item: ToolCallItem }) {
  const { approve, workflow } = useUiTools();
  const [reason, setReason] = useState("");
  const [sent, setSent] = useState(false);
  const id = useId();
  const { requestId } = item;
  const asked = item.payload ?? item.arguments;
  const { changes, rest } = changesIn(asked);
  const decide = (approved: boolean): void => {
    if (requestId === null) return;
    setSent(true);
    approve(requestId, approved, reason.trim() === "" ? undefined : reason.trim());
  };
  return (
    <section className="approval" aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        {item.agent === null ? "May this be done?" : `May ${item.agent} do this?`} <code>{spaced(item.toolName)}</code>
      </h3>
      {item.prompt !== null && <p>{item.prompt}</p>}
      {componentOf(workflow, item.component) !== null ? (
        <UiComponent
          component={item.component}
          componentId={requestId ?? item.key}
          toolName={item.toolName}
          mode="inline"
          payload={asked}
          schema={null}
          disabled={sent}
          respond={(value: JsonValue) => decide(value === true || (value as { approved?: unknown })?.approved === true)}
        />
      ) : (
        <>
          {changes.map((change) => (
            <Suspense key={change.name} fallback={<div className="waiting" role="status" aria-label="Loading" />}>
              <Diff name={change.name} before={change.before} after={change.after} />
            </Suspense>
          ))}
          {rest !== null && <Data value={rest} />}
        </>
      )}
      <label htmlFor={`${id}-reason`}>
        Reason <span className="muted">(if you like; the agent is told)</span>
      </label>
      <input
        id={`${id}-reason`}
        maxLength={2000}
        value={reason}
        disabled={sent}
        onChange={(event) => setReason(event.target.value)}
      />
      <div className="buttons">
        <button type="button" className="primary" disabled={sent} onClick={() => decide(true)}>
          Approve
        </button>
        <button type="button" disabled={sent} onClick={() => decide(false)}>
          Refuse
        </button>
      </div>
    </section>
  );
}
