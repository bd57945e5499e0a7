/** A state on its way to the next one: each list is copied once, however many frames change it. */

import type { ChatState, Notes, TimelineItem } from "./types.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Edit {
  /** As it is so far. Assign to its fields; use the methods for the timeline. */
  readonly next: Mutable<ChatState>;

  readonly #before: ChatState;

  constructor(state: ChatState) {
    this.next = { ...state };
    this.#before = state;
  }

  get changed(): boolean {
    const fields = Object.keys(this.next) as (keyof ChatState)[];
    return fields.some((field) => this.next[field] !== this.#before[field]);
  }

  push(item: TimelineItem): void {
    this.#own().push(item);
  }

  /** Replaces the newest item that `is` picks by what `change` makes of it. */
  replace<T extends TimelineItem>(is: (item: TimelineItem) => item is T, change: (item: T) => T): boolean {
    for (let place = this.next.timeline.length - 1; place >= 0; place -= 1) {
      const item = this.next.timeline[place];
      if (item !== undefined && is(item)) {
        this.#own()[place] = change(item);
        return true;
      }
    }
    return false;
  }

  /** Lets `change` look at every item; what it gives back as it was stays. */
  replaceAll(change: (item: TimelineItem) => TimelineItem): void {
    let changed = false;
    const items = this.next.timeline.map((item) => {
      const other = change(item);
      changed ||= other !== item;
      return other;
    });
    if (changed) this.next.timeline = items;
  }

  note(notes: Partial<Notes>): void {
    this.next.notes = { ...this.next.notes, ...notes };
  }

  /** An agent that was heard of. */
  meet(agent: string | null): void {
    if (agent !== null && !this.next.agents.includes(agent)) this.next.agents = [...this.next.agents, agent];
  }

  #own(): TimelineItem[] {
    if (this.next.timeline === this.#before.timeline) this.next.timeline = [...this.next.timeline];
    return this.next.timeline as TimelineItem[];
  }
}
