/** The HTTP API, typed. Every method throws `MozaiksError` with a stable code for anything but a success. */

import { MozaiksError } from "../errors.js";
import type { ChatStatus, JsonValue, ServerFrame } from "../protocol/frames.js";
import type {
  Aggregate,
  AnsweredRequest,
  Available,
  CancelledChat,
  ChatExists,
  ChatMetadata,
  ChatPage,
  ChatPerformance,
  ChatTrace,
  ErasedChat,
  ErasedUser,
  ForgottenSecret,
  Health,
  JourneyPage,
  JourneyRun,
  NewTheme,
  RetriedChat,
  SecretMetadata,
  SecretPage,
  SentMessage,
  StartedChat,
  StartedJourneyRun,
  ThemeView,
  WorkflowList,
  WorkflowTools,
  WorkflowTransport,
} from "./models.js";
import { type ApiOptions, pathOf, Requests } from "./requests.js";

export interface StartOptions {
  /** The same id gets the same chat again: a request that is repeated opens one chat. */
  readonly clientRequestId?: string;
  /** A new chat even where one that has not begun could be used. */
  readonly forceNew?: boolean;
  /** What the user says first. */
  readonly initialMessage?: string;
}

export interface ListOptions {
  readonly limit?: number;
  /** `next_before` of the former page. */
  readonly before?: string;
  readonly status?: ChatStatus;
}

export interface EventsPage {
  readonly chat_id: string;
  readonly events: readonly ServerFrame[];
  readonly next_after: number;
  readonly has_more: boolean;
}

/** A line of an export: `session`, `event`, `command`, `tool_result`, `message`, `journey`, `secret`, and what it is. */
export interface ExportedLine {
  readonly kind: string;
  readonly [name: string]: JsonValue;
}

export interface ExportPage {
  readonly lines: readonly ExportedLine[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export class MozaiksApi {
  readonly appId: string;
  readonly userId: string;
  readonly #requests: Requests;

  constructor(options: ApiOptions) {
    this.appId = options.appId;
    this.userId = options.userId;
    this.#requests = new Requests(options);
  }

  /** The token to use now. `refused` is one that the server did not take. */
  token(refused: string | null = null): Promise<string | null> {
    return this.#requests.token(refused);
  }

  health(): Promise<Health> {
    return this.#requests.json("GET", "/api/health");
  }

  /** Workflows that can be started, and those that are broken, with what is wrong with them. */
  workflows(): Promise<WorkflowList> {
    return this.#requests.json("GET", "/api/workflows");
  }

  /** The tools of a workflow that users meet: components, and requests for approval. */
  tools(workflow: string): Promise<WorkflowTools> {
    return this.#requests.json("GET", `/api/workflows${pathOf(workflow)}/tools`);
  }

  /** How clients reach a workflow. */
  transport(workflow: string): Promise<WorkflowTransport> {
    return this.#requests.json("GET", `/api/workflows${pathOf(workflow)}/transport`);
  }

  /** Where the socket of a chat is, as the answer to its start says. */
  async socketUrl(workflow: string, chatId: string): Promise<string> {
    const address = new URL((await this.transport(workflow)).websocket_url);
    address.searchParams.set("workflow", workflow);
    address.searchParams.set("app_id", this.appId);
    address.searchParams.set("chat_id", chatId);
    address.searchParams.set("user_id", this.userId);
    return address.toString();
  }

  /** Which workflows the user may start now, and what those wait for that may not. */
  available(): Promise<Available> {
    return this.#requests.json("GET", `/api/workflows${pathOf(this.appId)}/available`, {
      query: { user_id: this.userId },
    });
  }

