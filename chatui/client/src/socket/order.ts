/**
 * The three rules that make of at-least-once delivery in any order each durable event once, in order.
 *
 * 1. An event whose `seq` was seen is dropped.
 * 2. An event that is early is held until those before it have come.
 * 3. While something is missing, `gap` says so: whoever owns the socket then asks with `client.resume`.
 */

import type { ChatResumeBoundaryFrame, ServerFrame } from "../protocol/frames.js";
import { isOversize, seqOf } from "../protocol/wire.js";

export class InOrder {
  #lastSeq: number;
  #known: number;
  readonly #held = new Map<number, ServerFrame>();
  #boundary: ChatResumeBoundaryFrame | null = null;

  constructor(lastSeq = 0) {
    this.#lastSeq = lastSeq;
    this.#known = lastSeq;
  }

  /** `seq` up to which everything was given out. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Whether an event is known to be there that has not come. */
  get gap(): boolean {
    return this.#known > this.#lastSeq;
  }

  /**
   * What may be taken now that `frame` came, in order: often just it, sometimes nothing or several. A
   * `chat.resume_boundary` waits for the events that it closes.
   */
  accept(frame: ServerFrame): ServerFrame[] {
    const seq = seqOf(frame);
    if (seq === undefined) return this.#unordered(frame);
    if (seq <= this.#lastSeq) return [];
    if (!this.#held.has(seq)) this.#held.set(seq, frame);
    this.#known = Math.max(this.#known, seq);
    const ready: ServerFrame[] = [];
    for (let next = this.#held.get(this.#lastSeq + 1); next !== undefined; next = this.#held.get(this.#lastSeq + 1)) {
      this.#lastSeq += 1;
      this.#held.delete(this.#lastSeq);
      ready.push(next);
    }
    if (this.#boundary !== null && this.#boundary.data.last_seq <= this.#lastSeq) {
      ready.push(this.#boundary);
      this.#boundary = null;
    }
    return ready;
  }

  #unordered(frame: ServerFrame): ServerFrame[] {
    if (isOversize(frame)) return [frame];
    if (frame.type === "chat_meta") this.#known = Math.max(this.#known, frame.data.last_seq);
    if (frame.type === "chat.resume_boundary") {
      this.#known = Math.max(this.#known, frame.data.last_seq);
      if (frame.data.last_seq > this.#lastSeq) {
        this.#boundary = frame;
        return [];
      }
      this.#boundary = null;
    }
    return [frame];
  }
}
