/** Calls of tools, from the call over questions to a person to the result. All events of a call are one item. */

import type {
  ChatToolCallFrame,
  ChatToolResponseFrame,
  ChatUiToolCompleteFrame,
  ChatUiToolDismissFrame,
  ToolProgressFrame,
} from "../protocol/frames.js";
import { isObject } from "../protocol/json.js";
import type { Edit } from "./edit.js";
import { close, open, requestOf } from "./requests.js";
import type { Artifact, TimelineItem, ToolCallItem } from "./types.js";

export function called(edit: Edit, frame: ChatToolCallFrame): void {
  const { data } = frame;
  edit.meet(data.agent);
  const asks = data.awaiting_response ? (data.interaction_type ?? "ui_tool") : null;
  const news = {
    toolName: data.tool_name,
    agent: data.agent,
    payload: data.payload ?? null,
    component: data.component_type ?? null,
    display: data.display ?? null,
    interaction: asks,
    prompt: data.prompt ?? null,
    schema: data.schema ?? null,
    secretFields: data.secret_fields ?? [],
    expiresAt: data.expires_at ?? null,
    status: asks !== null ? "waiting" : data.component_type ? "shown" : "running",
  } as const;
  const known = edit.replace(isCall(data.tool_call_id), (item) => ({
    ...item,
    ...news,
    interaction: asks ?? item.interaction,
    arguments: data.arguments ?? item.arguments,
    requestId: asks === null ? item.requestId : frame.event_id,
  }));
  if (!known) {
    edit.push({
      type: "tool_call",
      key: frame.event_id,
      seq: frame.seq,
      at: frame.timestamp,
      toolCallId: data.tool_call_id,
      arguments: data.arguments ?? (asks === "approval" && isObject(data.payload) ? data.payload : null),
      requestId: asks === null ? null : frame.event_id,
      result: null,
      progress: null,
      durationMs: null,
      ...news,
    });
  }
  if (asks !== null) open(edit, frame.seq, requestOf(frame, asks));
  if (data.display === "artifact") show(edit, frame);
}

export function responded(edit: Edit, frame: ChatToolResponseFrame): void {
  const { data } = frame;
  edit.replace(isCall(data.tool_call_id), (item) => ({
    ...item,
    status: data.status,
    result: data.content,
    durationMs: Math.max(0, Date.parse(frame.timestamp) - Date.parse(item.at)),
  }));
}

export function progressed(edit: Edit, frame: ToolProgressFrame): void {
  const { data } = frame;
  edit.replace(isCall(data.tool_call_id), (item) => ({
    ...item,
    progress: { percent: data.progress_percent, message: data.status_message },
  }));
}

export function completed(edit: Edit, frame: ChatUiToolCompleteFrame): void {
  const { data } = frame;
  const status = { completed: "answered", approved: "approved", denied: "denied", timed_out: "timeout" } as const;
  edit.replace(isCall(data.tool_call_id), (item) => ({ ...item, status: status[data.status] ?? "answered" }));
  close(edit, frame.seq, data.request_id);
}

export function dismissed(edit: Edit, frame: ChatUiToolDismissFrame): void {
  edit.replace(isCall(frame.data.tool_call_id), (item) => ({ ...item, status: "dismissed" }));
  close(edit, frame.seq, frame.data.request_id);
}

/** A call that the end of a chat left without a result has none to come. */
export function abandoned(item: TimelineItem): TimelineItem {
  const open = item.type === "tool_call" && ["running", "waiting", "answered", "approved"].includes(item.status);
  return open ? { ...item, status: "dismissed" } : item;
}

function show(edit: Edit, frame: ChatToolCallFrame): void {
  const artifact: Artifact = {
    eventId: frame.event_id,
    toolName: frame.data.tool_name,
    component: frame.data.component_type ?? null,
    agent: frame.data.agent,
    payload: frame.data.payload ?? frame.data.arguments ?? null,
    seq: frame.seq,
    at: frame.timestamp,
  };
  edit.next.artifacts = [...edit.next.artifacts, artifact];
  if (edit.next.artifact === null || edit.next.artifact.seq <= artifact.seq) edit.next.artifact = artifact;
}

function isCall(toolCallId: string): (item: TimelineItem) => item is ToolCallItem {
  return (item): item is ToolCallItem => item.type === "tool_call" && item.toolCallId === toolCallId;
}
