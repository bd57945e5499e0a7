/** The rows of a conversation: what is drawn, in order, from what the client knows. */

import type { ChatState, Draft, HandoffItem, Outgoing, TimelineItem } from "@mozaiks/client";

export type Row =
  | {
      readonly kind: "item";
      readonly key: string;
      readonly item: Exclude<TimelineItem, HandoffItem>;
      readonly named: boolean;
    }
  | { readonly kind: "handoff"; readonly key: string; readonly item: HandoffItem }
  | { readonly kind: "draft"; readonly key: string; readonly draft: Draft; readonly named: boolean }
  | { readonly kind: "outgoing"; readonly key: string; readonly outgoing: Outgoing }
  | { readonly kind: "working"; readonly key: string; readonly agent: string | null };

export function rowsOf(state: ChatState): Row[] {
  const rows: Row[] = [];
  let speaker: string | null | undefined;
  for (const item of state.timeline) {
    if (!isDrawn(item)) continue;
    if (item.type === "handoff") {
      rows.push({ kind: "handoff", key: item.key, item });
      continue;
    }
    const agent = item.type === "message" ? (item.role === "user" ? null : item.agent) : undefined;
    rows.push({ kind: "item", key: item.key, item, named: item.type === "message" && agent !== speaker });
    if (item.type === "message") speaker = agent;
  }
  const { draft } = state;
  if (draft !== null) {
    // The same key as the message it becomes: the row stays where it is and is not drawn anew.
    rows.push({ kind: "draft", key: draft.messageId, draft, named: draft.agent !== speaker });
  }
  for (const outgoing of state.outgoing) {
    if (outgoing.kind === "message") rows.push({ kind: "outgoing", key: outgoing.id, outgoing });
  }
  if (draft === null && state.status === "running" && !hasRunningTool(state)) {
    rows.push({ kind: "working", key: "working", agent: state.speaker });
  }
  return rows;
}

function hasRunningTool({ timeline }: ChatState): boolean {
  const last = timeline.at(-1);
  return last?.type === "tool_call" && last.status === "running";
}

function isDrawn(item: TimelineItem): boolean {
  switch (item.type) {
    case "question":
      return !item.repeats && (item.prompt !== "" || item.schema !== null || item.component !== null);
    case "run_end":
      return item.status !== "waiting" && item.status !== "running";
    case "structured_output":
      return !item.autoTool;
    case "message":
      return item.text !== "" || item.structuredOutput !== undefined;
    default:
      return true;
  }
}
