/**
 * Commands that are sent and not confirmed. To send one again is harmless: it takes effect once per id.
 *
 * Messages go one at a time, in the order they were typed: frames of one socket are carried out side by side.
 */

import type { Command } from "./commands.js";
import { MozaiksError } from "./errors.js";
import type {
  ChatErrorData,
  ChatPrereqBlockedData,
  ChatWorkflowBatchStartedData,
  ChatWorkflowStartedData,
  ClientFrame,
  JsonObject,
  ServerFrame,
} from "./protocol/frames.js";
import { textAt } from "./protocol/json.js";
import type { Outgoing, OutgoingKind } from "./state/types.js";

/** A larger frame closes the socket. */
export const MAX_FRAME_BYTES = 32 * 1024;

const MOST_TRIES = 6;
const FIRST_REPEAT_MS = 10_000;
const LONGEST_REPEAT_MS = 60_000;

interface Entry {
  outgoing: Outgoing;
  readonly command: Command<unknown>;
  readonly text: string;
  readonly frame: JsonObject;
  /** Milliseconds since 1970 from which on it is to be sent; 0: at once. */
  due: number;
  tries: number;
  refusals: number;
  readonly confirm: (answer: unknown) => void;
  readonly refuse: (error: MozaiksError) => void;
}

/** What is kept of a command where pages are reloaded. */
export interface Kept {
  readonly outgoing: Outgoing;
  readonly frame: JsonObject;
}

export class Outbox {
  readonly #entries = new Map<string, Entry>();

