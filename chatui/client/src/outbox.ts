/**
 * Commands that are sent and not confirmed. To send one again is harmless: it takes effect once per id.
 *
 * Messages go one at a time, in the order they were typed: frames of one socket are carried out side by side.
 */

import type { Command } from "./commands.js";
import { MozaiksError } from "./errors.js";
import type { ChatErrorData, ClientFrame, JsonObject, ServerFrame } from "./protocol/frames.js";
import { isObject, textAt } from "./protocol/json.js";
import type { Outgoing } from "./state/types.js";

/** A larger frame closes the socket. */
export const MAX_FRAME_BYTES = 32 * 1024;

const MOST_TRIES = 6;
const FIRST_REPEAT_MS = 10_000;
const LONGEST_REPEAT_MS = 60_000;

interface Entry {
  outgoing: Outgoing;
  readonly command: Command;
  readonly text: string;
  readonly frame: JsonObject;
  /** Milliseconds since 1970 from which on it is to be sent; 0: at once. */
  due: number;
  tries: number;
  refusals: number;
  readonly confirm: () => void;
  readonly refuse: (error: MozaiksError) => void;
}

/** What is kept of a command where pages are reloaded. */
export interface Kept {
  readonly outgoing: Outgoing;
  readonly frame: JsonObject;
}

export class Outbox {
  readonly #entries = new Map<string, Entry>();

  put(outgoing: Outgoing, frame: ClientFrame | JsonObject): Command {
    let confirm = (): void => undefined;
    let refuse = (_: MozaiksError): void => undefined;
    const confirmed = new Promise<void>((resolve, reject) => {
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
  command(id: string): Command | undefined {
    return this.#entries.get(id)?.command;
  }

  /** What the state shows, oldest first. */
  list(): readonly Outgoing[] {
    return [...this.#entries.values()].map((entry) => entry.outgoing);
  }

  kept(): Kept[] {
    return [...this.#entries.values()].map(({ outgoing, frame }) => ({ outgoing, frame }));
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
      default:
        return this.#begun(frame as unknown as JsonObject);
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

  confirm(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    entry.confirm();
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

  #begun(frame: JsonObject): boolean {
    const data = isObject(frame.data) ? frame.data : {};
    const id = textAt(data, "client_message_id");
    if (id !== null && this.#entries.has(id) && frame.type !== "chat.prereq_blocked") return this.confirm(id);
    if (frame.type === "chat.workflow_started")
      return this.#confirmFirst(({ outgoing }) => outgoing.kind === "start_workflow");
    if (frame.type === "chat.workflow_batch_started") {
      return this.#confirmFirst(({ outgoing }) => outgoing.kind === "start_workflow_batch");
    }
    if (frame.type !== "chat.prereq_blocked") return false;
    const blocked = this.#entries.get(id ?? "") ?? this.#oldest(["start_workflow", "start_workflow_batch"]);
    if (blocked === undefined) return false;
    const message = "other workflows must be completed before this one";
    this.#fail(blocked.outgoing.id, new MozaiksError("PREREQUISITES_MISSING", message, { status: 409, details: data }));
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

  /** Whose command an error speaks of: it names the id, or the command is of a kind that has none. */
  #named(details: JsonObject): Entry | undefined {
    const id = textAt(details, "client_message_id");
    if (id !== null) return this.#entries.get(id);
    const requestId = textAt(details, "eventId");
    if (requestId !== null) {
      return [...this.#entries.values()].find(
        ({ outgoing }) => outgoing.requestId === requestId && outgoing.kind !== "message" && outgoing.status === "sent",
      );
    }
    return this.#oldest(["start_workflow", "start_workflow_batch", "cancel"]);
  }

  #oldest(kinds: readonly string[]): Entry | undefined {
    return [...this.#entries.values()].find(
      ({ outgoing }) => outgoing.status === "sent" && kinds.includes(outgoing.kind),
    );
  }

  #fail(id: string, error: MozaiksError): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.outgoing = { ...entry.outgoing, status: "failed", problem: error.toProblem() };
    entry.refuse(error);
  }
}
