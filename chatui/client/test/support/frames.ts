/** Frames as a server would say them. */

import type { FrameByType, JsonObject, OpenRequest, ServerFrame } from "../../src/protocol/frames.js";

export const CHAT = "chat1";
const AT = Date.parse("2026-11-20T12:00:00.000Z");

type DataOf<T extends keyof FrameByType> = Omit<FrameByType[T]["data"], "kind">;

export function frame<T extends keyof FrameByType>(type: T, data: DataOf<T>, seq?: number): FrameByType[T] {
  return {
    type,
    chat_id: CHAT,
    ...(seq === undefined ? {} : { seq }),
    event_id: seq === undefined ? "unordered" : `event${seq}`,
    timestamp: new Date(AT + (seq ?? 0) * 1000).toISOString(),
    data: { kind: type.replace("chat.", ""), ...data },
  } as unknown as FrameByType[T];
}

export function said(seq: number, agent: string | null, content: string, messageId = `m${seq}`): ServerFrame {
  return frame(
    "chat.text",
    {
      agent,
      content,
      message_id: messageId,
      role: agent === null ? "user" : "assistant",
      is_visual: true,
      is_structured_capable: false,
      is_tool_agent: false,
    },
    seq,
  );
}

export function delta(offset: number, content: string, messageId = "m1", agent = "Host"): ServerFrame {
  return frame("chat.print", { agent, message_id: messageId, offset, content });
}

export function meta(lastSeq: number, more: Partial<DataOf<"chat_meta">> = {}): ServerFrame {
  return frame("chat_meta", {
    workflow_name: "Test",
    app_id: "acme",
    user_id: "ann",
    status: "waiting",
    waiting_for: "input",
    last_seq: lastSeq,
    cache_seed: 1,
    pending: [],
    last_artifact: null,
    parent_chat_id: null,
    ...more,
  });
}

export function boundary(lastSeq: number): ServerFrame {
  return frame("chat.resume_boundary", { last_seq: lastSeq, replayed_count: lastSeq, status: "waiting" });
}

export function asked(seq: number, prompt = "Well?"): ServerFrame {
  return frame("chat.input_request", { request_id: `event${seq}`, prompt, agent: "Host" }, seq);
}

export function called(seq: number, id: string, more: Partial<DataOf<"chat.tool_call">> = {}): ServerFrame {
  return frame(
    "chat.tool_call",
    { tool_name: "look_up", tool_call_id: id, corr: id, agent: "Host", awaiting_response: false, ...more },
    seq,
  );
}

export function responded(seq: number, id: string, content: JsonObject = { found: true }): ServerFrame {
  return frame(
    "chat.tool_response",
    { tool_name: "look_up", tool_call_id: id, corr: id, agent: "Host", success: true, status: "ok", content },
    seq,
  );
}

export function began(seq: number, runNo: number): ServerFrame {
  return frame("chat.run_start", { workflow_name: "Test", run_no: runNo }, seq);
}

export function ended(seq: number, runNo: number, status = "waiting"): ServerFrame {
  return frame(
    "chat.run_complete",
    { result: null, status, turns: 1, usage: { model_calls: 1 }, duration_ms: 5, run_no: runNo },
    seq,
  );
}

/** A log of a chat with everything a conversation has. */
export function conversation(): ServerFrame[] {
  return [
    frame("chat.hidden", {}, 1),
    began(2, 1),
    frame("chat.select_speaker", { agent: "Host" }, 3),
    said(4, "Host", "Welcome! 👋"),
    frame(
      "chat.usage_delta",
      {
        agent: "Host",
        model: "small",
        prompt_tokens: 10,
        completion_tokens: 4,
        cached_tokens: 0,
        total_tokens: 14,
      } as DataOf<"chat.usage_delta">,
      5,
    ),
    asked(6, "Welcome! 👋"),
    ended(7, 1),
    frame("chat.input_ack", { request_id: "event6", client_message_id: "mine" }, 8),
    said(9, null, "Where is my order?", "mine"),
    began(10, 2),
    frame("chat.select_speaker", { agent: "Clerk" }, 11),
    called(12, "call_1", { agent: "Clerk", arguments: { order: "A" } }),
    responded(13, "call_1"),
    frame("context_update", { variable: "stage", value: "found" }, 14),
    called(15, "call_2", {
      agent: "Clerk",
      tool_name: "plan",
      awaiting_response: true,
      interaction_type: "ui_tool",
      component_type: "Plan",
      display: "artifact",
      payload: { title: "Delivery" },
    }),
    ended(16, 2),
  ];
}

/** A request as a greeting lists it, of an agent that is not shown. */
export function open(more: Partial<OpenRequest>): OpenRequest {
  return {
    request_id: "secret",
    kind: "ui_tool",
    agent: null,
    prompt: "",
    schema: null,
    expires_at: null,
    tool_name: null,
    tool_call_id: null,
    component_type: null,
    display: null,
    payload: null,
    secret_fields: [],
    ...more,
  };
}
