/** What a page draws. Values are never changed in place: what is the same object says the same. */

import type { ChatStatus, JsonObject, JsonValue } from "../protocol/frames.js";

export interface ChatState {
  readonly chatId: string;
  readonly connection: ConnectionState;
  /** Whether everything that was missed has come since the last connect. */
  readonly caughtUp: boolean;
  /** `seq` of the last event in this state. */
  readonly lastSeq: number;
  readonly workflowName: string | null;
  readonly appId: string | null;
  readonly userId: string | null;
  readonly cacheSeed: number | null;
  /** The chat whose agent began this one. */
  readonly parentChatId: string | null;
  /** Null until the server has greeted. */
  readonly status: ChatStatus | null;
  readonly waitingFor: WaitingFor | null;
  /** The run that is going. */
  readonly run: { readonly runNo: number; readonly startedAt: string } | null;
  /** Whose turn it is; null for nobody, and for an agent that is not shown. */
  readonly speaker: string | null;
  /** Agents that were heard of, in the order of their first appearance. */
  readonly agents: readonly string[];
  /** What happened, in order. */
  readonly timeline: readonly TimelineItem[];
  /** The message that is being written. Drawn after the timeline. */
  readonly draft: Draft | null;
  /** What was sent and is not confirmed. Messages are drawn after the timeline. */
  readonly outgoing: readonly Outgoing[];
  /** Who asks for what. Shown until they are answered. */
  readonly pending: readonly PendingRequest[];
  /** What was shown in the artifact panel, oldest first. */
  readonly artifacts: readonly Artifact[];
  /** What the artifact panel shows. */
  readonly artifact: Artifact | null;
  /** Context variables that clients may see. */
  readonly context: Readonly<Record<string, JsonValue>>;
  readonly usage: Usage;
  /** Chats that this one began, oldest first. */
  readonly children: readonly ChildChat[];
  /** The journey this chat is a part of. */
  readonly journey: Journey | null;
  /** Errors of runs (in the timeline, too) and of commands, oldest first; at most 50. */
  readonly errors: readonly Problem[];
  /** What the reducer must remember. Nothing to draw. */
  readonly notes: Notes;
}

export interface Notes {
  /** `last_seq` of the newest greeting: what it says of status and requests holds up to there. */
  readonly greetedSeq: number;
  readonly lastSpeaker: string | null;
  /** Pieces of the draft that came before those in front of them. */
  readonly ahead: readonly Piece[];
  /** The newest messages that are no drafts any more: late pieces of theirs are dropped. */
  readonly over: readonly string[];
}

export interface Piece {
  readonly offset: number;
  readonly content: string;
}

export type WaitingFor = "input" | "ui_tool" | "approval" | "children";

export interface ConnectionState {
  /**
   * `idle`: not connected yet. `connecting`: a handshake is going. `open`: events come.
   * `waiting`: lost, and tried again at `retryAt`. `offline`: the machine has no network.
   * `refused`: it will not be tried again; `problem` says why. `closed`: by `close()`.
   */
  readonly phase: "idle" | "connecting" | "open" | "waiting" | "offline" | "refused" | "closed";
  /** Failed attempts in a row. */
  readonly attempt: number;
  /** Milliseconds since 1970 of the next attempt. */
  readonly retryAt: number | null;
  readonly problem: Problem | null;
}

/** What went wrong, with a stable code. `severity` `warning`: the run goes on. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly severity: "error" | "warning";
  readonly retryable: boolean;
  readonly details: JsonObject;
}

export type TimelineItem =
  | MessageItem
  | ToolCallItem
  | QuestionItem
  | HandoffItem
  | StructuredOutputItem
  | ErrorItem
  | RunEndItem
  | NoticeItem;

interface ItemBase {
  /** Unique in the timeline, and stays the same. */
  readonly key: string;
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
}

export interface MessageItem extends ItemBase {
  readonly type: "message";
  readonly messageId: string;
  readonly role: "user" | "assistant" | "system";
  /** Null for the user. */
  readonly agent: string | null;
  readonly text: string;
  /** Whether it is shown to holders of the scope `trace` only. */
  readonly hidden: boolean;
  readonly structuredOutput?: JsonValue;
}

export interface ToolCallItem extends ItemBase {
  readonly type: "tool_call";
  readonly toolName: string;
  readonly toolCallId: string;
  readonly agent: string | null;
  readonly arguments: JsonObject | null;
  /** What the component is given, or the arguments to approve. */
  readonly payload: JsonValue;
  readonly component: string | null;
  readonly display: Display | null;
  /** Set where a person is asked. */
  readonly interaction: "ui_tool" | "approval" | null;
  /** Names the request while it is open and afterwards; null where nobody is asked. */
  readonly requestId: string | null;
  readonly prompt: string | null;
  readonly schema: JsonObject | null;
  /** Fields of the answer that are kept as secrets: nobody is shown what is typed there. */
  readonly secretFields: readonly string[];
  readonly expiresAt: string | null;
  /**
   * `running`, or `waiting` for a person; then how it ended. `answered` and `approved`: by a person, the result is to
   * come. `shown`: a component that asks for nothing. `dismissed`: the chat ended before an answer.
   */
  readonly status:
    | "running"
    | "waiting"
    | "answered"
    | "approved"
    | "shown"
    | "ok"
    | "error"
    | "timeout"
    | "denied"
    | "dismissed";
  /** What the model was told. */
  readonly result: JsonValue;
  readonly progress: { readonly percent: number; readonly message: string } | null;
  /** Milliseconds from the call to its result. */
  readonly durationMs: number | null;
}

