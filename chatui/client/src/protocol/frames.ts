// Made by `python -m mozaiks_local.typescript` from docs/asyncapi.json. Change that, and make this again.

/** Whatever JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type ChatStatus = "created" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "timed_out";

/** A workflow of a journey's group. `chat_id` is null before its chat is opened. `status`: `pending` before that, `open` until the chat has ended, then the state in which it did. */
export interface JourneyMember {
  readonly workflow_name: string;
  readonly chat_id: string | null;
  readonly status: "pending" | "open" | "completed" | "failed" | "cancelled" | "timed_out";
}

/** Where a journey stands. `group` counts from 0; `members` are those of the group that is open. `completed` and `total` count the members of all groups. */
export interface JourneyProgress {
  readonly journey_run_id: string;
  readonly journey_id: string;
  readonly status: "running" | "blocked" | "completed" | "cancelled";
  readonly group: number;
  readonly groups: number;
  readonly completed: number;
  readonly total: number;
  readonly members: readonly JourneyMember[];
}

/** The newest thing shown in the artifact panel. `payload` is `None` where it is large: the log has it. */
export interface LastArtifact {
  readonly event_id: string;
  readonly tool_name: string;
  readonly component: string | null;
  readonly seq: number;
  readonly payload: JsonValue;
}

/** A workflow to be completed first. `reason` is empty where the pack gives none. */
export interface MissingPrerequisite {
  readonly workflow_name: string;
  readonly reason: string;
}

/** A request that nobody has answered yet. Of an agent that is not shown, only what an answer must know. */
export interface OpenRequest {
  readonly request_id: string;
  readonly kind: "input" | "ui_tool" | "approval";
  readonly agent: string | null;
  readonly prompt: string;
  readonly schema: Readonly<Record<string, JsonValue>> | null;
  readonly expires_at: string | null;
  readonly tool_name: string | null;
  readonly tool_call_id: string | null;
  readonly component_type: string | null;
  readonly display: "inline" | "artifact" | "modal" | null;
  readonly payload: JsonValue;
  readonly secret_fields: readonly string[];
  readonly oversize?: boolean;
}

/** In the place of data that would make the frame larger than 131072 bytes. `bytes`: what the frame would have. */
export interface Oversize {
  readonly kind: string;
  readonly oversize: true;
  readonly bytes: number;
}

/** A workflow that was asked for and not started, with what the error says. `index` as in `WorkflowChild`. */
export interface SkippedWorkflow {
  readonly workflow_name: string;
  readonly code: string;
  readonly message: string;
  readonly index?: number;
  readonly retryable?: boolean;
  readonly details?: Readonly<Record<string, JsonValue>>;
}

/** A chat that was started together with others. `status`: `open` until it is known how the chat ended. `index`: its place, from 0, among the `runs` of the client's frame. */
export interface WorkflowChild {
  readonly chat_id: string;
  readonly workflow_name: string;
  readonly status: "open" | "completed" | "failed" | "cancelled" | "timed_out";
  readonly index?: number;
}

/** One chat to be started. The same `client_request_id` always finds the same chat of the workflow. */
export interface WorkflowRun {
  readonly workflow_name: string;
  readonly initial_message?: string | null;
  readonly client_request_id?: string;
}

export interface ChatRunStartData {
  readonly kind: "run_start";
  readonly workflow_name: string;
  readonly run_no: number;
}

/** A run begins. */
export interface ChatRunStartFrame {
  readonly type: "chat.run_start";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatRunStartData;
}

export interface ChatRunCompleteData {
  readonly kind: "run_complete";
  readonly result: string | null;
  readonly status: string;
  readonly turns: number;
  readonly usage: Readonly<Record<string, number>>;
  readonly duration_ms: number;
  readonly run_no: number;
}

/** A run is over: the chat waits or has ended. */
export interface ChatRunCompleteFrame {
  readonly type: "chat.run_complete";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatRunCompleteData;
}

