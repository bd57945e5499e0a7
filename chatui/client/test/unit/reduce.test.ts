import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ServerFrame } from "../../src/protocol/frames.js";
import { seqOf } from "../../src/protocol/wire.js";
import { InOrder } from "../../src/socket/order.js";
import { initialState } from "../../src/state/initial.js";
import { reduce } from "../../src/state/reduce.js";
import type { ChatState, ToolCallItem } from "../../src/state/types.js";
import {
  asked,
  began,
  boundary,
  CHAT,
  called,
  conversation,
  delta,
  ended,
  frame,
  meta,
  open,
  responded,
  said,
} from "../support/frames.js";

function told(...frames: ServerFrame[]): ChatState {
  return reduce(initialState(CHAT), frames);
}

function call(state: ChatState): ToolCallItem {
  const item = state.timeline.findLast((each) => each.type === "tool_call");
  if (item?.type !== "tool_call") throw new Error("there is no tool call");
  return item;
}

const waiting = { awaiting_response: true, interaction_type: "ui_tool", component_type: "Plan" } as const;

describe("the state of a chat", () => {
  it("tells a conversation in order", () => {
    const state = told(...conversation());
    expect(state.timeline.map((item) => item.type)).toEqual([
      "message",
      "question",
      "run_end",
      "message",
      "handoff",
      "tool_call",
      "tool_call",
      "run_end",
    ]);
    expect(state.lastSeq).toBe(16);
    expect(state.agents).toEqual(["Host", "Clerk"]);
    expect(state.context).toEqual({ stage: "found" });
    expect(state.usage).toMatchObject({ totalTokens: 14, modelCalls: 1, costUsd: null, byAgent: { Host: 14 } });
    expect(state.pending.map((each) => each.requestId)).toEqual(["event15"]);
    expect([state.status, state.waitingFor]).toEqual(["waiting", "ui_tool"]);
    expect(state.artifact).toMatchObject({ component: "Plan", payload: { title: "Delivery" } });
  });

  it("is the same however the frames are delivered", () => {
    const log = conversation();
    const whole = told(...log);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: log.length - 1 }), { maxLength: 50 }), (places) => {
        const order = new InOrder();
        let state = initialState(CHAT);
        for (const place of places) state = reduce(state, order.accept(log[place] as ServerFrame));
        for (const each of log) state = reduce(state, order.accept(each));
        expect(state).toEqual(whole);
      }),
    );
  });

  it("is the same object where nothing was said", () => {
    const state = told(...conversation());
    expect(reduce(state, [frame("pong", {})])).toBe(state);
    expect(reduce(state, [])).toBe(state);
  });

  it("keeps what did not change", () => {
    const state = told(...conversation());
    const next = reduce(state, [delta(0, "Hi", "new")]);
    expect(next).not.toBe(state);
    expect(next.timeline).toBe(state.timeline);
    const later = reduce(next, [said(17, "Clerk", "Hi there", "new")]);
    expect(later.timeline[0]).toBe(state.timeline[0]);
    expect(state.timeline).toHaveLength(8);
  });

  it("counts types it does not know, and hidden ones", () => {
    const unknown = { ...frame("chat.hidden", {}, 1), type: "chat.something_new" } as unknown as ServerFrame;
    expect(told(unknown, frame("chat.hidden", {}, 2)).lastSeq).toBe(2);
  });

  it("takes a batch apart", () => {
    const batch = frame("chat.batch", { events: conversation() });
    expect(told(batch)).toEqual(told(...conversation()));
  });

  it("follows a run from its beginning to its end", () => {
    const running = told(began(1, 1), frame("chat.select_speaker", { agent: "Host" }, 2));
    expect([running.status, running.run?.runNo, running.speaker]).toEqual(["running", 1, "Host"]);
    const over = reduce(running, [ended(3, 1, "completed")]);
    expect([over.status, over.run, over.speaker]).toEqual(["completed", null, null]);
  });

  it("says nothing of an agent that is not shown", () => {
    const state = told(frame("chat.select_speaker", { agent: null }, 1));
    expect([state.speaker, state.agents, state.timeline]).toEqual([null, [], []]);
  });
});

