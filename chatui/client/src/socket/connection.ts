/**
 * One socket after the other, for as long as the client is open: opens, watches over, replaces and gives them up. What
 * the frames say is others' business.
 */

import { MozaiksError } from "../errors.js";
import type { ConnectionState, Problem } from "../state/types.js";
import { type Backoff, pause } from "./backoff.js";
import type { Surroundings } from "./surroundings.js";

/** What is used of a socket: a browser's, Node's, or that of the package ws. */
export interface SocketLike {
  readonly readyState: number;
  // biome-ignore lint/suspicious/noExplicitAny: the three have no type of event in common
  addEventListener(type: "open" | "message" | "close" | "error", listener: (event: any) => void): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type SocketClass = new (url: string, protocols?: string[]) => SocketLike;

/** Milliseconds. */
export interface Timing {
  /** A handshake may take so long. */
  readonly openMs: number;
  /** A socket on which nothing is heard for so long is asked whether it still works. The gateway closes it at 10 min. */
  readonly pingMs: number;
  /** So long it may take to answer. */
  readonly pongMs: number;
  /** A socket this old is replaced, while it still works. The gateway closes it at 2 h. */
  readonly renewMs: number;
}

export interface ConnectionOptions {
  readonly address: () => string;
  /** The token to use; `refused` is one the server did not take. */
  readonly token: (refused: string | null) => Promise<string | null>;
  /** Asks over HTTP whether the chat is there: a browser is not told why a handshake failed. */
  readonly inquire: () => Promise<unknown>;
  readonly heard: (text: string) => void;
  /** A socket is open; `again`: it replaces one that still worked. */
  readonly opened: () => void;
  readonly changed: (state: ConnectionState) => void;
  readonly socketClass: SocketClass;
  readonly surroundings: Surroundings;
  readonly timing: Timing;
  readonly backoff: Backoff;
}

const OPEN = 1;
const POLICY_VIOLATION = 1008;
/** A renewal that failed is tried again after this part of a socket's age. */
const RENEWALS = 50;
/** Trying again does not help against these. */
const FINAL = new Set([403, 404, 409, 422]);
const IDLE: ConnectionState = { phase: "idle", attempt: 0, retryAt: null, problem: null };

type Timer = ReturnType<typeof setTimeout>;

export class Connection {
  readonly #options: ConnectionOptions;
  #state: ConnectionState = IDLE;
  #socket: SocketLike | null = null;
  #successor: SocketLike | null = null;
  /** Counts attempts: what an older one still has to say is not heard. */
  #round = 0;
  #token: string | null = null;
  #refused: string | null = null;
  #refusals = 0;
  #retry: Timer | undefined;
  #idle: Timer | undefined;
  #pong: Timer | undefined;
  #renewal: Timer | undefined;
  #unwatch: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  connect(): void {
    if (!["idle", "closed", "refused"].includes(this.#state.phase)) return;
    this.#unwatch ??= this.#options.surroundings.watch({
      woke: () => this.#woke(),
      wentOffline: () => this.#wentOffline(),
    });
    this.#refusals = 0;
    this.#try(0);
  }

  close(): void {
    if (this.#state.phase === "closed") return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#abandon();
    this.#set({ phase: "closed", attempt: 0, retryAt: null, problem: null });
  }

  /** Whether the text went out. */
  send(text: string): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    try {
      this.#socket.send(text);
    } catch {
      // Closed since; its own event tells.
      return false;
    }
    return true;
  }

  /** The server has greeted: the next failure is a first one. */
  succeeded(): void {
    this.#refusals = 0;
    this.#refused = null;
    if (this.#state.attempt > 0 || this.#state.problem !== null) {
      this.#set({ ...this.#state, attempt: 0, problem: null });
    }
  }

  /** The server said that the token is no good any more. */
  tokenExpired(): void {
    this.#refused = this.#token;
  }