export interface ChatSelectSpeakerData {
  readonly kind: "select_speaker";
  readonly agent: string | null;
}

/** An agent's turn begins. */
export interface ChatSelectSpeakerFrame {
  readonly type: "chat.select_speaker";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatSelectSpeakerData;
}

export interface ChatTextData {
  readonly kind: "text";
  readonly agent: string | null;
  readonly content: string;
  readonly message_id: string;
  readonly role: "user" | "assistant" | "system";
  readonly is_visual: boolean;
  readonly is_structured_capable: boolean;
  readonly is_tool_agent: boolean;
  readonly structured_output?: JsonValue;
}

/** A whole message, of an agent or of the user. */
export interface ChatTextFrame {
  readonly type: "chat.text";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatTextData;
}

/** `component_type` names the component that asks, where it is not a plain line of text. */
export interface ChatInputRequestData {
  readonly kind: "input_request";
  readonly request_id: string;
  readonly prompt: string;
  readonly agent: string | null;
  readonly schema?: Readonly<Record<string, JsonValue>>;
  readonly expires_at?: string;
  readonly component_type?: string;
}

/** The user is asked for words. */
export interface ChatInputRequestFrame {
  readonly type: "chat.input_request";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatInputRequestData;
}

/** A request for input is answered. `response` is there where the answer is a tool's result and said nowhere. */
export interface ChatInputAckData {
  readonly kind: "input_ack";
  readonly request_id: string;
  readonly client_message_id: string;
  readonly response?: JsonValue;
}

/** A request for input is answered. */
export interface ChatInputAckFrame {
  readonly type: "chat.input_ack";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatInputAckData;
}

/** A request was not answered in time: it was answered with its default, or the chat has ended. */
export interface ChatInputTimeoutData {
  readonly kind: "input_timeout";
  readonly request_id: string;
  readonly request_kind: "input" | "ui_tool" | "approval";
  readonly on_timeout: "default" | "fail";
}

/** Nobody answered a request in time. */
export interface ChatInputTimeoutFrame {
  readonly type: "chat.input_timeout";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatInputTimeoutData;
}

/** A call of a tool. Where a person must answer, `awaiting_response`: answers name this event's `event_id`. `secret_fields` are the fields of the answer that are kept as secrets: a client shows no one what is typed there. */
export interface ChatToolCallData {
  readonly kind: "tool_call";
  readonly tool_name: string;
  readonly tool_call_id: string;
  readonly corr: string;
  readonly agent: string | null;
  readonly awaiting_response: boolean;
  readonly arguments?: Readonly<Record<string, JsonValue>>;
  readonly payload?: JsonValue;
  readonly component_type?: string | null;
  readonly display?: "inline" | "artifact" | "modal";
  readonly interaction_type?: "ui_tool" | "approval";
  readonly prompt?: string;
  readonly schema?: Readonly<Record<string, JsonValue>>;
  readonly expires_at?: string;
  readonly secret_fields?: readonly string[];
}

/** A tool is called, or a component or an approval is asked for. */
export interface ChatToolCallFrame {
  readonly type: "chat.tool_call";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatToolCallData;
}

export interface ChatToolResponseData {
  readonly kind: "tool_response";
  readonly tool_name: string;
  readonly tool_call_id: string;
  readonly corr: string;
  readonly agent: string;
  readonly success: boolean;
  readonly status: "ok" | "error" | "timeout" | "denied";
  readonly content: JsonValue;
}

/** What came of a tool's call. */
export interface ChatToolResponseFrame {
  readonly type: "chat.tool_response";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatToolResponseData;
}

/** A component's request, or one for approval, is answered. Both ids are those of the event that asked. */
export interface ChatUiToolCompleteData {
  readonly kind: "ui_tool_complete";
  readonly request_id: string;
  readonly eventId: string;
  readonly tool_name: string;
  readonly tool_call_id: string;
  readonly status: "completed" | "approved" | "denied" | "timed_out";
}

