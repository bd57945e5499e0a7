/** A chat's log as spans of time: runs, in them slices and turns, in these model calls, tools and waits. */

import type { JsonValue, models, ServerFrame } from "@mozaiks/client";

export type SpanKind = "run" | "slice" | "turn" | "model" | "tool" | "wait" | "error";

export interface Span {
  readonly key: string;
  readonly kind: SpanKind;
  readonly name: string;
  /** 0 for a run, 1 for what is in it, 2 for what is in a turn. */
  readonly depth: number;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Null while it lasts. */
  readonly end: number | null;
  readonly seq: number;
  readonly facts: readonly string[];
  readonly bad: boolean;
}

type Open = { -readonly [Key in keyof Span]: Span[Key] };
type Data = Readonly<Record<string, JsonValue | undefined>>;

export function spansOf(frames: readonly ServerFrame[], slices: readonly models.TracedSlice[] = []): readonly Span[] {
  const spans: Open[] = [];
  let run: Open | null = null;
  let turn: Open | null = null;
  /** Since when the model may have been at work. */
  let quietSince = 0;
  const tools = new Map<string, Open>();
  const waits = new Map<string, Open>();

  const begin = (kind: SpanKind, name: string, depth: number, start: number, frame: { seq: number }): Open => {
    const span: Open = {
      key: `${frame.seq}-${spans.length}`,
      kind,
      name,
      depth,
      start,
      end: null,
      seq: frame.seq,
      facts: [],
      bad: false,
    };
    spans.push(span);
    return span;
  };
  const close = (span: Open | null | undefined, end: number, ...facts: string[]): void => {
    if (!span || span.end !== null) return;
    span.end = end;
    span.facts = [...span.facts, ...facts];
  };

  for (const frame of frames) {
    const { type, seq, timestamp } = frame as { type: string; seq?: number; timestamp: string };
    if (seq === undefined) continue;
    const at = Date.parse(timestamp);
    const data = frame.data as unknown as Data;
    const here = { seq };
    switch (type) {
      case "chat.run_start":
        run = begin("run", `Run ${text(data.run_no)}`, 0, at, here);
        turn = null;
        quietSince = at;
        break;
      case "chat.select_speaker":
        close(turn, at);
        turn = begin("turn", text(data.agent) || "An agent that is not shown", 1, at, here);
        quietSince = at;
        break;
      case "chat.usage_delta": {
        // Calls of an earlier version do not tell how long they took: no longer than nothing else was said.
        const since = typeof data.duration_ms === "number" ? at - data.duration_ms : quietSince || at;
        const call = begin("model", text(data.model) || "model", turn === null ? 1 : 2, since, here);
        const cost = data.cost_usd;
        close(
          call,
          at,
          `${text(data.prompt_tokens)} + ${text(data.completion_tokens)} tokens`,
          typeof cost === "number" ? `$${cost.toFixed(4)}` : "not priced",
        );
        quietSince = at;
        break;
      }
      case "chat.tool_call": {
        const asks = data.awaiting_response === true;
        const span = begin("tool", text(data.tool_name), turn === null ? 1 : 2, at, here);
        tools.set(text(data.tool_call_id), span);
        if (asks) {
          const name = data.interaction_type === "approval" ? "Waits for approval" : "Waits for an answer";
          waits.set(String((frame as { event_id?: string }).event_id), begin("wait", name, span.depth + 1, at, here));
        }
        break;
      }
      case "chat.tool_response": {
        const span = tools.get(text(data.tool_call_id));
        close(span, at, text(data.status));
        if (span) span.bad = data.success === false;
        quietSince = at;
        break;
      }
      case "chat.workflow_batch_started": {
        const children = Array.isArray(data.children) ? data.children.length : 0;
        close(turn, at);
        turn = null;
        waits.set(text(data.batch_id), begin("wait", `Waits for ${children} child chats`, 1, at, here));
        break;
      }
      case "chat.workflow_resumed":
        close(waits.get(text(data.batch_id)), at, `${text(data.completed)} of ${text(data.total)} completed`);
        quietSince = at;
        break;
      case "chat.ui_tool_complete":
      case "chat.ui_tool_dismiss":
        close(waits.get(text(data.request_id)), at, text(data.status ?? data.reason));
        break;
      case "chat.input_request":
        waits.set(text(data.request_id), begin("wait", "Waits for the user", 1, at, here));
        break;
      case "chat.input_ack":
      case "chat.input_timeout":
        close(waits.get(text(data.request_id)), at);
        break;
      case "chat.error": {
        const span = begin("error", text(data.code), turn === null ? 1 : 2, at, here);
        span.bad = true;
        close(span, at, text(data.message));
        break;
      }
      case "chat.run_complete":
        close(turn, at);
        close(run, at, text(data.status), `${text(data.turns)} turns`);
        if (run) run.bad = data.status === "failed" || data.status === "timed_out";
        turn = null;
        run = null;
        break;
    }
  }
  return withSlices(spans, slices);
}

const OUTCOMES: Readonly<Record<string, string>> = {
  continue: "goes on in the next",
  backoff: "lets the model rest",
  children: "waits for child chats",
  waiting: "the chat waits",
  completed: "the chat is completed",
  cancelled: "the chat is cancelled",
  failed: "the run failed",
  lost: "its worker was lost",
};

/** Each slice within its run, before what happened in it. */
function withSlices(spans: readonly Span[], slices: readonly models.TracedSlice[]): readonly Span[] {
  const all = [...spans];
  slices.forEach((slice, index) => {
    const start = Date.parse(slice.began_at);
    const next = slices[index + 1];
    const lost = slice.outcome === "lost";
    // Of one that was lost nobody knows when; it was over when the next one began.
    const over = lost && next !== undefined ? next.began_at : slice.ended_at;
    const span: Span = {
      key: `slice-${slice.run_no}-${slice.number}`,
      kind: "slice",
      name: `Slice ${slice.number}`,
      depth: 1,
      start,
      end: over === null ? (lost ? start : null) : Math.max(start, Date.parse(over)),
      seq: 0,
      facts: [
        slice.outcome === null ? "goes on" : (OUTCOMES[slice.outcome] ?? slice.outcome),
        slice.model_calls > 0 ? `models ${(slice.model_ms / 1000).toFixed(1)} s` : "",
      ],
      bad: lost || slice.outcome === "failed",
    };
    all.splice(placeOf(all, span), 0, span);
  });
  return all;
}

function placeOf(spans: readonly Span[], slice: Span): number {
  // A slice begins a moment before it says that its run has begun.
  let place = spans.findIndex((span) => span.depth <= 1 && span.kind !== "wait" && span.start >= slice.start);
  if (place === -1) return spans.length;
  if (spans[place]?.kind === "run") place += 1;
  while (spans[place]?.kind === "slice" && (spans[place]?.start ?? 0) <= slice.start) place += 1;
  return place;
}

function text(value: JsonValue | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}
