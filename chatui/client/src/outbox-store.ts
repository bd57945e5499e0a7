/** What is not confirmed, kept over a reload. */

import type { Kept } from "./outbox.js";
import { isObject, parsed } from "./protocol/json.js";

/** Such as `sessionStorage`. */
export interface KeyValueStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export function kept(store: KeyValueStore | undefined, chatId: string): Kept[] {
  const text = store?.getItem(keyOf(chatId)) ?? null;
  const list = text === null ? [] : parsed(text);
  if (!Array.isArray(list)) return [];
  return list.filter(isKept).map(({ outgoing, frame }) => ({ outgoing: { ...outgoing, status: "queued" }, frame }));
}

/** Leaves out what failed: it was told. A store that is full keeps what it had. */
export function keep(store: KeyValueStore | undefined, chatId: string, list: readonly Kept[]): void {
  const open = list.filter(({ outgoing }) => outgoing.status !== "failed");
  if (open.length === 0) return forget(store, chatId);
  try {
    store?.setItem(keyOf(chatId), JSON.stringify(open));
  } catch {
    // Then a reload forgets it: the page still has it, and sends it.
  }
}

export function forget(store: KeyValueStore | undefined, chatId: string): void {
  store?.removeItem(keyOf(chatId));
}

function keyOf(chatId: string): string {
  return `mozaiks:outbox:${chatId}`;
}

function isKept(value: unknown): value is Kept {
  return isObject(value) && isObject(value.outgoing) && isObject(value.frame) && typeof value.outgoing.id === "string";
}