/** A component or an approval is answered. */
export interface ChatUiToolCompleteFrame {
  readonly type: "chat.ui_tool_complete";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatUiToolCompleteData;
}

/** A component's request, or one for approval, needs no answer any more: the chat has ended. */
export interface ChatUiToolDismissData {
  readonly kind: "ui_tool_dismiss";
  readonly request_id: string;
  readonly eventId: string;
  readonly tool_name: string;
  readonly tool_call_id: string;
  readonly reason: "completed" | "failed" | "cancelled" | "timed_out";
}

/** A component or an approval needs no answer any more. */
export interface ChatUiToolDismissFrame {
  readonly type: "chat.ui_tool_dismiss";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatUiToolDismissData;
}

export interface ChatStructuredOutputReadyData {
  readonly kind: "structured_output_ready";
  readonly agent: string;
  readonly model_name: string;
  readonly structured_data: Readonly<Record<string, JsonValue>>;
  readonly auto_tool_mode: boolean;
  readonly turn_idempotency_key: string;
}

/** An agent's reply that fits its model. */
export interface ChatStructuredOutputReadyFrame {
  readonly type: "chat.structured_output_ready";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatStructuredOutputReadyData;
}

/** One model call. `cost_usd` is null where no price is known; then `unpriced_models` names the model. `duration_ms`: from the request until its answer was read whole. Events of earlier versions do not tell it. */
export interface ChatUsageDeltaData {
  readonly kind: "usage_delta";
  readonly agent: string | null;
  readonly model: string | null;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
  readonly total_tokens: number;
  readonly cost_usd: number | null;
  readonly duration_ms?: number;
  readonly unpriced_models?: readonly string[];
}

/** The tokens of one model call. */
export interface ChatUsageDeltaFrame {
  readonly type: "chat.usage_delta";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatUsageDeltaData;
}

/** All model calls of a run. `model` is null where there were several. `cost_usd` is null as soon as one of them has no known price; then `unpriced_models` names their models. */
export interface ChatUsageSummaryData {
  readonly kind: "usage_summary";
  readonly run_no: number;
  readonly agent: string | null;
  readonly model: string | null;
  readonly model_calls: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
  readonly total_tokens: number;
  readonly cost_usd: number | null;
  readonly unpriced_models?: readonly string[];
}

/** What all model calls of a run have spent. */
export interface ChatUsageSummaryFrame {
  readonly type: "chat.usage_summary";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatUsageSummaryData;
}

export interface ContextUpdateData {
  readonly kind: "context_update";
  readonly variable: string;
  readonly value: JsonValue;
}

/** A variable that clients are told of has changed. */
export interface ContextUpdateFrame {
  readonly type: "context_update";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ContextUpdateData;
}

/** The journey of this chat goes on in others: in `to_chat_id`, and in all `chats` of its next group. */
export interface ChatContextSwitchedData {
  readonly kind: "context_switched";
  readonly journey_run_id: string;
  readonly journey_id: string;
  readonly group: number;
  readonly from_chat_id: string;
  readonly to_chat_id: string;
  readonly workflow_name: string;
  readonly chats: readonly JourneyMember[];
}

/** The journey of this chat goes on in other chats. */
export interface ChatContextSwitchedFrame {
  readonly type: "chat.context_switched";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatContextSwitchedData;
}

/** Where a journey stands. `group` counts from 0; `members` are those of the group that is open. `completed` and `total` count the members of all groups. */
export interface ChatJourneyProgressData {
  readonly kind: "journey_progress";
  readonly journey_run_id: string;
  readonly journey_id: string;
  readonly status: "running" | "blocked" | "completed" | "cancelled";
  readonly group: number;
  readonly groups: number;
  readonly completed: number;
  readonly total: number;
  readonly members: readonly JourneyMember[];
}

