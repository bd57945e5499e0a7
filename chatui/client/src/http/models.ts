// Made by `python -m mozaiks_local.typescript` from the routes in layers/runtime/mozaiks/web. Then make it again.

import type { JsonValue } from "../protocol/frames.js";

export interface ActiveRunEntry {
  readonly app_id: string;
  readonly user_id: string;
  readonly workflow_name: string;
  readonly chat_id: string;
  readonly run_no: number;
  /** When what started the run was said. */
  readonly since: string | null;
  /** False while its first slice is still waited for. */
  readonly started: boolean;
  /** Whether a worker holds it now; otherwise it is between two slices. */
  readonly in_hand: boolean;
  readonly cancel_requested: boolean;
}

/** Runs that are going. A chat that waits for its user has none. */
export interface ActiveRuns {
  /** All of them, also beyond those that are listed. */
  readonly active_runs: number;
  /** Those that were asked for first in front. */
  readonly runs: readonly ActiveRunEntry[];
}

export interface Advised {
  readonly workflow_name: string;
  /** Why it comes first; empty where the pack does not say. */
  readonly reason: string;
  readonly completed: boolean;
}

/** How the chats of one app, or of all, fared in the last hours. */
export interface Aggregate {
  readonly apps: readonly string[];
  readonly since: string;
  readonly until: string;
  readonly chats_opened: number;
  /** The chats opened in this time, by the state they are in now. */
  readonly chats_by_status: Readonly<Record<string, number>>;
  readonly active_runs: number;
  /** Runs that ended in this time. */
  readonly runs: RunStatistics;
  /** What the model calls of these runs cost, of all of them. */
  readonly cost: Cost;
  /** Calls of tools in the chats of these runs, in this time. */
  readonly tool_calls: number;
  /** `chat.error` events in them, warnings too. */
  readonly errors: number;
  /** More runs ended than are looked at: figures are of the newest ones. */
  readonly truncated: boolean;
}

/** Either ``response`` or ``approved``. */
export interface AnswerRequest {
  /** The open request; the `event_id` of the event that asked. */
  readonly request_id: string;
  /** What the component answers, or the text that was asked for. */
  readonly response?: JsonValue;
  /** For a request for approval. */
  readonly approved?: boolean | null;
  /** Told to the model, with `approved`. */
  readonly reason?: string;
  readonly user_id: string;
}

/** A repeated answer gets the first one's. */
export interface AnsweredRequest {
  readonly chat_id: string;
  readonly request_id: string;
  readonly accepted: boolean;
  readonly status: "completed" | "approved" | "denied";
  /** Other answers are still waited for, or a run is going. */
  readonly queued: boolean;
}

/** What is to be shown in the artifact panel. */
export interface Artifact {
  readonly event_id: string;
  readonly tool_name: string;
  readonly component: string | null;
  /** Where in the log it was shown. */
  readonly seq: number;
  /** Null where it is large: the event of this `seq` has it. */
  readonly payload?: JsonValue;
}

/** A workflow as this user finds it. */
export interface Availability {
  readonly name: string;
  readonly description: string;
  /** Null where the manifests do not load. */
  readonly startup_mode: StartupMode | null;
  /** Whether a chat of it can be started now. */
  readonly available: boolean;
  /** Why it is not available; what starting it would be answered with. */
  readonly code: "PREREQUISITES_MISSING" | "PACK_INVALID" | "WORKFLOW_INVALID" | null;
  /** Workflows the user must complete first. */
  readonly missing: readonly Missing[];
  /** Workflows that are better completed first, and hold nothing up. */
  readonly advised: readonly Advised[];
}

export interface Available {
  readonly workflows: readonly Availability[];
}

export interface CancelChat {
  readonly user_id?: string | null;
}

export interface CancelledChat {
  readonly chat_id: string;
  /** `running` until the worker that runs the chat has stopped it. */
  readonly status: ChatStatus;
}

/** How one chat fared, and what it cost. */
export interface ChatCost {
  readonly app_id: string;
  readonly user_id: string;
  readonly workflow_name: string;
  readonly chat_id: string;
  readonly status: ChatStatus;
  readonly waiting_for: "input" | "ui_tool" | "approval" | "children" | null;
  readonly created_at: string;
  readonly updated_at: string;
  /** Number of its newest run. */
  readonly run_no: number;
  readonly agent_turns: number;
  readonly tool_calls: number;
  readonly errors: number;
  readonly usage: Usage;
  /** Its runs that are over, the newest ones where there are many. */
  readonly runs: RunStatistics;
  readonly cost: Cost;
  /** The chat and all it spawned, and they. */
  readonly family: Spent;
  /** The journey's run that it is part of, itself or its ancestor. */
  readonly journey_run_id: string | null;
  /** All chats of this journey's run, with their families. */
  readonly journey: Spent | null;
}