/** The user was asked for words. */
export interface QuestionItem extends ItemBase {
  readonly type: "question";
  readonly requestId: string;
  readonly agent: string | null;
  readonly prompt: string;
  readonly schema: JsonObject | null;
  readonly component: string | null;
  readonly expiresAt: string | null;
  /** Whether the prompt only repeats the message before it: then there is nothing to draw. */
  readonly repeats: boolean;
  readonly status: "open" | "answered" | "timed_out" | "dismissed";
  /** The answer, where it is said in no message. */
  readonly response: JsonValue;
}

/** Another agent's turn begins. */
export interface HandoffItem extends ItemBase {
  readonly type: "handoff";
  readonly from: string | null;
  readonly agent: string;
}

export interface StructuredOutputItem extends ItemBase {
  readonly type: "structured_output";
  readonly agent: string;
  readonly modelName: string;
  readonly data: JsonObject;
  readonly autoTool: boolean;
}

export interface ErrorItem extends ItemBase {
  readonly type: "error";
  readonly problem: Problem;
}

export interface RunEndItem extends ItemBase {
  readonly type: "run_end";
  readonly runNo: number;
  readonly status: string;
  readonly result: string | null;
  readonly turns: number;
  readonly usage: Readonly<Record<string, number>>;
  readonly durationMs: number;
}

/**
 * What journeys, child chats and connected accounts say, as it came: `chat.context_switched`,
 * `chat.workflow_batch_started`, `chat.workflow_child_completed`, `chat.workflow_resumed`, `oauth_completed`.
 */
export interface NoticeItem extends ItemBase {
  readonly type: "notice";
  readonly event: string;
  readonly data: JsonObject;
}

export type Display = "inline" | "artifact" | "modal";

/** A message as far as it is written. The text has no hole. */
export interface Draft {
  readonly messageId: string;
  readonly agent: string | null;
  readonly text: string;
}

/** A command on its way. */
export interface Outgoing {
  readonly id: string;
  readonly kind: OutgoingKind;
  /** Of a message. */
  readonly text: string | null;
  /** The request it answers. */
  readonly requestId: string | null;
  /** `queued`: no connection. `sent`: the server may have it. `failed`: refused, `problem` says why. */
  readonly status: "queued" | "sent" | "failed";
  readonly problem: Problem | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export type OutgoingKind =
  | "message"
  | "answer"
  | "approval"
  | "cancel"
  | "component_action"
  | "start_workflow"
  | "start_workflow_batch";

/** Answer `input` with `send`, `ui_tool` with `answer`, `approval` with `approve`. */
export interface PendingRequest {
  readonly requestId: string;
  readonly kind: "input" | "ui_tool" | "approval";
  /** Null for the workflow itself, and for an agent that is not shown. */
  readonly agent: string | null;
  readonly prompt: string;
  /** JSON Schema of the answer. */
  readonly schema: JsonObject | null;
  readonly expiresAt: string | null;
  readonly toolName: string | null;
  readonly toolCallId: string | null;
  readonly component: string | null;
  readonly display: Display | null;
  readonly payload: JsonValue;
  /** Fields of the answer that are kept as secrets. */
  readonly secretFields: readonly string[];
}

export interface Artifact {
  readonly eventId: string;
  readonly toolName: string;
  readonly component: string | null;
  readonly agent: string | null;
  readonly payload: JsonValue;
  readonly seq: number;
  readonly at: string | null;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly totalTokens: number;
  readonly modelCalls: number;
  /** Of the calls that have a price; null if none has. */
  readonly costUsd: number | null;
  /** Models without a price: then `costUsd` is not all. */
  readonly unpricedModels: readonly string[];
  /** Tokens by agent; under "" those of agents that are not shown. */
  readonly byAgent: Readonly<Record<string, number>>;
}

export interface ChildChat {
  readonly chatId: string;
  readonly workflowName: string;
  /** `open` until it has ended, then how. */
  readonly status: string;
}

/** Where a journey stands. `group` counts from 0; `completed` and `total` count the members of all groups. */
export interface Journey {
  readonly journeyRunId: string;
  readonly journeyId: string;
  readonly status: string;
  readonly group: number;
  readonly groups: number;
  readonly completed: number;
  readonly total: number;
  /** The workflows of the group that is open. */
  readonly members: readonly JourneyMember[];
}

export interface JourneyMember {
  readonly workflowName: string;
  /** Null before its chat is opened. */
  readonly chatId: string | null;
  /** `pending` before that, `open` until the chat has ended, then how. */
  readonly status: string;
}