/** How far a journey has come. */
export interface ChatJourneyProgressFrame {
  readonly type: "chat.journey_progress";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatJourneyProgressData;
}

export interface ChatErrorData {
  readonly kind: "error";
  readonly code: string;
  readonly message: string;
  readonly severity: "error" | "warning";
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, JsonValue>>;
}

/** Something went wrong in a run. */
export interface ChatErrorFrame {
  readonly type: "chat.error";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatErrorData;
}

/** The user has connected an account elsewhere, or could not: then `error` says why. */
export interface OauthCompletedData {
  readonly kind: "oauth_completed";
  readonly platform: string;
  readonly success: boolean;
  readonly account_id: string | null;
  readonly account_name: string | null;
  readonly error: string | null;
  readonly correlation_id: string;
}

/** The user has connected an account elsewhere, or could not. */
export interface OauthCompletedFrame {
  readonly type: "oauth_completed";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: OauthCompletedData;
}

/** No data but the kind. */
export interface ChatHiddenData {
  readonly kind: "hidden";
}

/** The place of an event that this client may not see. */
export interface ChatHiddenFrame {
  readonly type: "chat.hidden";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatHiddenData;
}

/** A piece of a text that is being written. Never stored in the log: the final text supersedes it. */
export interface ChatPrintData {
  readonly kind: "print";
  readonly agent: string;
  readonly message_id: string;
  readonly offset: number;
  readonly content: string;
}

/** A piece of a message that is being written. */
export interface ChatPrintFrame {
  readonly type: "chat.print";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatPrintData;
}

export interface ToolProgressData {
  readonly kind: "tool_progress";
  readonly tool_name: string;
  readonly tool_call_id: string;
  readonly progress_percent: number;
  readonly status_message: string;
}

/** How far a running tool has come. */
export interface ToolProgressFrame {
  readonly type: "tool_progress";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ToolProgressData;
}

/** The chat as it stands when a client is greeted. */
export interface ChatMetaData {
  readonly kind: "chat_meta";
  readonly workflow_name: string;
  readonly app_id: string;
  readonly user_id: string;
  readonly status: ChatStatus;
  readonly waiting_for: "input" | "ui_tool" | "approval" | "children" | null;
  readonly last_seq: number;
  readonly cache_seed: number;
  readonly pending: readonly OpenRequest[];
  readonly last_artifact: LastArtifact | null;
  readonly parent_chat_id: string | null;
  readonly journey?: JourneyProgress;
}

/** The first frame of every greeting: the chat as it stands. */
export interface ChatMetaFrame {
  readonly type: "chat_meta";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatMetaData;
}

export interface ChatResumeBoundaryData {
  readonly kind: "resume_boundary";
  readonly last_seq: number;
  readonly replayed_count: number;
  readonly status: string;
}

/** The end of what was missed. */
export interface ChatResumeBoundaryFrame {
  readonly type: "chat.resume_boundary";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatResumeBoundaryData;
}

/** Whole frames, to be taken one by one in this order. */
export interface ChatBatchData {
  readonly kind: "batch";
  readonly events: readonly ServerFrame[];
}

/** A greeting's frames, many in one, for clients that ask for `batch`. */
export interface ChatBatchFrame {
  readonly type: "chat.batch";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatBatchData;
}

/** The answer to `chat.component_action`: the variables as they were set. */
export interface ComponentActionAckData {
  readonly kind: "component_action_ack";
  readonly component_id: string;
  readonly action_type: string;
  readonly applied: Readonly<Record<string, JsonValue>>;
}

/** The answer to `chat.component_action`. */
export interface ComponentActionAckFrame {
  readonly type: "component_action_ack";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ComponentActionAckData;
}

/** The answer to `chat.start_workflow`: the chat `chat_id`, whose events come to this socket from now on. `reused`: the frame was sent before, and this is the chat it started then. */
export interface ChatWorkflowStartedData {
  readonly kind: "workflow_started";
  readonly workflow_name: string;
  readonly chat_id: string;
  readonly cache_seed: number;
  readonly reused: boolean;
  readonly client_message_id?: string;
  readonly client_request_id?: string;
}