export interface ChatExists {
  readonly chat_id: string;
  readonly exists: boolean;
}

/** What ``chat_meta`` says on the socket, and when and how the chat was made. */
export interface ChatMetadata {
  readonly chat_id: string;
  readonly workflow_name: string;
  readonly app_id: string;
  readonly user_id: string;
  readonly status: ChatStatus;
  readonly waiting_for: "input" | "ui_tool" | "approval" | "children" | null;
  /** `seq` of the newest event. */
  readonly last_seq: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly workflow_version: string;
  readonly cache_seed: number;
  readonly pending: readonly OpenRequest[];
  readonly last_artifact: Artifact | null;
  /** The chat that spawned this one and waits for its end. */
  readonly parent_chat_id: string | null;
  readonly usage: Usage;
}

/** Chats, newest first. */
export interface ChatPage {
  readonly chats: readonly ChatSummary[];
  /** `before` of the next page; null on the last one. */
  readonly next_before: string | null;
}

/** How one chat fared. Nothing of what was said in it. */
export interface ChatPerformance {
  readonly app_id: string;
  readonly user_id: string;
  readonly workflow_name: string;
  readonly chat_id: string;
  readonly status: ChatStatus;
  readonly waiting_for: "input" | "ui_tool" | "approval" | "children" | null;
  readonly created_at: string;
  readonly updated_at: string;
  /** Number of its newest run. */
  readonly run_no: number;
  readonly agent_turns: number;
  readonly tool_calls: number;
  readonly errors: number;
  readonly usage: Usage;
  /** Its runs that are over, the newest ones where there are many. */
  readonly runs: RunStatistics;
}

export interface ChatPerformancePage {
  readonly chats: readonly ChatPerformance[];
  /** `before` of the next page; null on the last one. */
  readonly next_before: string | null;
}

export type ChatStatus = "created" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "timed_out";

