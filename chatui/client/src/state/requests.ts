/**
 * Who asks for what. A greeting lists the open requests as they are at its `last_seq`; events up to there, when they are
 * replayed, change nothing about it.
 */

import type {
  ChatInputAckFrame,
  ChatInputRequestFrame,
  ChatInputTimeoutFrame,
  ChatToolCallFrame,
  OpenRequest,
} from "../protocol/frames.js";
import type { Edit } from "./edit.js";
import type { PendingRequest, QuestionItem, TimelineItem } from "./types.js";

export function asked(edit: Edit, frame: ChatInputRequestFrame): void {
  const { data } = frame;
  const last = edit.next.timeline.findLast((item) => item.type === "message");
  edit.push({
    type: "question",
    key: frame.event_id,
    seq: frame.seq,
    at: frame.timestamp,
    requestId: data.request_id,
    agent: data.agent,
    prompt: data.prompt,
    schema: data.schema ?? null,
    component: data.component_type ?? null,
    expiresAt: data.expires_at ?? null,
    repeats: data.prompt.trim() === "" || data.prompt === last?.text,
    status: "open",
    response: null,
  });
  open(edit, frame.seq, {
    requestId: data.request_id,
    kind: "input",
    agent: data.agent,
    prompt: data.prompt,
    schema: data.schema ?? null,
    expiresAt: data.expires_at ?? null,
    toolName: null,
    toolCallId: null,
    component: data.component_type ?? null,
    display: null,
    payload: null,
    secretFields: [],
  });
}

export function answered(edit: Edit, frame: ChatInputAckFrame): void {
  const { data } = frame;
  edit.replace(isQuestion(data.request_id), (item) => ({
    ...item,
    status: "answered",
    response: data.response ?? null,
  }));
  close(edit, frame.seq, data.request_id);
}

export function timedOut(edit: Edit, frame: ChatInputTimeoutFrame): void {
  edit.replace(isQuestion(frame.data.request_id), (item) => ({ ...item, status: "timed_out" }));
  close(edit, frame.seq, frame.data.request_id);
}

/** A question the end of a chat left open is asked no more. */
export function unasked(item: TimelineItem): TimelineItem {
  return item.type === "question" && item.status === "open" ? { ...item, status: "dismissed" } : item;
}

export function open(edit: Edit, seq: number, request: PendingRequest): void {
  const known = edit.next.pending.some((each) => each.requestId === request.requestId);
  if (known) {
    // The greeting leaves large payloads to the event.
    edit.next.pending = edit.next.pending.map((each) => (each.requestId === request.requestId ? request : each));
  } else if (seq > edit.next.notes.greetedSeq) {
    edit.next.pending = [...edit.next.pending, request];
  }
}

export function close(edit: Edit, seq: number, requestId: string): void {
  if (seq <= edit.next.notes.greetedSeq) return;
  const rest = edit.next.pending.filter((each) => each.requestId !== requestId);
  if (rest.length < edit.next.pending.length) edit.next.pending = rest;
}

export function requestOf(frame: ChatToolCallFrame, kind: "ui_tool" | "approval"): PendingRequest {
  const { data } = frame;
  return {
    requestId: frame.event_id,
    kind,
    agent: data.agent,
    prompt: data.prompt ?? "",
    schema: data.schema ?? null,
    expiresAt: data.expires_at ?? null,
    toolName: data.tool_name,
    toolCallId: data.tool_call_id,
    component: data.component_type ?? null,
    display: data.display ?? null,
    payload: data.payload ?? null,
    secretFields: data.secret_fields ?? [],
  };
}

/** A request as a greeting lists it. */
export function listed(request: OpenRequest): PendingRequest {
  return {
    requestId: request.request_id,
    kind: request.kind,
    agent: request.agent,
    prompt: request.prompt,
    schema: request.schema ?? null,
    expiresAt: request.expires_at ?? null,
    toolName: request.tool_name ?? null,
    toolCallId: request.tool_call_id ?? null,
    component: request.component_type ?? null,
    display: request.display ?? null,
    payload: request.payload ?? null,
    secretFields: request.secret_fields ?? [],
  };
}

function isQuestion(requestId: string): (item: TimelineItem) => item is QuestionItem {
  return (item): item is QuestionItem => item.type === "question" && item.requestId === requestId;
}