/** A chat was started on this socket, which follows it now. */
export interface ChatWorkflowStartedFrame {
  readonly type: "chat.workflow_started";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatWorkflowStartedData;
}

/** Chats were started together: by an agent of this chat, which waits for them, or by a frame of the client. Only the former is an event of the chat and has a `seq`. The latter answers the frame, on its socket alone. */
export interface ChatWorkflowBatchStartedData {
  readonly kind: "workflow_batch_started";
  readonly batch_id: string;
  readonly children: readonly WorkflowChild[];
  readonly skipped: readonly SkippedWorkflow[];
  readonly expires_at?: string;
  readonly client_message_id?: string;
}

/** Several chats were started together. */
export interface ChatWorkflowBatchStartedFrame {
  readonly type: "chat.workflow_batch_started";
  readonly chat_id: string;
  readonly seq?: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatWorkflowBatchStartedData;
}

/** A child has ended, as `status` says: `ended` of `total` have. `error`: why it could not be opened. */
export interface ChatWorkflowChildCompletedData {
  readonly kind: "workflow_child_completed";
  readonly batch_id: string;
  readonly chat_id: string;
  readonly workflow_name: string;
  readonly status: "completed" | "failed" | "cancelled" | "timed_out";
  readonly error: string | null;
  readonly ended: number;
  readonly total: number;
}

/** A child of this chat has ended. */
export interface ChatWorkflowChildCompletedFrame {
  readonly type: "chat.workflow_child_completed";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatWorkflowChildCompletedData;
}

/** All children have ended, `completed` of them well, and this chat goes on with their results. */
export interface ChatWorkflowResumedData {
  readonly kind: "workflow_resumed";
  readonly batch_id: string;
  readonly children: readonly WorkflowChild[];
  readonly completed: number;
  readonly total: number;
}

/** This chat goes on with its children's results. */
export interface ChatWorkflowResumedFrame {
  readonly type: "chat.workflow_resumed";
  readonly chat_id: string;
  readonly seq: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatWorkflowResumedData;
}

/** `workflow_name` does not start before all of `missing` are completed. */
export interface ChatPrereqBlockedData {
  readonly kind: "prereq_blocked";
  readonly workflow_name: string;
  readonly message: string;
  readonly missing: readonly MissingPrerequisite[];
  readonly client_message_id?: string;
  readonly client_request_id?: string;
}

/** A workflow does not start before others are completed. */
export interface ChatPrereqBlockedFrame {
  readonly type: "chat.prereq_blocked";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ChatPrereqBlockedData;
}

/** No data but the kind. */
export interface PongData {
  readonly kind: "pong";
}

/** The answer to `ping`. */
export interface PongFrame {
  readonly type: "pong";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: PongData;
}

export interface ErrorData {
  readonly kind: "error";
  readonly code: string;
  readonly message: string;
  readonly severity: "error" | "warning";
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, JsonValue>>;
}

/** The answer to a frame that was not carried out. */
export interface ErrorFrame {
  readonly type: "error";
  readonly chat_id: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: ErrorData;
}

/** Tell me who I am talking to and what I missed. */
export interface ClientHelloCommand {
  readonly type: "client.hello";
  readonly chat_id?: string;
  readonly last_seq?: number;
  /** Send what was missed as `chat.batch` frames that hold many events each. */
  readonly batch?: boolean;
}

/** Tell me who I am talking to and what I missed. */
export interface ClientResumeCommand {
  readonly type: "client.resume";
  readonly chat_id?: string;
  readonly last_seq?: number;
  /** Send what was missed as `chat.batch` frames that hold many events each. */
  readonly batch?: boolean;
}