describe("a greeting", () => {
  it("decides what is open: a replay of older events changes nothing", () => {
    const state = told(meta(7, { status: "running", waiting_for: null }), asked(1), said(2, null, "Yes"));
    expect([state.status, state.pending]).toEqual(["running", []]);
  });

  it("lists requests that no event shows", () => {
    expect(told(meta(1, { pending: [open({})] })).pending.map((each) => each.requestId)).toEqual(["secret"]);
  });

  it("lists requests that are over when the chat goes on, though no event shows it", () => {
    const greeted = meta(1, { pending: [open({})] });
    expect(told(greeted, frame("chat.hidden", {}, 2), began(3, 2)).pending).toEqual([]);
  });

  it("leaves large payloads to the event that asked", () => {
    const listed = open({ request_id: "event1", agent: "Host", tool_call_id: "c", oversize: true });
    const state = told(meta(1, { pending: [listed] }), called(1, "c", { ...waiting, payload: { long: "text" } }));
    expect(state.pending[0]?.payload).toEqual({ long: "text" });
  });

  it("that is older than what was heard since does not decide", () => {
    const state = told(asked(1), meta(0, { status: "running", waiting_for: null }));
    expect(state.pending).toHaveLength(1);
  });

  it("shows the artifact before the log has come", () => {
    const shown = { event_id: "event1", tool_name: "plan", component: "Plan", seq: 1, payload: { title: "T" } };
    expect(told(meta(1, { last_artifact: shown })).artifact).toMatchObject({ payload: { title: "T" }, seq: 1 });
  });

  it("is over with the boundary", () => {
    expect(told(meta(0)).caughtUp).toBe(false);
    expect(told(meta(0), boundary(0)).caughtUp).toBe(true);
  });
});

describe("a call of a tool", () => {
  it("is one item from the call to its result", () => {
    const state = told(called(1, "c", { arguments: { a: 1 } }), responded(3, "c"));
    expect(state.timeline).toHaveLength(1);
    expect(call(state)).toMatchObject({ status: "ok", result: { found: true }, arguments: { a: 1 }, durationMs: 2000 });
  });

  it("tells how far it has come", () => {
    const progress = frame("tool_progress", {
      tool_name: "look_up",
      tool_call_id: "c",
      progress_percent: 50,
      status_message: "Half",
    });
    expect(call(told(called(1, "c"), progress)).progress).toEqual({ percent: 50, message: "Half" });
  });

  it("waits for a person, and stops asking when another tab answers", () => {
    const open = told(called(1, "c", waiting));
    expect([call(open).status, open.pending[0]?.kind]).toEqual(["waiting", "ui_tool"]);
    const done = reduce(open, [
      frame(
        "chat.ui_tool_complete",
        { request_id: "event1", eventId: "event1", tool_name: "look_up", tool_call_id: "c", status: "completed" },
        2,
      ),
    ]);
    expect([call(done).status, done.pending]).toEqual(["answered", []]);
  });

  it("is the same item when it is approved and then runs", () => {
    const approval = { awaiting_response: true, interaction_type: "approval", payload: { amount: 12 } } as const;
    const state = told(
      called(1, "c", approval),
      frame(
        "chat.ui_tool_complete",
        { request_id: "event1", eventId: "event1", tool_name: "look_up", tool_call_id: "c", status: "approved" },
        2,
      ),
      called(3, "c", { arguments: { amount: 12 } }),
      responded(4, "c"),
    );
    expect(state.timeline).toHaveLength(1);
    expect(call(state)).toMatchObject({ status: "ok", interaction: "approval", requestId: "event1", key: "event1" });
  });

  it("is dismissed with a chat that ends before the answer", () => {
    const state = told(called(1, "c", waiting), ended(2, 1, "cancelled"));
    expect([call(state).status, state.pending]).toEqual(["dismissed", []]);
  });
});