  start(workflow: string, options: StartOptions = {}): Promise<StartedChat> {
    return this.#requests.json("POST", `/api/chats${pathOf(this.appId, workflow)}/start`, {
      body: {
        user_id: this.userId,
        client_request_id: options.clientRequestId,
        force_new: options.forceNew,
        initial_message: options.initialMessage,
      },
    });
  }

  /** The user's chats of a workflow, newest first. */
  chats(workflow: string, options: ListOptions = {}): Promise<ChatPage> {
    return this.#requests.json("GET", `/api/chats${pathOf(this.appId, workflow)}`, {
      query: { user_id: this.userId, limit: options.limit, before: options.before, status: options.status },
    });
  }

  async exists(workflow: string, chatId: string): Promise<boolean> {
    const path = `/api/chats/exists${pathOf(this.appId, workflow, chatId)}`;
    return (await this.#requests.json<ChatExists>("GET", path, { query: { user_id: this.userId } })).exists;
  }

  meta(workflow: string, chatId: string): Promise<ChatMetadata> {
    return this.#requests.json("GET", `/api/chats/meta${pathOf(this.appId, workflow, chatId)}`, {
      query: { user_id: this.userId },
    });
  }

  /** A page of what is stored after a `seq`. */
  events(workflow: string, chatId: string, after = 0, limit = 100): Promise<EventsPage> {
    return this.#requests.json("GET", `${this.#chat(workflow, chatId)}/events`, {
      query: { user_id: this.userId, after, limit },
    });
  }

  send(
    workflow: string,
    chatId: string,
    text: string,
    options: {
      readonly clientMessageId?: string;
      readonly requestId?: string;
      readonly onBusy?: "enqueue" | "interrupt" | "reject";
    } = {},
  ): Promise<SentMessage> {
    return this.#requests.json("POST", `${this.#chat(workflow, chatId)}/messages`, {
      body: {
        user_id: this.userId,
        text,
        client_message_id: options.clientMessageId,
        request_id: options.requestId,
        on_busy: options.onBusy,
      },
    });
  }

  answer(workflow: string, chatId: string, requestId: string, response: JsonValue): Promise<AnsweredRequest> {
    return this.#answers(workflow, chatId, { request_id: requestId, response });
  }

  approve(
    workflow: string,
    chatId: string,
    requestId: string,
    approved: boolean,
    reason?: string,
  ): Promise<AnsweredRequest> {
    return this.#answers(workflow, chatId, { request_id: requestId, approved, reason });
  }

  /** Stop a chat. Safe to repeat. */
  cancel(workflow: string, chatId: string): Promise<CancelledChat> {
    return this.#requests.json("POST", `${this.#chat(workflow, chatId)}/cancel`, { body: { user_id: this.userId } });
  }

  /** Run a chat again that failed or timed out: it goes on from its last safe point. */
  retry(workflow: string, chatId: string): Promise<RetriedChat> {
    return this.#requests.json("POST", `${this.#chat(workflow, chatId)}/retry`, { body: { user_id: this.userId } });
  }

  /** Turns, model calls, tools and waits of a chat, for holders of the scope `trace`: a part of its log at a time. */
  trace(workflow: string, chatId: string, after = 0): Promise<ChatTrace> {
    return this.#requests.json("GET", `${this.#chat(workflow, chatId)}/trace`, {
      query: { user_id: this.userId, after },
    });
  }

  /** Erase a chat and all that belongs to it. Ask again until it is `complete`. */
  eraseChat(workflow: string, chatId: string): Promise<ErasedChat> {
    return this.#requests.json("DELETE", this.#chat(workflow, chatId), { query: { user_id: this.userId } });
  }

  /** Erase everything of the user. Ask again until it is `complete`. */
  eraseUser(): Promise<ErasedUser> {
    return this.#requests.json("DELETE", `/api/users${pathOf(this.appId, this.userId)}`);
  }

  /** A page of everything that is kept of the user; `cursor` is the former page's. */
  async exportPage(cursor: string | null = null): Promise<ExportPage> {
    const path = `/api/users${pathOf(this.appId, this.userId)}/export`;
    const lines = await this.#requests.jsonLines<ExportedLine>("GET", path, { query: { cursor } });
    const end = lines.at(-1);
    if (end?.kind !== "page")
      throw new MozaiksError("UNREACHABLE", `GET ${path}: the answer ended before its last line`);
    const next = end.next_cursor;
    return { lines: lines.slice(0, -1), nextCursor: typeof next === "string" ? next : null };
  }

  /** Everything that is kept of the user, line by line. */
  async *exportUser(): AsyncGenerator<ExportedLine, void, undefined> {
    let cursor: string | null = null;
    do {
      const page: ExportPage = await this.exportPage(cursor);
      yield* page.lines;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  startJourney(journey: string, options: Omit<StartOptions, "forceNew"> = {}): Promise<StartedJourneyRun> {
    return this.#requests.json("POST", `/api/journeys${pathOf(this.appId, journey)}/start`, {
      body: {
        user_id: this.userId,
        client_request_id: options.clientRequestId,
        initial_message: options.initialMessage,
      },
    });
  }

  /** The user's runs of journeys, newest first. */
  journeys(options: Omit<ListOptions, "status"> = {}): Promise<JourneyPage> {
    return this.#requests.json("GET", `/api/journeys${pathOf(this.appId)}`, {
      query: { user_id: this.userId, limit: options.limit, before: options.before },
    });
  }

  /** A run of a journey, with its groups, their members, and the chats of these. */
  journey(journeyRunId: string): Promise<JourneyRun> {
    return this.#requests.json("GET", `/api/journeys${pathOf(this.appId, journeyRunId)}`, {
      query: { user_id: this.userId },
    });
  }

  /** Takes up again the members of a blocked run that did not complete. */
  retryJourney(journeyRunId: string): Promise<JourneyRun> {
    return this.#requests.json("POST", `/api/journeys${pathOf(this.appId, journeyRunId)}/retry`, {
      body: { user_id: this.userId },
    });
  }

  /** Ends a run and all its chats. Safe to repeat. */
  cancelJourney(journeyRunId: string): Promise<JourneyRun> {
    return this.#requests.json("POST", `/api/journeys${pathOf(this.appId, journeyRunId)}/cancel`, {
      body: { user_id: this.userId },
    });
  }

  theme(): Promise<ThemeView> {
    return this.#requests.json("GET", `/api/themes${pathOf(this.appId)}`);
  }

  /** Sets the theme, for administrators of the app. */
  saveTheme(theme: NewTheme): Promise<ThemeView> {
    return this.#requests.json("PUT", `/api/themes${pathOf(this.appId)}`, { body: theme });
  }

  /** Runs, tokens and durations of a chat, for those who may oversee the app. */
  performance(chatId: string): Promise<ChatPerformance> {
    return this.#requests.json("GET", `/metrics/perf/chats${pathOf(chatId)}`, { query: { app_id: this.appId } });
  }

  /** The same over all chats of the app. */
  figures(): Promise<Aggregate> {
    return this.#requests.json("GET", "/metrics/perf/aggregate", { query: { app_id: this.appId } });
  }

  /** What is known of the user's secrets; never what they are. */
  secrets(): Promise<SecretPage> {
    return this.#requests.json("GET", `/api/secrets${pathOf(this.appId, this.userId)}`);
  }

  saveSecret(name: string, value: string): Promise<SecretMetadata> {
    return this.#requests.json("PUT", `/api/secrets${pathOf(this.appId, this.userId, name)}`, { body: { value } });
  }

  deleteSecret(name: string): Promise<ForgottenSecret> {
    return this.#requests.json("DELETE", `/api/secrets${pathOf(this.appId, this.userId, name)}`);
  }

  #answers(workflow: string, chatId: string, answer: object): Promise<AnsweredRequest> {
    return this.#requests.json("POST", `${this.#chat(workflow, chatId)}/answers`, {
      body: { user_id: this.userId, ...answer },
    });
  }

  #chat(workflow: string, chatId: string): string {
    return `/api/chats${pathOf(this.appId, workflow, chatId)}`;
  }
}
