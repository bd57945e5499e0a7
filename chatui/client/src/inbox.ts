/**
 * Frames on their way from the socket to the state: in order, and whole. A reference in the place of an event that was
 * too large is fetched over HTTP; the events after it wait, so that the order holds.
 */

import type { ChatMetaData, ChatMetaFrame, ServerFrame } from "./protocol/frames.js";
import { isOversize, type OversizeFrame, seqOf } from "./protocol/wire.js";
import { type Backoff, pause } from "./socket/backoff.js";
import { InOrder } from "./socket/order.js";

export interface InboxOptions {
  /** The stored event of a `seq`. */
  readonly fetch: (seq: number) => Promise<ServerFrame | undefined>;
  readonly meta: () => Promise<ChatMetaData>;
  readonly ready: (frames: readonly ServerFrame[]) => void;
  readonly backoff: Backoff;
}

const MOST_TRIES = 6;

export class Inbox {
  readonly #options: InboxOptions;
  readonly #order = new InOrder();
  #queue: ServerFrame[] = [];
  #fetching = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  get lastSeq(): number {
    return this.#order.lastSeq;
  }

  get gap(): boolean {
    return this.#order.gap;
  }

  /** Puts a frame in its place. `deliver` hands on what is ready: once for all frames of a message. */
  take(frame: ServerFrame): void {
    this.#queue.push(...this.#order.accept(frame));
  }

  deliver(): void {
    if (this.#fetching) return;
    const stop = this.#queue.findIndex((frame) => isOversize(frame));
    const ready = stop === -1 ? this.#queue : this.#queue.slice(0, stop);
    const reference = stop === -1 ? undefined : this.#queue[stop];
    this.#queue = stop === -1 ? [] : this.#queue.slice(stop + 1);
    if (ready.length > 0) this.#options.ready(ready);
    if (reference !== undefined) void this.#resolve(reference);
  }

  async #resolve(reference: ServerFrame): Promise<void> {
    this.#fetching = true;
    const whole = await this.#whole(reference as unknown as OversizeFrame);
    this.#fetching = false;
    if (whole !== null) this.#queue.unshift(...this.#settled(whole));
    this.deliver();
  }

  /** The frame a reference stands for; null for a draft, whose text comes as a whole. */
  async #whole(reference: OversizeFrame): Promise<ServerFrame | null> {
    const seq = seqOf(reference as unknown as ServerFrame);
    for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
      try {
        if (seq !== undefined) {
          const found = await this.#options.fetch(seq);
          if (found !== undefined && seqOf(found) === seq) return found;
        } else if (reference.type === "chat_meta") {
          return { ...reference, data: await this.#options.meta() } as ChatMetaFrame;
        } else {
          return null;
        }
      } catch {
        // Tried again; what cannot be had in the end is told as what it is.
      }
      await new Promise((resolve) => setTimeout(resolve, pause(this.#options.backoff, attempt)));
    }
    return seq === undefined ? null : unavailable(reference, seq);
  }

  /** A greeting that was fetched may announce events, too. */
  #settled(frame: ServerFrame): ServerFrame[] {
    return frame.type === "chat_meta" ? this.#order.accept(frame) : [frame];
  }
}

/** Holds the place of an event that could not be fetched, and says so. */
function unavailable({ chat_id, event_id, timestamp, type, data }: OversizeFrame, seq: number): ServerFrame {
  const message = `an event of ${data.bytes} bytes (${type}) could not be fetched; load the chat again`;
  return {
    type: "chat.error",
    chat_id,
    seq,
    event_id,
    timestamp,
    data: { kind: "error", code: "UNREACHABLE", message, severity: "warning", retryable: true, details: { seq } },
  };
}
