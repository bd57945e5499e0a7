/** One chat: its state, and what can be asked of it. */

import type { Command, SendOptions, WorkflowRun } from "./commands.js";
import { MozaiksError } from "./errors.js";
import type { MozaiksApi, StartOptions } from "./http/api.js";
import type { RetriedChat } from "./http/models.js";
import { Inbox } from "./inbox.js";
import { Outbox } from "./outbox.js";
import { forget, type KeyValueStore, keep, kept } from "./outbox-store.js";
import type {
  ChatMetaFrame,
  ChatWorkflowBatchStartedData,
  ChatWorkflowStartedData,
  ClientFrame,
  JsonObject,
  JsonValue,
  ServerFrame,
} from "./protocol/frames.js";
import { newId } from "./protocol/ids.js";
import { framesOf, isGatewayFrame } from "./protocol/wire.js";
import { socketAddress } from "./socket/address.js";
import { BACKOFF, type Backoff } from "./socket/backoff.js";
import { Connection, type SocketClass, type Timing } from "./socket/connection.js";
import { SURROUNDINGS, type Surroundings } from "./socket/surroundings.js";
import { initialState } from "./state/initial.js";
import { reduce } from "./state/reduce.js";
import type { ChatState, OutgoingKind } from "./state/types.js";

export interface OpenOptions {
  /** `websocket_url` of the start answer. Without it, the API is asked. */
  readonly websocketUrl?: string;
  /** Keeps what is not confirmed over a reload, such as `sessionStorage`. */
  readonly store?: KeyValueStore;
  readonly timing?: Partial<ClientTiming>;
  readonly backoff?: Backoff;
  /** In the place of the global one, where there is none. */
  readonly WebSocket?: SocketClass;
  readonly surroundings?: Surroundings;
}

export interface ChatClientOptions extends OpenOptions {
  readonly api: MozaiksApi;
  readonly workflow: string;
  readonly chatId: string;
  readonly websocketUrl: string;
}

/** Milliseconds. */
export interface ClientTiming extends Timing {
  /** A missing event may be so late before it is asked for; asked again with doubling pauses. */
  readonly gapMs: number;
  /** The server may be silent for so long after connecting before the client says hello. */
  readonly greetMs: number;
}

const TIMING: ClientTiming = {
  openMs: 15_000,
  pingMs: 240_000,
  pongMs: 10_000,
  renewMs: 110 * 60_000,
  gapMs: 150,
  greetMs: 2_000,
};
const LONGEST_GAP_PAUSE_MS = 5_000;
const MOST_HELLOS = 4;
const SILENCE_MS = 8_000;

type Timer = ReturnType<typeof setTimeout>;

export class ChatClient {
  readonly chatId: string;
  readonly workflow: string;
  readonly #api: MozaiksApi;
  readonly #timing: ClientTiming;
  readonly #url: string;
  readonly #store: KeyValueStore | undefined;
  readonly #connection: Connection;
  readonly #inbox: Inbox;
  readonly #outbox = new Outbox();
  readonly #unkept = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #watchers = new Set<(frame: ServerFrame) => void>();
  #state: ChatState;
  #gapPause: number;
  #gapTimer: Timer | undefined;
  #greetTimer: Timer | undefined;
  #outboxTimer: Timer | undefined;
  #silenceTimer: Timer | undefined;
  #hellos = 0;