  /** Gives the socket up and opens another: this one does not do its work. */
  replace(): void {
    if (this.#socket !== null) this.#lost(this.#socket);
  }

  /** Asks for a sign of life. */
  probe(): void {
    if (this.#socket === null || this.#pong !== undefined) return;
    const socket = this.#socket;
    this.send('{"type":"ping"}');
    this.#pong = setTimeout(() => this.#lost(socket), this.#options.timing.pongMs);
  }

  #try(attempt: number, problem: Problem | null = null): void {
    clearTimeout(this.#retry);
    if (!this.#options.surroundings.isOnline()) {
      this.#set({ phase: "offline", attempt, retryAt: null, problem });
      return;
    }
    this.#set({ phase: "connecting", attempt, retryAt: null, problem });
    this.#round += 1;
    void this.#open(this.#round, attempt);
  }

  async #open(round: number, attempt: number): Promise<void> {
    let socket: SocketLike;
    try {
      socket = await this.#newSocket();
    } catch (cause) {
      if (round === this.#round) this.#failed(attempt, MozaiksError.from(cause, "the token could not be had"));
      return;
    }
    if (round !== this.#round) {
      socket.close();
      return;
    }
    this.#listen(socket, round, attempt);
  }

  async #newSocket(): Promise<SocketLike> {
    const token = await this.#options.token(this.#refused);
    if (this.#refused !== null && (token === null || token === this.#refused)) {
      throw new MozaiksError("TOKEN_EXPIRED", "the token is not taken any more, and there is no other one", {
        status: 401,
      });
    }
    this.#token = token;
    return new this.#options.socketClass(this.#options.address(), token === null ? [] : ["bearer", token]);
  }

  #listen(socket: SocketLike, round: number, attempt: number): void {
    let over = false;
    const failed = (): void => {
      if (over || round !== this.#round) return;
      over = true;
      clearTimeout(late);
      socket.close();
      void this.#inquire(round, attempt);
    };
    const late = setTimeout(failed, this.#options.timing.openMs);
    socket.addEventListener("open", () => {
      if (over || round !== this.#round) return socket.close();
      over = true;
      clearTimeout(late);
      this.#adopt(socket);
    });
    socket.addEventListener("error", failed);
    socket.addEventListener("close", failed);
  }

  /** Why was the handshake refused? */
  async #inquire(round: number, attempt: number): Promise<void> {
    let problem: MozaiksError | null = null;
    try {
      await this.#options.inquire();
    } catch (cause) {
      problem = MozaiksError.from(cause, "the chat cannot be asked for");
    }
    if (round !== this.#round || this.#state.phase !== "connecting") return;
    if (problem?.status === 401) this.#refused = this.#token;
    this.#failed(attempt, problem);
  }

  #failed(attempt: number, problem: MozaiksError | null): void {
    const told = problem === null ? null : problem.toProblem();
    if (problem?.status === 401) this.#refusals += 1;
    if (problem !== null && (FINAL.has(problem.status) || this.#refusals > 1)) {
      this.#abandon();
      this.#set({ phase: "refused", attempt, retryAt: null, problem: told });
      return;
    }
    if (problem?.status === 401 && this.#refusals === 1) return this.#try(attempt + 1, told);
    this.#wait(attempt, told);
  }

  #wait(attempt: number, problem: Problem | null): void {
    const milliseconds = pause(this.#options.backoff, attempt);
    this.#set({ phase: "waiting", attempt: attempt + 1, retryAt: Date.now() + milliseconds, problem });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#try(attempt + 1, problem), milliseconds);
  }

  /** Takes an open socket in the place of the one before. */
  #adopt(socket: SocketLike): void {
    const former = this.#socket;
    this.#socket = socket;
    this.#successor = null;
    socket.addEventListener("message", (event: { readonly data: unknown }) => {
      if (this.#socket !== socket) return;
      this.#alive();
      if (typeof event.data === "string") this.#options.heard(event.data);
    });
    socket.addEventListener("close", (event: { readonly code: number }) => {
      if (this.#socket !== socket) return;
      if (event.code === POLICY_VIOLATION) this.#refused = this.#token;
      this.#lost(socket);
    });
    former?.close(1000);
    this.#alive();
    const { renewMs } = this.#options.timing;
    clearTimeout(this.#renewal);
    // Not all of those that connected together renew together.
    this.#renewal = setTimeout(() => void this.#renew(), renewMs * (1 - 0.1 * Math.random()));
    this.#set({ phase: "open", attempt: this.#state.attempt, retryAt: null, problem: this.#state.problem });
    this.#options.opened();
  }

  /** Opens the next socket while this one still works. */
  async #renew(): Promise<void> {
    const round = this.#round;
    let socket: SocketLike;
    try {
      socket = await this.#newSocket();
    } catch {
      return this.#renewLater(); // At the latest when the gateway closes the old one, the reason is told.
    }
    if (round !== this.#round || this.#state.phase !== "open") return socket.close();
    this.#successor = socket;
    const current = (): boolean => round === this.#round && this.#successor === socket;
    socket.addEventListener("open", () => (current() ? this.#adopt(socket) : socket.close()));
    const failed = (): void => {
      if (!current()) return;
      this.#successor = null;
      this.#renewLater();
    };
    socket.addEventListener("error", failed);
    socket.addEventListener("close", failed);
  }

  #renewLater(): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => void this.#renew(), this.#options.timing.renewMs / RENEWALS);
  }

  #lost(socket: SocketLike): void {
    if (this.#socket !== socket) return;
    const { attempt } = this.#state;
    this.#abandon();
    if (this.#refused !== null) {
      this.#refusals += 1;
      if (this.#refusals <= 1) return this.#try(attempt);
      const problem = new MozaiksError("TOKEN_EXPIRED", "the server takes no token of ours", { status: 401 });
      this.#set({ phase: "refused", attempt, retryAt: null, problem: problem.toProblem() });
      return;
    }
    if (this.#options.surroundings.isOnline()) this.#wait(attempt, null);
    else this.#set({ phase: "offline", attempt, retryAt: null, problem: null });
  }

  /** Lets go of every socket and timer. */
  #abandon(): void {
    this.#round += 1;
    for (const timer of [this.#retry, this.#idle, this.#pong, this.#renewal]) clearTimeout(timer);
    this.#pong = undefined;
    const sockets = [this.#socket, this.#successor];
    this.#socket = null;
    this.#successor = null;
    for (const socket of sockets) socket?.close();
  }

  /** Something was heard. */
  #alive(): void {
    clearTimeout(this.#pong);
    clearTimeout(this.#idle);
    this.#pong = undefined;
    this.#idle = setTimeout(() => this.probe(), this.#options.timing.pingMs);
  }

  #woke(): void {
    const { phase } = this.#state;
    if (phase === "open") this.probe();
    else if (phase === "waiting" || phase === "offline") this.#try(0);
  }

  #wentOffline(): void {
    const { phase, attempt } = this.#state;
    // An open socket may live on: it is asked when the network is back.
    if (phase !== "waiting" && phase !== "connecting") return;
    this.#abandon();
    this.#set({ phase: "offline", attempt, retryAt: null, problem: null });
  }

  #set(state: ConnectionState): void {
    this.#state = state;
    this.#options.changed(state);
  }
}
