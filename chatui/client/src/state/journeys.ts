/** Journeys and child chats. */

import type { JsonObject, JsonValue } from "../protocol/frames.js";
import { isObject, numberAt, textAt } from "../protocol/json.js";
import type { Edit } from "./edit.js";
import type { ChildChat, Journey, JourneyMember } from "./types.js";

/** An event of these goes into the timeline as it came. */
export const NOTICES: ReadonlySet<string> = new Set([
  "chat.context_switched",
  "chat.prereq_blocked",
  "chat.workflow_batch_started",
  "chat.workflow_child_completed",
  "chat.workflow_resumed",
  "chat.workflow_started",
  "oauth_completed",
]);

export function journeyOf(data: JsonValue | undefined): Journey | null {
  if (!isObject(data)) return null;
  const journeyRunId = textAt(data, "journey_run_id");
  if (journeyRunId === null) return null;
  return {
    journeyRunId,
    journeyId: textAt(data, "journey_id") ?? "",
    status: textAt(data, "status") ?? "running",
    group: numberAt(data, "group") ?? 0,
    groups: numberAt(data, "groups") ?? 0,
    completed: numberAt(data, "completed") ?? 0,
    total: numberAt(data, "total") ?? 0,
    members: membersOf(data.members),
  };
}

export function noticed(edit: Edit, event: string, data: JsonObject): void {
  if (event === "chat.workflow_batch_started") {
    const listed = [data.children, data.chats, data.workflows, data.runs].find(Array.isArray);
    const children = membersOf(listed).flatMap((each): ChildChat[] =>
      each.chatId === null ? [] : [{ chatId: each.chatId, workflowName: each.workflowName, status: each.status }],
    );
    const known = new Set(children.map((each) => each.chatId));
    edit.next.children = [...edit.next.children.filter((each) => !known.has(each.chatId)), ...children];
  }
  if (event === "chat.workflow_child_completed") {
    const chatId = textAt(data, "child_chat_id") ?? textAt(data, "chat_id");
    const status = textAt(data, "status") ?? (data.success === false ? "failed" : "completed");
    edit.next.children = edit.next.children.map((each) => (each.chatId === chatId ? { ...each, status } : each));
  }
}

function membersOf(value: JsonValue | undefined): JourneyMember[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((each) => ({
    workflowName: textAt(each, "workflow_name") ?? textAt(each, "name") ?? "",
    chatId: textAt(each, "chat_id") ?? textAt(each, "child_chat_id"),
    status: textAt(each, "status") ?? "open",
  }));
}