  put(outgoing: Outgoing, frame: ClientFrame | JsonObject): Command<unknown> {
    let confirm = (_: unknown): void => undefined;
    let refuse = (_: MozaiksError): void => undefined;
    const confirmed = new Promise<unknown>((resolve, reject) => {
      confirm = resolve;
      refuse = reject;
    });
    // Whoever does not wait for it is told by the state.
    confirmed.catch(() => undefined);
    const text = JSON.stringify(frame);
    const fields = frame as unknown as JsonObject;
    const command = { id: outgoing.id, confirmed };
    this.#entries.set(outgoing.id, {
      outgoing,
      command,
      text,
      frame: fields,
      due: 0,
      tries: 0,
      refusals: 0,
      confirm,
      refuse,
    });
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > MAX_FRAME_BYTES) {
      const message = `the ${outgoing.kind} has ${bytes} bytes; expected at most ${MAX_FRAME_BYTES}`;
      this.#fail(outgoing.id, new MozaiksError("FRAME_TOO_LARGE", message, { status: 413 }));
    }
    return command;
  }

  /** The command of an id that is there. */
  command(id: string): Command<unknown> | undefined {
    return this.#entries.get(id)?.command;
  }

  /** What the state shows, oldest first. */
  list(): readonly Outgoing[] {
    return [...this.#entries.values()].map((entry) => entry.outgoing);
  }

  kept(): Kept[] {
    return [...this.#entries.values()].map(({ outgoing, frame }) => ({ outgoing, frame }));
  }

  /**
   * Confirms answers that were sent and whose request is not open any more: a later answer changes nothing, and the
   * server says nothing to it. Whether there were any.
   */
  settle(isOpen: (requestId: string) => boolean, now: number): boolean {
    const settled = [...this.#entries.values()].filter(
      ({ outgoing: { kind, requestId, status }, tries, due }) =>
        (kind === "answer" || kind === "approval") &&
        status !== "failed" &&
        tries > 0 &&
        due <= now &&
        requestId !== null &&
        !isOpen(requestId),
    );
    for (const { outgoing } of settled) this.confirm(outgoing.id);
    return settled.length > 0;
  }

  /** The texts to send now; they count as sent. */
  take(now: number): string[] {
    const texts: string[] = [];
    let messageGoes = false;
    for (const entry of this.#entries.values()) {
      const { kind, status } = entry.outgoing;
      if (status === "failed") continue;
      const waits = kind === "message" && messageGoes;
      messageGoes ||= kind === "message";
      if (waits || entry.due > now) continue;
      entry.due = now + Math.min(LONGEST_REPEAT_MS, FIRST_REPEAT_MS * 2 ** entry.tries);
      entry.tries += 1;
      entry.outgoing = { ...entry.outgoing, status: "sent" };
      texts.push(entry.text);
    }
    return texts;
  }

  /** Milliseconds since 1970 of the next one to send; null if there is none. */
  nextDue(): number | null {
    let next: number | null = null;
    let messageGoes = false;
    for (const { outgoing, due } of this.#entries.values()) {
      if (outgoing.status === "failed") continue;
      const waits = outgoing.kind === "message" && messageGoes;
      messageGoes ||= outgoing.kind === "message";
      if (!waits) next = next === null ? due : Math.min(next, due);
    }
    return next;
  }

  /** The socket is another one, or gave up on a frame: everything that is not confirmed goes again, from `due` on. */
  again(due = 0): void {
    for (const entry of this.#entries.values()) {
      entry.due = due;
      if (due === 0) entry.tries = 0;
    }
  }

  /** There is no socket: what was sent waits for one. */
  disconnected(): void {
    for (const entry of this.#entries.values()) {
      if (entry.outgoing.status === "sent") entry.outgoing = { ...entry.outgoing, status: "queued" };
    }
  }

  /** Takes note of what `frame` confirms or refuses. Whether anything changed. */
  heard(frame: ServerFrame, now: number): boolean {
    switch (frame.type) {
      case "chat.text":
        return frame.data.role === "user" && this.confirm(frame.data.message_id);
      case "chat.input_ack": {
        const own = this.confirm(frame.data.client_message_id);
        return this.#confirmAnswers(frame.data.request_id) || own;
      }
      case "chat.ui_tool_complete":
        return this.#confirmAnswers(frame.data.request_id);
      case "component_action_ack": {
        const { component_id, action_type } = frame.data;
        return this.#confirmFirst(
          ({ frame: sent }) => sent.component_id === component_id && sent.action_type === action_type,
        );
      }
      case "chat.run_complete":
        return frame.data.status !== "waiting" && this.#confirmFirst(({ outgoing }) => outgoing.kind === "cancel");
      case "chat_meta":
        return (
          !["created", "running", "waiting"].includes(frame.data.status) &&
          this.#confirmFirst(({ outgoing }) => outgoing.kind === "cancel")
        );
      case "error":
        return this.#refused(frame.data, now);
      case "chat.workflow_started":
      case "chat.prereq_blocked":
        return this.#begun(frame.data, "start_workflow");
      case "chat.workflow_batch_started":
        return this.#begun(frame.data, "start_workflow_batch");
      default:
        return false;
    }
  }

  /** Forgets a command. Whether it was there. */
  dismiss(id: string, error: MozaiksError): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    entry.refuse(error);
    return true;
  }

  /** The server has it, and says `answer` to it. Whether it was there. */
  confirm(id: string, answer?: unknown): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    entry.confirm(answer);
    return true;
  }

  #confirmFirst(is: (entry: Entry) => boolean): boolean {
    const found = [...this.#entries.values()].find((entry) => entry.outgoing.status !== "failed" && is(entry));
    return found !== undefined && this.confirm(found.outgoing.id);
  }

  #confirmAnswers(requestId: string): boolean {
    return this.#confirmFirst(
      ({ outgoing }) =>
        outgoing.requestId === requestId && (outgoing.kind === "answer" || outgoing.kind === "approval"),
    );
  }

  /** Chats were started on this socket, or may not be. */
  #begun(
    data: ChatWorkflowStartedData | ChatWorkflowBatchStartedData | ChatPrereqBlockedData,
    kind: OutgoingKind,
  ): boolean {
    const entry = this.#entries.get(data.client_message_id ?? "");
    if (entry?.outgoing.kind !== kind) return false;
    if (data.kind !== "prereq_blocked") return this.confirm(entry.outgoing.id, data);
    const { kind: _, ...details } = data;
    const facts = { status: 409, details: details as unknown as JsonObject };
    this.#fail(entry.outgoing.id, new MozaiksError("PREREQUISITES_MISSING", data.message, facts));
    return true;
  }

  #refused(data: ChatErrorData, now: number): boolean {
    if (data.code === "TOKEN_EXPIRED") return false;
    const entry = this.#named(data.details);
    if (entry === undefined) return false;
    const again = data.retryable && data.code !== "CHAT_BUSY";
    entry.refusals += 1;
    if (again && entry.refusals < MOST_TRIES) {
      entry.due = now + 500 * 2 ** entry.refusals;
      return false;
    }
    this.#fail(
      entry.outgoing.id,
      new MozaiksError(data.code, data.message, { retryable: data.retryable, details: data.details }),
    );
    return true;
  }

  /** Whose command an error speaks of: it names the id, or the command is the one kind that has none. */
  #named(details: JsonObject): Entry | undefined {
    const id = textAt(details, "client_message_id");
    if (id !== null) return this.#entries.get(id);
    const requestId = textAt(details, "eventId");
    if (requestId !== null) {
      return [...this.#entries.values()].find(
        ({ outgoing }) => outgoing.requestId === requestId && outgoing.kind !== "message" && outgoing.status === "sent",
      );
    }
    return [...this.#entries.values()].find(({ outgoing }) => outgoing.status === "sent" && outgoing.kind === "cancel");
  }

  #fail(id: string, error: MozaiksError): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.outgoing = { ...entry.outgoing, status: "failed", problem: error.toProblem() };
    entry.refuse(error);
  }
}
