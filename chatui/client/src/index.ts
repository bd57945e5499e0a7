export { ChatClient, type ChatClientOptions, type ClientTiming, type OpenOptions } from "./chat-client.js";
export type { Command, SendOptions, WorkflowRun } from "./commands.js";
export { type ClientCode, type ErrorFacts, type FieldProblem, MozaiksError } from "./errors.js";
export {
  type EventsPage,
  type ExportedLine,
  type ExportPage,
  type ListOptions,
  MozaiksApi,
  type StartOptions,
} from "./http/api.js";
export type * as models from "./http/models.js";
export type { ApiOptions, TokenSource } from "./http/requests.js";
export type { KeyValueStore } from "./outbox-store.js";
export type * as frames from "./protocol/frames.js";
export type {
  ChatStatus,
  ChatWorkflowBatchStartedData,
  ChatWorkflowStartedData,
  ClientFrame,
  ErrorCode,
  JsonObject,
  JsonValue,
  OpenRequest,
  ServerFrame,
} from "./protocol/frames.js";
export type { Backoff } from "./socket/backoff.js";
export type { SocketClass } from "./socket/connection.js";
export type { Surroundings, Watcher } from "./socket/surroundings.js";
export { initialState } from "./state/initial.js";
export { reduce } from "./state/reduce.js";
export type * from "./state/types.js";
export type { UiToolProps } from "./ui-tool.js";