describe("a question", () => {
  it("that repeats the message before it is marked so", () => {
    const state = told(said(1, "Host", "How are you?"), asked(2, "How are you?"), asked(3, "And now?"));
    expect(state.timeline.map((item) => item.type === "question" && item.repeats)).toEqual([false, true, false]);
  });

  it("is answered, or timed out", () => {
    const acked = frame("chat.input_ack", { request_id: "event1", client_message_id: "m", response: "Friday" }, 2);
    expect(told(asked(1), acked).timeline[0]).toMatchObject({ status: "answered", response: "Friday" });
    const late = frame("chat.input_timeout", { request_id: "event1", request_kind: "input", on_timeout: "default" }, 2);
    const state = told(asked(1), late);
    expect(state.timeline[0]).toMatchObject({ status: "timed_out" });
    expect(state.pending).toEqual([]);
  });
});

describe("what goes wrong", () => {
  it("stands in the timeline and in the list of errors", () => {
    const error = {
      code: "HOOK_FAILED",
      message: "no weather",
      severity: "warning",
      retryable: false,
      details: {},
    } as const;
    const state = told(frame("chat.error", error, 1));
    expect(state.timeline[0]).toMatchObject({ type: "error", problem: { code: "HOOK_FAILED" } });
    expect(state.errors).toHaveLength(1);
  });
});

describe("a journey", () => {
  it("says where it stands", () => {
    const progress = {
      journey_run_id: "r1",
      journey_id: "onboarding",
      status: "running",
      group: 1,
      groups: 3,
      completed: 1,
      total: 4,
      members: [{ workflow_name: "Build", chat_id: null, status: "pending" }],
    } as const;
    expect(told(frame("chat.journey_progress", progress, 1)).journey).toMatchObject({
      journeyId: "onboarding",
      group: 1,
      members: [{ workflowName: "Build", chatId: null, status: "pending" }],
    });
    expect(told(meta(0, { journey: progress })).journey?.total).toBe(4);
  });
});

describe("child chats", () => {
  const children = [
    { chat_id: "one", workflow_name: "A", status: "open" },
    { chat_id: "two", workflow_name: "B", status: "open" },
  ] as const;
  const batch = { batch_id: "b", children, skipped: [] };

  it("are listed, and end one by one", () => {
    const done = { batch_id: "b", chat_id: "one", workflow_name: "A", status: "completed", error: null } as const;
    const state = told(
      frame("chat.workflow_batch_started", batch, 1),
      ended(2, 1),
      frame("chat.workflow_child_completed", { ...done, ended: 1, total: 2 }, 3),
    );
    expect(state.children.map((each) => [each.chatId, each.status])).toEqual([
      ["one", "completed"],
      ["two", "open"],
    ]);
    expect(state.waitingFor).toBe("children");
    expect(state.timeline.map((item) => item.type)).toEqual(["notice", "run_end", "notice"]);
  });

  it("are none of those that a client's frame began", () => {
    expect(told(frame("chat.workflow_batch_started", batch)).children).toEqual([]);
  });
});

describe("what a chat costs", () => {
  const tokens = { prompt_tokens: 1, completion_tokens: 1, cached_tokens: 0, total_tokens: 2 };
  const call = (seq: number, more: object) =>
    frame("chat.usage_delta", { agent: "Host", model: "small", ...tokens, ...more } as never, seq);

  it("is the sum of what has a price, and names what has none", () => {
    const { usage } = told(
      call(1, { cost_usd: 0.5 }),
      call(2, { cost_usd: 0.25 }),
      call(3, { model: "odd", cost_usd: null, unpriced_models: ["odd"] }),
    );
    expect(usage).toMatchObject({ costUsd: 0.75, unpricedModels: ["odd"], modelCalls: 3, totalTokens: 6 });
  });

  it("is not known where the backend does not say", () => {
    expect(told(call(1, {})).usage).toMatchObject({ costUsd: null, unpricedModels: [] });
  });
});

describe("a long chat", () => {
  it("of 2,000 messages is replayed in one go without copying its list for each", () => {
    const log = Array.from({ length: 2000 }, (_, place) => said(place + 1, "Host", `message ${place}`));
    const state = told(...log);
    expect(state.timeline).toHaveLength(2000);
    expect(seqOf(log[1999] as ServerFrame)).toBe(state.lastSeq);
  });
});