/** What the user says. */
export interface UserInputSubmitCommand {
  readonly type: "user.input.submit";
  readonly chat_id?: string;
  readonly text: string;
  readonly request_id?: string;
  readonly client_message_id?: string;
  readonly on_busy?: "enqueue" | "interrupt" | "reject";
}

/** What a component answers to the event that asked. */
export interface UiToolResponseCommand {
  readonly type: "ui_tool_response";
  readonly chat_id?: string;
  readonly eventId: string;
  readonly response: JsonValue;
}

/** Whether a tool may run. */
export interface ChatApprovalCommand {
  readonly type: "chat.approval";
  readonly chat_id?: string;
  readonly eventId: string;
  readonly approved: boolean;
  readonly reason?: string | null;
}

/** A component sets context variables. */
export interface ChatComponentActionCommand {
  readonly type: "chat.component_action";
  readonly chat_id?: string;
  readonly component_id: string;
  readonly action_type: string;
  readonly set?: Readonly<Record<string, JsonValue>>;
  readonly client_message_id?: string;
}

/** Start a chat of a workflow, and follow it on this socket. `client_message_id` stands for `client_request_id` where that is absent; without both, each frame starts a new chat. */
export interface ChatStartWorkflowCommand {
  readonly type: "chat.start_workflow";
  readonly workflow_name: string;
  readonly initial_message?: string | null;
  readonly client_request_id?: string;
  readonly chat_id?: string;
  readonly client_message_id?: string;
}

/** Start several chats, and follow them on this socket. With a `client_message_id`, sent again it finds the chats it started, run by run. */
export interface ChatStartWorkflowBatchCommand {
  readonly type: "chat.start_workflow_batch";
  readonly chat_id?: string;
  readonly runs: readonly WorkflowRun[];
  readonly client_message_id?: string;
}

/** Stop the run. */
export interface ChatCancelCommand {
  readonly type: "chat.cancel";
  readonly chat_id?: string;
}

/** Is anybody there? */
export interface PingCommand {
  readonly type: "ping";
  readonly chat_id?: string;
}

/** Every frame of the server, by its type. */
export interface FrameByType {
  "chat.run_start": ChatRunStartFrame;
  "chat.run_complete": ChatRunCompleteFrame;
  "chat.select_speaker": ChatSelectSpeakerFrame;
  "chat.text": ChatTextFrame;
  "chat.input_request": ChatInputRequestFrame;
  "chat.input_ack": ChatInputAckFrame;
  "chat.input_timeout": ChatInputTimeoutFrame;
  "chat.tool_call": ChatToolCallFrame;
  "chat.tool_response": ChatToolResponseFrame;
  "chat.ui_tool_complete": ChatUiToolCompleteFrame;
  "chat.ui_tool_dismiss": ChatUiToolDismissFrame;
  "chat.structured_output_ready": ChatStructuredOutputReadyFrame;
  "chat.usage_delta": ChatUsageDeltaFrame;
  "chat.usage_summary": ChatUsageSummaryFrame;
  "context_update": ContextUpdateFrame;
  "chat.context_switched": ChatContextSwitchedFrame;
  "chat.journey_progress": ChatJourneyProgressFrame;
  "chat.error": ChatErrorFrame;
  "oauth_completed": OauthCompletedFrame;
  "chat.hidden": ChatHiddenFrame;
  "chat.print": ChatPrintFrame;
  "tool_progress": ToolProgressFrame;
  "chat_meta": ChatMetaFrame;
  "chat.resume_boundary": ChatResumeBoundaryFrame;
  "chat.batch": ChatBatchFrame;
  "component_action_ack": ComponentActionAckFrame;
  "chat.workflow_started": ChatWorkflowStartedFrame;
  "chat.workflow_batch_started": ChatWorkflowBatchStartedFrame;
  "chat.workflow_child_completed": ChatWorkflowChildCompletedFrame;
  "chat.workflow_resumed": ChatWorkflowResumedFrame;
  "chat.prereq_blocked": ChatPrereqBlockedFrame;
  "pong": PongFrame;
  "error": ErrorFrame;
}