  constructor(options: ChatClientOptions) {
    const socketClass = options.WebSocket ?? (globalThis.WebSocket as SocketClass | undefined);
    if (socketClass === undefined) {
      throw new MozaiksError("UNREACHABLE", "there is no WebSocket here: hand one in, such as that of the package ws");
    }
    this.chatId = options.chatId;
    this.workflow = options.workflow;
    this.#api = options.api;
    this.#url = options.websocketUrl;
    this.#store = options.store;
    this.#timing = { ...TIMING, ...options.timing };
    this.#gapPause = this.#timing.gapMs;
    this.#state = initialState(options.chatId);
    this.#inbox = new Inbox({
      fetch: (seq) => this.#fetch(seq),
      meta: () => this.#fetchMeta(),
      ready: (frames) => this.#apply(frames),
      backoff: options.backoff ?? BACKOFF,
    });
    this.#connection = new Connection({
      address: () => socketAddress(this.#url, this.#inbox.lastSeq),
      token: (refused) => this.#api.token(refused),
      inquire: () => this.#api.meta(this.workflow, this.chatId),
      heard: (text) => this.#heard(text),
      opened: () => this.#opened(),
      changed: () => this.#connectionChanged(),
      socketClass,
      surroundings: options.surroundings ?? SURROUNDINGS,
      timing: this.#timing,
      backoff: options.backoff ?? BACKOFF,
    });
    this.subscribe = this.subscribe.bind(this);
    this.getSnapshot = this.getSnapshot.bind(this);
    for (const each of kept(this.#store, this.chatId)) this.#outbox.put(each.outgoing, each.frame);
    if (this.#outbox.list().length > 0) this.#state = { ...this.#state, outgoing: this.#outbox.list() };
  }

  /** Opens a chat of a workflow, or the one that has not begun, and connects. */
  static async start(api: MozaiksApi, workflow: string, options: StartOptions & OpenOptions = {}): Promise<ChatClient> {
    const started = await api.start(workflow, options);
    const { chat_id: chatId, websocket_url: websocketUrl, workflow_name: name } = started;
    return ChatClient.open(api, name, chatId, { websocketUrl, ...options });
  }

  /** Connects to a chat that is there. */
  static async open(api: MozaiksApi, workflow: string, chatId: string, options: OpenOptions = {}): Promise<ChatClient> {
    const websocketUrl = options.websocketUrl ?? (await api.socketUrl(workflow, chatId));
    const client = new ChatClient({ ...options, api, workflow, chatId, websocketUrl });
    client.connect();
    return client;
  }

  getSnapshot(): ChatState {
    return this.#state;
  }

  /** Calls back after each change of the state; returns what stops it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back with each frame as it was applied: durable ones each once and in order. */
  onEvent(watcher: (frame: ServerFrame) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  connect(): void {
    this.#connection.connect();
  }

  /** Closes the socket. The chat goes on, and what is not confirmed is kept for the next `connect`. */
  close(): void {
    this.#connection.close();
  }

  /** Looks at once whether the connection works, as when the machine wakes. */
  probe(): void {
    this.#connection.probe();
  }

  send(text: string, options: SendOptions = {}): Command {
    const id = options.id ?? newId();
    const { requestId, onBusy } = options;
    return this.#command(
      id,
      "message",
      { text, requestId: requestId ?? null },
      {
        type: "user.input.submit",
        text,
        client_message_id: id,
        ...(requestId === undefined ? {} : { request_id: requestId }),
        ...(onBusy === undefined ? {} : { on_busy: onBusy }),
      },
    );
  }

  /** Answers a component, or a request for input with any JSON value. */
  answer(requestId: string, response: JsonValue): Command {
    const id = newId();
    // What is kept as a secret is not written down here either: it is asked for again after a reload.
    const asked = this.#state.pending.find((each) => each.requestId === requestId);
    if (asked !== undefined && asked.secretFields.length > 0) this.#unkept.add(id);
    return this.#command(id, "answer", { requestId }, { type: "ui_tool_response", eventId: requestId, response });
  }

  approve(requestId: string, approved: boolean, reason?: string): Command {
    return this.#command(
      newId(),
      "approval",
      { requestId },
      {
        type: "chat.approval",
        eventId: requestId,
        approved,
        ...(reason === undefined ? {} : { reason }),
      },
    );
  }

  /** Sets context variables that the manifest lets clients set, all of them or none. */
  componentAction(componentId: string, actionType: string, set: JsonObject): Command {
    const id = newId();
    return this.#command(
      id,
      "component_action",
      {},
      {
        type: "chat.component_action",
        component_id: componentId,
        action_type: actionType,
        set,
        client_message_id: id,
      },
    );
  }

  /** Ends the chat. Kept as a command until the chat has ended. */
  cancel(): Command {
    const asked = this.#outbox.list().find((each) => each.kind === "cancel" && each.status !== "failed");
    const same = asked === undefined ? undefined : this.#outbox.command(asked.id);
    if (same !== undefined) return same as Command;
    return this.#command(newId(), "cancel", {}, { type: "chat.cancel" });
  }

  /** Runs the chat again, if it failed or timed out. */
  retry(): Promise<RetriedChat> {
    return this.#api.retry(this.workflow, this.chatId);
  }

  /** Starts a chat of a workflow. Open it with a client of its own: this one is of this chat. */
  startWorkflow(
    workflowName: string,
    options: { readonly initialMessage?: string } = {},
  ): Command<ChatWorkflowStartedData> {
    const id = newId();
    return this.#command(
      id,
      "start_workflow",
      {},
      {
        type: "chat.start_workflow",
        client_message_id: id,
        workflow_name: workflowName,
        ...(options.initialMessage === undefined ? {} : { initial_message: options.initialMessage }),
      },
    );
  }

  startWorkflows(runs: readonly WorkflowRun[]): Command<ChatWorkflowBatchStartedData> {
    const id = newId();
    return this.#command(
      id,
      "start_workflow_batch",
      {},
      {
        type: "chat.start_workflow_batch",
        client_message_id: id,
        runs: runs.map(({ workflowName, initialMessage }) => ({
          workflow_name: workflowName,
          ...(initialMessage === undefined ? {} : { initial_message: initialMessage }),
        })),
      },
    );
  }

  /** Forgets a command that failed, or one that is not to be sent any more. */
  dismiss(id: string): void {
    const error = new MozaiksError("CLOSED", "the command was dismissed before it was confirmed");
    if (this.#outbox.dismiss(id, error)) this.#outboxChanged();
  }

  #command<T = void>(
    id: string,
    kind: OutgoingKind,
    about: { readonly text?: string; readonly requestId?: string | null },
    frame: ClientFrame,
  ): Command<T> {
    const { text = null, requestId = null } = about;
    const outgoing = { id, kind, text, requestId, status: "queued", problem: null, createdAt: Date.now() } as const;
    const command = this.#outbox.put(outgoing, frame);
    const { status } = this.#state;
    if (kind === "cancel" && status !== null && !["created", "running", "waiting"].includes(status)) {
      this.#outbox.confirm(id);
    }
    this.#flush();
    // What confirms a command of this kind is what the caller of this says it is.
    return command as Command<T>;
  }

  #heard(text: string): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = undefined;
    for (const frame of framesOf(text)) {
      if (isGatewayFrame(frame)) {
        // Some frame of ours was not carried out, and nobody says which.
        this.#outbox.again(Date.now() + 1_000);
        this.#schedule();
      } else if (frame.chat_id === this.chatId || frame.chat_id === null) {
        if (frame.type === "error" && frame.data.code === "TOKEN_EXPIRED") this.#connection.tokenExpired();
        this.#inbox.take(frame);
      }
    }
    this.#inbox.deliver();
    this.#askForGap();
  }

  /** Frames in order: the state takes them, and whoever watches. */
  #apply(frames: readonly ServerFrame[]): void {
    const now = Date.now();
    let outgoing = false;
    for (const frame of frames) {
      outgoing = this.#outbox.heard(frame, now) || outgoing;
      if (frame.type === "chat_meta") this.#connection.succeeded();
      if (frame.type === "chat.resume_boundary") this.#caughtUp();
    }
    let state = reduce(this.#state, frames);
    if (outgoing) state = { ...state, outgoing: this.#outbox.list() };
    this.#set(state);
    for (const watcher of this.#watchers) for (const frame of frames) watcher(frame);
    if (outgoing) this.#outboxChanged();
    else this.#schedule();
  }

  #opened(): void {
    this.#hellos = 0;
    this.#outbox.again();
    this.#waitForGreeting();
    this.#flush();
  }

  #connectionChanged(): void {
    const { state } = this.#connection;
    const open = state.phase === "open";
    if (!open) {
      for (const timer of [this.#gapTimer, this.#greetTimer, this.#outboxTimer, this.#silenceTimer])
        clearTimeout(timer);
      this.#gapTimer = undefined;
      this.#silenceTimer = undefined;
      this.#outbox.disconnected();
    }
    const outgoing = this.#outbox.list().length > 0 ? this.#outbox.list() : this.#state.outgoing;
    this.#set({ ...this.#state, connection: state, caughtUp: open && this.#state.caughtUp, outgoing });
  }

  #waitForGreeting(): void {
    clearTimeout(this.#greetTimer);
    this.#greetTimer = setTimeout(
      () => {
        if (this.#hellos >= MOST_HELLOS) return this.#connection.replace();
        this.#hellos += 1;
        this.#say("client.hello");
        this.#waitForGreeting();
      },
      this.#timing.greetMs * 2 ** this.#hellos,
    );
  }

  #caughtUp(): void {
    clearTimeout(this.#greetTimer);
  }

  /** What is missing may still be on its way; then it is asked for. */
  #askForGap(): void {
    if (!this.#inbox.gap) {
      clearTimeout(this.#gapTimer);
      this.#gapTimer = undefined;
      this.#gapPause = this.#timing.gapMs;
    } else if (this.#gapTimer === undefined) {
      const before = this.#inbox.lastSeq;
      this.#gapTimer = setTimeout(() => {
        this.#gapTimer = undefined;
        if (!this.#inbox.gap) return;
        // Events that come in, though not the last, are a replay that is under way.
        if (this.#inbox.lastSeq === before) {
          this.#gapPause = Math.min(LONGEST_GAP_PAUSE_MS, this.#gapPause * 2);
          this.#say("client.resume");
        }
        this.#askForGap();
      }, this.#gapPause);
    }
  }

  #say(type: "client.hello" | "client.resume"): void {
    this.#connection.send(JSON.stringify({ type, last_seq: this.#inbox.lastSeq, batch: true }));
  }

  /** Sends what is due, if there is a socket. */
  #flush(): void {
    if (this.#connection.state.phase === "open") {
      const { caughtUp, pending } = this.#state;
      if (caughtUp) this.#outbox.settle((id) => pending.some((each) => each.requestId === id), Date.now());
      for (const text of this.#outbox.take(Date.now())) {
        if (!this.#connection.send(text)) break; // It goes again on the next socket.
        this.#listenForAnswer();
      }
    }
    this.#outboxChanged();
  }

  /** Silence after a command may be a dead socket. */
  #listenForAnswer(): void {
    this.#silenceTimer ??= setTimeout(() => {
      this.#silenceTimer = undefined;
      this.#connection.probe();
    }, SILENCE_MS);
  }

  #outboxChanged(): void {
    const lasting = this.#outbox.kept().filter((each) => !this.#unkept.has(each.outgoing.id));
    if (lasting.length > 0) keep(this.#store, this.chatId, lasting);
    else forget(this.#store, this.chatId);
    this.#set({ ...this.#state, outgoing: this.#outbox.list() });
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#outboxTimer);
    const due = this.#outbox.nextDue();
    if (due === null || this.#connection.state.phase !== "open") return;
    this.#outboxTimer = setTimeout(() => this.#flush(), Math.max(0, due - Date.now()));
  }

  async #fetch(seq: number): Promise<ServerFrame | undefined> {
    const page = await this.#api.events(this.workflow, this.chatId, seq - 1, 1);
    return page.events[0];
  }

  async #fetchMeta(): Promise<ChatMetaFrame["data"]> {
    const meta = await this.#api.meta(this.workflow, this.chatId);
    return { kind: "chat_meta", ...(meta as unknown as Omit<ChatMetaFrame["data"], "kind">) };
  }

  #set(state: ChatState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