/** One line of a list of chats. */
export interface ChatSummary {
  readonly chat_id: string;
  readonly workflow_name: string;
  readonly app_id: string;
  readonly user_id: string;
  readonly status: ChatStatus;
  readonly waiting_for: "input" | "ui_tool" | "approval" | "children" | null;
  /** `seq` of the newest event. */
  readonly last_seq: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Runs, slices, turns, calls and waits, agents that users do not see included. What was said is in the events. */
export interface ChatTrace {
  readonly chat_id: string;
  readonly workflow_name: string;
  readonly status: ChatStatus;
  readonly runs: readonly TracedRun[];
  /** Those that began in the time of this part. */
  readonly slices: readonly TracedSlice[];
  readonly turns: readonly TracedTurn[];
  readonly waits: readonly Wait[];
  /** Those outside a turn. */
  readonly errors: readonly TracedError[];
  /** What is not kept. */
  readonly not_known: readonly string[];
  /** `after` of the next request. */
  readonly next_after: number;
  /** Whether more is stored beyond this part. */
  readonly has_more: boolean;
}

/** What model calls cost. */
export interface Cost {
  /** US dollars; null where the price of a call is not known. */
  readonly usd: number | null;
  /** The part of it whose prices are known. */
  readonly priced_usd: number;
  /** The models without a known price. */
  readonly unpriced_models: readonly string[];
}

/** Colours on a dark ground. */
export interface DarkPalette {
  /** `#rrggbb` */
  readonly background?: string;
  /** `#rrggbb` */
  readonly surface?: string;
  /** `#rrggbb` */
  readonly text?: string;
  /** `#rrggbb` */
  readonly muted_text?: string;
  /** `#rrggbb` */
  readonly primary?: string;
  /** `#rrggbb` */
  readonly on_primary?: string;
  /** `#rrggbb` */
  readonly border?: string;
  /** `#rrggbb` */
  readonly focus?: string;
  /** `#rrggbb` */
  readonly success?: string;
  /** `#rrggbb` */
  readonly warning?: string;
  /** `#rrggbb` */
  readonly danger?: string;
}

export interface Database {
  readonly reachable?: true;
  readonly ping_ms: number;
}

/** Milliseconds from the command that started a run to its end; null where there was no run. */
export interface DurationStatistics {
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

export interface ErasedChat {
  readonly chat_id: string;
  /** Nothing is left. */
  readonly complete: boolean;
  /** Documents that are gone, by collection. */
  readonly erased: Readonly<Record<string, number>>;
}

export interface ErasedUser {
  readonly app_id: string;
  readonly user_id: string;
  /** Nothing is left. */
  readonly complete: boolean;
  /** Documents that are gone, by collection. */
  readonly erased: Readonly<Record<string, number>>;
}

/** A page of a chat's log, in order. */
export interface EventPage {
  readonly chat_id: string;
  /** Frames as the socket sends them. */
  readonly events: readonly Readonly<Record<string, JsonValue>>[];
  /** `after` of the next request. */
  readonly next_after: number;
  /** Whether more is stored beyond this page. */
  readonly has_more: boolean;
}

/** What is wrong with one part of a request. The value itself is not repeated: it may be private. */
export interface FieldProblem {
  /** Where: `body.text`, `query.limit`, `chat_id`. */
  readonly field: string;
  readonly message: string;
}

export interface ForgottenSecret {
  readonly name: string;
  readonly deleted: boolean;
}

export interface Health {
  readonly status?: "ok";
  readonly stage: string;
  readonly mongo: Database;
  readonly workflows: WorkflowCount;
}

export interface InvalidWorkflow {
  readonly name: string;
  readonly problems: readonly ManifestProblem[];
}

export interface JourneyChat {
  readonly workflow_name: string;
  readonly chat_id: string;
  /** Where to open the chat's socket. */
  readonly websocket_url: string;
  readonly cache_seed: number;
}

export interface JourneyGroup {
  /** Its number, from 0. */
  readonly group: number;
  /** They run in parallel. */
  readonly members: readonly JourneyMemberState[];
}

export interface JourneyMemberState {
  readonly workflow_name: string;
  /** Null before its chat is there, and where it could not be opened. */
  readonly chat_id: string | null;
  readonly status: MemberStatus;
  /** The state of the chat now. */
  readonly chat_status: ChatStatus | null;
  /** What the chat waits for, if it does. */
  readonly waiting_for: "input" | "ui_tool" | "approval" | "children" | null;
  /** Which of its chats it is; one that was cancelled is replaced on a retry. */
  readonly attempt: number;
  /** Code of what kept its chat from being opened. */
  readonly error: string | null;
  readonly opened_at: string | null;
  readonly ended_at: string | null;
  /** From its opening to its end. */
  readonly duration_ms: number | null;
}

/** Runs, the newest first. */
export interface JourneyPage {
  readonly journeys: readonly JourneySummary[];
  /** `before` of the next page; null on the last one. */
  readonly next_before: string | null;
}

/** A run with its groups and their members. */
export interface JourneyRun {
  readonly journey_run_id: string;
  readonly journey_id: string;
  readonly app_id: string;
  readonly user_id: string;
  readonly status: JourneyStatus;
  /** The group that is open, from 0; the last one once all have completed. */
  readonly group: number;
  /** Members that have completed. */
  readonly completed: number;
  /** All members. */
  readonly total: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at: string | null;
  /** From its start to its end. */
  readonly duration_ms: number | null;
  readonly groups: readonly JourneyGroup[];
}

export type JourneyStatus = "running" | "blocked" | "completed" | "cancelled";

/** One line of a list of journeys' runs. */
export interface JourneySummary {
  readonly journey_run_id: string;
  readonly journey_id: string;
  readonly app_id: string;
  readonly user_id: string;
  readonly status: JourneyStatus;
  /** The group that is open, from 0; the last one once all have completed. */
  readonly group: number;
  /** Members that have completed. */
  readonly completed: number;
  /** All members. */
  readonly total: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at: string | null;
  /** From its start to its end. */
  readonly duration_ms: number | null;
}

/** Colours on a light ground. */
export interface LightPalette {
  /** `#rrggbb` */
  readonly background?: string;
  /** `#rrggbb` */
  readonly surface?: string;
  /** `#rrggbb` */
  readonly text?: string;
  /** `#rrggbb` */
  readonly muted_text?: string;
  /** `#rrggbb` */
  readonly primary?: string;
  /** `#rrggbb` */
  readonly on_primary?: string;
  /** `#rrggbb` */
  readonly border?: string;
  /** `#rrggbb` */
  readonly focus?: string;
  /** `#rrggbb` */
  readonly success?: string;
  /** `#rrggbb` */
  readonly warning?: string;
  /** `#rrggbb` */
  readonly danger?: string;
}

export interface Logo {
  readonly url: string;
  /** What the picture says. */
  readonly alt?: string;
}

/** One thing that is wrong with a manifest. */
export interface ManifestProblem {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly file: string;
  /** From 1, where the syntax has lines. */
  readonly line: number | null;
  readonly column: number | null;
  /** The key it is about, as its author spelled it. */
  readonly key: string | null;
}

/** ``pending``: its group is not open yet. ``open``: its chat is there and has not ended. Else as its chat ended. */
export type MemberStatus = "pending" | "open" | "completed" | "failed" | "cancelled" | "timed_out";

export interface Missing {
  readonly workflow_name: string;
  /** Why it comes first; empty where the pack does not say. */
  readonly reason: string;
}

/** One answer of a model. ``duration_ms``: from the request to the answer's end; ``None`` from earlier versions. ``at_most_ms``: since the event before it in the same turn, pauses between slices too. ``cost_usd`` is ``None`` where the model has no price. */
export interface ModelCall {
  readonly seq: number;
  readonly agent: string | null;
  readonly model: string | null;
  readonly at: string;
  readonly at_most_ms: number | null;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
  readonly total_tokens: number;
  readonly cost_usd: number | null;
  readonly duration_ms: number | null;
}

/** What the app sets; every token that is left out has its default. */
export interface NewTheme {
  readonly name?: string;
  readonly colors?: Palettes;
  readonly typography?: Typography;
  readonly shape?: Shape;
  readonly logo?: Logo | null;
}

export interface OauthHeard {
  readonly success?: true;
  readonly chat_id: string;
  /** Of the event in the chat's log. A repeated notice gets the first one's. */
  readonly event_id: string;
}

/** Further fields, such as ``timestampUtc``, are ignored: the event carries the time at which it was stored. */
export interface OauthNotice {
  /** The chat that is to hear of it. */
  readonly chatSessionId: string;
  /** Of the authorisation. A notice with the same one is taken once. */
  readonly correlationId: string;
  readonly appId: string;
  readonly userId: string;
  readonly platform: string;
  readonly success: boolean;
  readonly accountId?: string | null;
  readonly accountName?: string | null;
  readonly error?: string | null;
}

/** Something the chat asked the user for and has no answer to yet. Of an agent that users do not see, it says only what an answer needs. */
export interface OpenRequest {
  /** What an answer names; also the `event_id` of the event that asked. */
  readonly request_id: string;
  readonly kind: "input" | "ui_tool" | "approval";
  /** Who asks; null for the workflow itself and for agents users do not see. */
  readonly agent: string | null;
  readonly prompt: string;
  /** JSON Schema of the answer. */
  readonly schema?: Readonly<Record<string, JsonValue>> | null;
  readonly expires_at?: string | null;
  readonly tool_name?: string | null;
  readonly tool_call_id?: string | null;
  /** The component that asks. */
  readonly component_type?: string | null;
  readonly display?: "inline" | "artifact" | "modal" | null;
  /** What the component shows; for an approval the arguments of the call. */
  readonly payload?: JsonValue;
  /** Fields of the answer that are kept as secrets. */
  readonly secret_fields?: readonly string[];
}

/** The body of what is done to a run; it may be left away where a token names the user. */
export interface OwnJourney {
  readonly user_id?: string | null;
}

export interface Palettes {
  readonly light?: LightPalette;
  readonly dark?: DarkPalette;
}

/** A problem document (RFC 9457). */
export interface Problem {
  /** A URN that names the kind of problem; it follows from `code`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable name of the problem, for programs. */
  readonly code: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** This occurrence, as the log names it. For unexpected problems only. */
  readonly instance?: string | null;
  readonly errors?: readonly FieldProblem[] | null;
  /** Facts for programs; what they are depends on `code`. */
  readonly details?: Readonly<Record<string, JsonValue>> | null;
}

export interface PutSecret {
  /** The secret: at least 4 characters, at most 4096 bytes. It is never given back. */
  readonly value: string;
}

export interface RetriedChat {
  readonly chat_id: string;
  readonly status: ChatStatus;
  /** The number of the run that goes on where the failed one left off. */
  readonly run_no: number;
}

export interface RetryChat {
  readonly user_id?: string | null;
}

/** Runs that are over. */
export interface RunStatistics {
  readonly count: number;
  /** `waiting`: the run ended where its user is asked. */
  readonly by_status: Readonly<Record<string, number>>;
  readonly turns: number;
  readonly duration_ms: DurationStatistics;
  /** Tokens of these runs. Of a run that no worker could end, they are not known. */
  readonly usage: Usage;
}

/** What anybody is told of a secret. */
export interface SecretMetadata {
  readonly name: string;
  /** Counts from 1, with each new value. */
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface SecretPage {
  readonly secrets: readonly SecretMetadata[];
  /** `after` of the next page; null: this is the last one. */
  readonly next_after: string | null;
}

export interface SendMessage {
  readonly text: string;
  /** The open request this answers. */
  readonly request_id?: string | null;
  /** A message with an id takes effect once, however often it is sent. */
  readonly client_message_id?: string | null;
  /** While a run is going: `enqueue` leaves the message to its next turn, `interrupt` stops the turn for it, `reject` refuses it. An answer to an open request is taken in any case. */
  readonly on_busy?: "enqueue" | "interrupt" | "reject";
  readonly user_id: string;
}

export interface SentMessage {
  readonly chat_id: string;
  readonly accepted: boolean;
  /** It is stored, and no run was started for it: the one that is going sees it, or the next. */
  readonly queued: boolean;
  readonly message_id: string;
  readonly request_id: string | null;
}

export interface Shape {
  readonly radius_px?: number;
  readonly border_px?: number;
  /** The unit of all distances. */
  readonly spacing_px?: number;
}

/** Model calls of several chats. */
export interface Spent {
  readonly model_calls: number;
  readonly total_tokens: number;
  readonly cost: Cost;
}

export interface StartChat {
  /** Whose chat it is. Needed where no token says so; otherwise the token's. */
  readonly user_id: string;
  /** The same id gets the same chat. */
  readonly client_request_id?: string | null;
  /** A new chat even where one that has not begun could be used. */
  readonly force_new?: boolean;
  /** What the chat begins with. */
  readonly initial_message?: string | null;
}

export interface StartJourney {
  /** Whose journey it is. */
  readonly user_id: string;
  /** The same id gets the same run. */
  readonly client_request_id?: string | null;
  /** What the first chat begins with. */
  readonly initial_message?: string | null;
}

export interface StartedChat {
  readonly success?: true;
  readonly chat_id: string;
  readonly workflow_name: string;
  readonly app_id: string;
  readonly user_id: string;
  /** Where to open the chat's socket. */
  readonly websocket_url: string;
  readonly cache_seed: number;
  /** Whether the chat was there before this request. */
  readonly reused: boolean;
}

export interface StartedJourneyRun {
  readonly success?: true;
  readonly journey_run_id: string;
  readonly journey_id: string;
  readonly app_id: string;
  readonly user_id: string;
  readonly status: JourneyStatus;
  /** The chat to go to first. */
  readonly chat_id: string;
  /** Where to open that chat's socket. It is carried along to the next chats. */
  readonly websocket_url: string;
  /** All chats of the first group. */
  readonly chats: readonly JourneyChat[];
  /** Whether the run was there before this request. */
  readonly reused: boolean;
}

export type StartupMode = "AgentDriven" | "UserDriven" | "BackendOnly";

/** All tokens of an app. */
export interface Theme {
  readonly name?: string;
  readonly colors?: Palettes;
  readonly typography?: Typography;
  readonly shape?: Shape;
  readonly logo?: Logo | null;
}

export interface ThemeView {
  readonly app_id: string;
  /** How often it was set; 0 where it never was. */
  readonly version: number;
  /** Every token, defaults included. */
  readonly theme: Theme;
  /** What the app set. */
  readonly overrides: Readonly<Record<string, JsonValue>>;
  readonly updated_at: string | null;
}

/** A tool that a page has to show something for: a component, or a request for approval. */
export interface ToolEntry {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly tool_type: ToolKind;
  /** Agents that may call it, of those whose work users see. */
  readonly agents: readonly string[];
  /** The component to show; null where only approval is asked for. */
  readonly component: string | null;
  readonly mode: "inline" | "artifact" | "modal" | null;
  /** Whether the chat waits for the component's answer. */
  readonly awaits_response: boolean;
  readonly requires_approval: boolean;
  /** JSON Schema of the call's arguments as the manifest declares it; null where the function's signature says it all. */
  readonly parameters: Readonly<Record<string, JsonValue>> | null;
  /** JSON Schema of the component's answer, where the manifest declares one: without the component, a form is made from it. */
  readonly response_schema: Readonly<Record<string, JsonValue>> | null;
}

export type ToolKind = "Agent_Tool" | "UI_Tool";

export interface TracedError {
  readonly seq: number;
  readonly at: string;
  readonly code: string;
  readonly severity: string;
}

/** From ``chat.run_start`` to ``chat.run_complete``. ``duration_ms`` counts from the command that started it. */
export interface TracedRun {
  readonly run_no: number;
  readonly started_at: string | null;
  readonly ended_at?: string | null;
  readonly status?: string | null;
  readonly duration_ms?: number | null;
  readonly turns?: number | null;
}

/** One slice. ``ended_at`` and ``outcome`` are null while it goes on; one that was lost has no end. ``model_ms``: how long models were waited for in it. */
export interface TracedSlice {
  readonly run_no: number;
  readonly number: number;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly outcome: "continue" | "backoff" | "children" | "waiting" | "completed" | "cancelled" | "failed" | "lost" | null;
  readonly model_calls: number;
  readonly model_ms: number;
}

/** One call of a tool. ``waited_for_user``: its time is that of a person. */
export interface TracedTool {
  readonly seq: number;
  readonly tool_name: string;
  readonly tool_call_id: string;
  readonly agent: string | null;
  readonly started_at: string;
  readonly waited_for_user: boolean;
  readonly ended_at?: string | null;
  readonly duration_ms?: number | null;
  readonly status?: string | null;
}

/** One agent speaking once. ``run_no`` is that of the run in which it began, if the log that was read tells it. */
export interface TracedTurn {
  readonly seq: number;
  readonly agent: string | null;
  readonly run_no: number | null;
  readonly started_at: string;
  readonly ended_at: string;
  readonly duration_ms?: number;
  readonly model_calls?: readonly ModelCall[];
  readonly tools?: readonly TracedTool[];
  readonly errors?: readonly TracedError[];
}

export interface Typography {
  /** Names of fonts as CSS lists them, and nothing else. */
  readonly font_family?: string;
  /** Names of fonts as CSS lists them, and nothing else. */
  readonly heading_font_family?: string;
  /** Names of fonts as CSS lists them, and nothing else. */
  readonly mono_font_family?: string;
  readonly base_size_px?: number;
  readonly line_height?: number;
}

/** Tokens spent by the chat so far. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
  readonly total_tokens: number;
  readonly model_calls: number;
}

/** A request to the user, or children that were waited for: then the id is that of their batch. ``outcome`` is null while it is open. */
export interface Wait {
  readonly request_id: string;
  readonly kind: "input" | "ui_tool" | "approval" | "children";
  readonly agent: string | null;
  readonly tool_name: string | null;
  readonly asked_at: string;
  readonly ended_at?: string | null;
  readonly duration_ms?: number | null;
  readonly outcome?: "answered" | "approved" | "denied" | "timed_out" | "dismissed" | "resumed" | null;
}

export interface WorkflowCount {
  readonly valid: number;
  readonly invalid: number;
}

export interface WorkflowList {
  readonly workflows: readonly WorkflowSummary[];
  readonly invalid: readonly InvalidWorkflow[];
}

export interface WorkflowSummary {
  readonly name: string;
  readonly description: string;
  readonly startup_mode: StartupMode;
  /** Agents whose work users see. */
  readonly agents: readonly string[];
  /** How many tools it has. */
  readonly tools: number;
  /** Content hash; chats stay bound to it. */
  readonly version: string;
  /** Settings for pages, as the manifest has them. */
  readonly ui_config: Readonly<Record<string, JsonValue>>;
}

/** The tools of a workflow that users meet. Those of agents that users do not see are not among them. */
export interface WorkflowTools {
  readonly workflow_name: string;
  readonly version: string;
  readonly tools: readonly ToolEntry[];
}

/** How a client talks to chats of a workflow. */
export interface WorkflowTransport {
  readonly workflow_name: string;
  readonly version: string;
  readonly transport?: "websocket";
  /** The socket API. Starting a chat gives the whole address of its socket. */
  readonly websocket_url: string;
  /** What a browser offers beside its token. */
  readonly subprotocol?: "bearer";
  readonly startup_mode: StartupMode;
  /** False where chats run without their user (`BackendOnly`). */
  readonly accepts_input: boolean;
  readonly human_in_the_loop: boolean;
  /** `POST` here opens a chat. */
  readonly start_path: string;
  /** The log of a chat, also as `text/event-stream`, for clients without a socket. */
  readonly events_path: string;
  /** A longer frame of a client closes its socket. */
  readonly max_frame_bytes: number;
}