/** Every frame of a client, by its type. */
export interface CommandByType {
  "client.hello": ClientHelloCommand;
  "client.resume": ClientResumeCommand;
  "user.input.submit": UserInputSubmitCommand;
  "ui_tool_response": UiToolResponseCommand;
  "chat.approval": ChatApprovalCommand;
  "chat.component_action": ChatComponentActionCommand;
  "chat.start_workflow": ChatStartWorkflowCommand;
  "chat.start_workflow_batch": ChatStartWorkflowBatchCommand;
  "chat.cancel": ChatCancelCommand;
  "ping": PingCommand;
}

/** What the server says. Several come in one `chat.batch`. */
export type ServerFrame = FrameByType[keyof FrameByType];

/** What a client sends. */
export type ClientFrame = CommandByType[keyof CommandByType];

/** Frames that are stored, and have a `seq`. */
export type DurableType =
  | "chat.run_start"
  | "chat.run_complete"
  | "chat.select_speaker"
  | "chat.text"
  | "chat.input_request"
  | "chat.input_ack"
  | "chat.input_timeout"
  | "chat.tool_call"
  | "chat.tool_response"
  | "chat.ui_tool_complete"
  | "chat.ui_tool_dismiss"
  | "chat.structured_output_ready"
  | "chat.usage_delta"
  | "chat.usage_summary"
  | "context_update"
  | "chat.context_switched"
  | "chat.journey_progress"
  | "chat.error"
  | "oauth_completed"
  | "chat.hidden"
  | "chat.workflow_child_completed"
  | "chat.workflow_resumed";

/** Every code an error can have. */
export type ErrorCode =
  | "BAD_JSON"
  | "BAD_FRAME"
  | "UNKNOWN_TYPE"
  | "FRAME_TOO_LARGE"
  | "VALIDATION"
  | "TEXT_REQUIRED"
  | "UNAUTHENTICATED"
  | "TOKEN_EXPIRED"
  | "FORBIDDEN"
  | "FORBIDDEN_VARIABLE"
  | "NOT_FOUND"
  | "CHAT_NOT_FOUND"
  | "JOURNEY_NOT_FOUND"
  | "WORKFLOW_NOT_FOUND"
  | "WORKFLOW_INVALID"
  | "REQUEST_NOT_OPEN"
  | "CHAT_ENDED"
  | "NOT_RETRYABLE"
  | "CHAT_BUSY"
  | "NO_USER_INPUT"
  | "IDEMPOTENCY_MISMATCH"
  | "PRECONDITION_FAILED"
  | "CONTRAST_TOO_LOW"
  | "PREREQUISITES_MISSING"
  | "PACK_INVALID"
  | "CHILD_REFUSED"
  | "NOT_BUILT"
  | "RUN_START_FAILED"
  | "DATABASE_UNAVAILABLE"
  | "KEYS_UNAVAILABLE"
  | "SECRETS_UNAVAILABLE"
  | "SECRET_UNREADABLE"
  | "LEASE_LOST"
  | "LEASE_HELD"
  | "WORKFLOW_VERSION_GONE"
  | "MODEL_NOT_CONFIGURED"
  | "MODEL_REJECTED"
  | "MODEL_UNAVAILABLE"
  | "MODEL_INVALID_RESPONSE"
  | "BUDGET_EXCEEDED"
  | "TOOL_LOOP"
  | "TOOL_LOAD_FAILED"
  | "MAX_TURNS"
  | "MAX_AUTO_REPLIES"
  | "CONTEXT_INVALID"
  | "HOOK_FAILED"
  | "RUN_ABORTED"
  | "INPUT_TIMED_OUT"
  | "SCHEMA_VALIDATION_FAILED"
  | "CHILDREN_FAILED"
  | "HISTORY_UNREADABLE"
  | "CONFIGURATION"
  | "INTERNAL";
