/** The state of a chat from what the server says: durable events in order and each once, the others as they come. */

import type {
  ChatErrorData,
  ChatRunCompleteFrame,
  ChatSelectSpeakerFrame,
  ChatStatus,
  ChatTextFrame,
  JsonObject,
  ServerFrame,
} from "../protocol/frames.js";
import { seqOf, unpacked } from "../protocol/wire.js";
import { print, retire } from "./deltas.js";
import { Edit } from "./edit.js";
import { greeted } from "./greeting.js";
import { childEnded, journeyOf, resumed, spawned } from "./journeys.js";
import { answered, asked, timedOut, unasked } from "./requests.js";
import { abandoned, called, completed, dismissed, progressed, responded } from "./tool-calls.js";
import type { ChatState, Problem } from "./types.js";
import { added } from "./usage.js";

const MOST_ERRORS = 50;
const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled", "timed_out"]);

/** The next state. The same object, if the frames say nothing new; types that are not known are counted only. */
export function reduce(state: ChatState, frames: readonly ServerFrame[]): ChatState {
  if (frames.length === 0) return state;
  const edit = new Edit(state);
  for (const frame of frames.flatMap(unpacked)) {
    apply(edit, frame);
    const { seq } = frame as { seq?: number };
    if (seq !== undefined && seq > edit.next.lastSeq) edit.next.lastSeq = seq;
  }
  return edit.changed ? edit.next : state;
}

function apply(edit: Edit, frame: ServerFrame): void {
  const { next } = edit;
  switch (frame.type) {
    case "chat_meta":
      return greeted(edit, frame.data);
    case "chat.resume_boundary":
      next.caughtUp = true;
      return;
    case "chat.run_start":
      // A replay of a run that is over changes nothing.
      if (frame.seq > next.notes.greetedSeq) {
        next.status = "running";
        next.waitingFor = null;
        // Nobody is shown how a request of an agent that is not shown ends; but then the chat goes on.
        if (next.pending.some((each) => each.agent === null)) {
          next.pending = next.pending.filter((each) => each.agent !== null);
        }
      }
      if (next.status === "running") next.run = { runNo: frame.data.run_no, startedAt: frame.timestamp };
      return;
    case "chat.run_complete":
      return ended(edit, frame);
    case "chat.select_speaker":
      return spoke(edit, frame);
    case "chat.print":
      return print(edit, frame.data);
    case "chat.text":
      return said(edit, frame);
    case "chat.input_request":
      return asked(edit, frame);
    case "chat.input_ack":
      return answered(edit, frame);
    case "chat.input_timeout":
      return timedOut(edit, frame);
    case "chat.tool_call":
      return called(edit, frame);
    case "tool_progress":
      return progressed(edit, frame);
    case "chat.tool_response":
      return responded(edit, frame);
    case "chat.ui_tool_complete":
      return completed(edit, frame);
    case "chat.ui_tool_dismiss":
      return dismissed(edit, frame);
    case "chat.structured_output_ready":
      edit.push({
        type: "structured_output",
        key: frame.event_id,
        seq: frame.seq,
        at: frame.timestamp,
        agent: frame.data.agent,
        modelName: frame.data.model_name,
        data: frame.data.structured_data,
        autoTool: frame.data.auto_tool_mode,
      });
      return;
    case "chat.usage_delta":
      next.usage = added(next.usage, frame.data);
      return;
    case "context_update":
      next.context = { ...next.context, [frame.data.variable]: frame.data.value };
      return;
    case "component_action_ack":
      next.context = { ...next.context, ...frame.data.applied };
      return;
    case "chat.error": {
      const problem = problemOf(frame.data);
      edit.push({ type: "error", key: frame.event_id, seq: frame.seq, at: frame.timestamp, problem });
      next.errors = [...next.errors, problem].slice(-MOST_ERRORS);
      return;
    }
    case "error":
      next.errors = [...next.errors, problemOf(frame.data)].slice(-MOST_ERRORS);
      return;
    case "chat.journey_progress":
      next.journey = journeyOf(frame.data);
      return;
    case "chat.workflow_batch_started":
      spawned(edit, frame);
      return notice(edit, frame);
    case "chat.workflow_child_completed":
      childEnded(edit, frame);
      return notice(edit, frame);
    case "chat.workflow_resumed":
      resumed(edit, frame);
      return notice(edit, frame);
    case "chat.context_switched":
    case "oauth_completed":
      return notice(edit, frame);
    default:
      return; // Newer types are counted and passed over.
  }
}

function said(edit: Edit, frame: ChatTextFrame): void {
  const { data } = frame;
  retire(edit, data.message_id);
  edit.meet(data.agent);
  edit.push({
    type: "message",
    key: frame.event_id,
    seq: frame.seq,
    at: frame.timestamp,
    messageId: data.message_id,
    role: data.role,
    agent: data.agent,
    text: data.content,
    hidden: !data.is_visual,
    ...(data.structured_output === undefined ? {} : { structuredOutput: data.structured_output }),
  });
}

function spoke(edit: Edit, frame: ChatSelectSpeakerFrame): void {
  const { agent } = frame.data;
  const from = edit.next.notes.lastSpeaker;
  edit.next.speaker = agent;
  if (agent === null) return;
  edit.meet(agent);
  if (from !== null && from !== agent) {
    edit.push({ type: "handoff", key: frame.event_id, seq: frame.seq, at: frame.timestamp, from, agent });
  }
  if (from !== agent) edit.note({ lastSpeaker: agent });
}

function ended(edit: Edit, frame: ChatRunCompleteFrame): void {
  const { next } = edit;
  const { data } = frame;
  edit.push({
    type: "run_end",
    key: frame.event_id,
    seq: frame.seq,
    at: frame.timestamp,
    runNo: data.run_no,
    status: data.status,
    result: data.result,
    turns: data.turns,
    usage: data.usage,
    durationMs: data.duration_ms,
  });
  next.run = null;
  next.speaker = null;
  if (next.draft !== null) retire(edit, next.draft.messageId);
  const over = ENDED.has(data.status);
  if (over) edit.replaceAll((item) => abandoned(unasked(item)));
  if (frame.seq <= next.notes.greetedSeq) return;
  next.status = data.status as ChatStatus;
  if (over && next.pending.length > 0) next.pending = [];
  const children = next.children.some((each) => each.status === "open");
  next.waitingFor = data.status === "waiting" ? (next.pending[0]?.kind ?? (children ? "children" : null)) : null;
}

/** Goes into the timeline as it came. */
function notice(edit: Edit, frame: ServerFrame): void {
  const seq = seqOf(frame);
  if (seq === undefined) return;
  const { type, event_id: key, timestamp: at } = frame;
  edit.push({ type: "notice", key, seq, at, event: type, data: frame.data as unknown as JsonObject });
}

function problemOf(data: ChatErrorData): Problem {
  const { code, message, severity, retryable, details } = data;
  return { code, message, severity, retryable, details };
}
