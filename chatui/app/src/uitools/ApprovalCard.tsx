import type { Display, JsonValue, ToolCallItem } from "@mozaiks/client";
import { lazy, Suspense, useId, useState } from "react";
import { Data } from "../chat/Data.tsx";
import { spaced } from "../text/words.ts";
import { changesIn } from "./changes.ts";
import { useUiTools } from "./context.ts";
import { componentOf } from "./registry.ts";
import { UiComponent } from "./UiComponent.tsx";

const Diff = lazy(() => import("./Diff.tsx"));

interface Props {
  readonly item: ToolCallItem;
  readonly mode: Display;
  readonly dismiss?: () => void;
}

/** A call that waits for a person's leave: in the workflow's own component, or as what it would do and would change. */
export function ApprovalCard({ item, mode, dismiss }: Props) {
  const { approve, workflow } = useUiTools();
  const [sent, setSent] = useState(false);
  const { requestId } = item;
  const asked = item.payload ?? item.arguments;
  const decide = (approved: boolean, reason: string): void => {
    if (requestId === null || sent) return;
    setSent(true);
    approve(requestId, approved, reason.trim() === "" ? undefined : reason.trim());
  };
  if (componentOf(workflow, item.component) === null) {
    return <Plain item={item} asked={asked} sent={sent} decide={decide} />;
  }
  return (
    <section className="approval" aria-label={item.prompt ?? item.toolName}>
      <UiComponent
        component={item.component}
        componentId={requestId ?? item.key}
        toolName={item.toolName}
        mode={mode}
        payload={asked}
        schema={APPROVAL}
        disabled={sent}
        respond={(value) => decide(...decisionIn(value))}
        {...(dismiss === undefined ? {} : { dismiss })}
      />
    </section>
  );
}

/** What a form asks for in the place of a component that fails. */
const APPROVAL = {
  type: "object",
  properties: {
    approved: { type: "boolean", title: "Approve", default: false },
    reason: { type: "string", title: "Reason" },
  },
  required: ["approved"],
};

/** A component answers `true`, `false`, or `{approved, reason?}`. Anything else is no leave. */
function decisionIn(value: JsonValue): [boolean, string] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [value === true, ""];
  const { approved, reason } = value as { readonly [key: string]: JsonValue };
  return [approved === true, typeof reason === "string" ? reason : ""];
}

interface PlainProps {
  readonly item: ToolCallItem;
  readonly asked: JsonValue;
  readonly sent: boolean;
  readonly decide: (approved: boolean, reason: string) => void;
}

function Plain({ item, asked, sent, decide }: PlainProps) {
  const [reason, setReason] = useState("");
  const { changes, rest } = changesIn(asked);
  const id = useId();
  return (
    <section className="approval" aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        {item.agent === null ? "May this be done?" : `May ${item.agent} do this?`} <code>{spaced(item.toolName)}</code>
      </h3>
      {item.prompt !== null && <p>{item.prompt}</p>}
      {changes.map((change) => (
        <Suspense key={change.name} fallback={<div className="waiting" role="status" aria-label="Loading" />}>
          <Diff name={change.name} before={change.before} after={change.after} />
        </Suspense>
      ))}
      {rest !== null && <Data value={rest} />}
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
        <button type="button" className="primary" disabled={sent} onClick={() => decide(true, reason)}>
          Approve
        </button>
        <button type="button" disabled={sent} onClick={() => decide(false, reason)}>
          Refuse
        </button>
      </div>
    </section>
  );
}
