/** Clients of the hand-made backend, closed after each test. */

import { afterEach, beforeEach } from "vitest";
import { WebSocket } from "ws";
import { ChatClient, type ChatClientOptions, MozaiksApi, type TokenSource } from "../../src/index.js";
import type { Surroundings, Watcher } from "../../src/socket/surroundings.js";
import { Backend } from "./backend.js";
import { CHAT } from "./frames.js";

/** What goes on around a client, as a test wants it. */
export class World implements Surroundings {
  online = true;
  readonly #watchers = new Set<Watcher>();

  readonly isOnline = (): boolean => this.online;

  readonly watch = (watcher: Watcher): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  wake(): void {
    for (const each of this.#watchers) each.woke();
  }

  goOffline(): void {
    this.online = false;
    for (const each of this.#watchers) each.wentOffline();
  }

  comeOnline(): void {
    this.online = true;
    this.wake();
  }
}

export interface Stage {
  readonly backend: Backend;
  readonly world: World;
  api(token?: TokenSource): MozaiksApi;
  chat(options?: Partial<ChatClientOptions>, token?: TokenSource): ChatClient;
}

/** A fresh backend for each test of a file. */
export function stage(): Stage {
  let backend: Backend;
  let world: World;
  let url: string;
  let chats: ChatClient[];
  beforeEach(async () => {
    backend = new Backend();
    world = new World();
    chats = [];
    url = await backend.start();
    backend.pages.set(`/api/chats/meta/acme/Test/${CHAT}`, { chat_id: CHAT });
  });
  afterEach(async () => {
    for (const chat of chats) chat.close();
    await backend.stop();
  });
  const api = (token?: TokenSource): MozaiksApi =>
    new MozaiksApi({ baseUrl: url, appId: "acme", userId: "ann", ...(token === undefined ? {} : { token }) });
  return {
    get backend() {
      return backend;
    },
    get world() {
      return world;
    },
    api,
    chat: (options = {}, token) => {
      const chat = new ChatClient({
        api: api(token),
        workflow: "Test",
        chatId: CHAT,
        websocketUrl: backend.socketUrl,
        WebSocket: WebSocket,
        surroundings: world,
        backoff: { firstMs: 10, longestMs: 40 },
        ...options,
        timing: { gapMs: 10, greetMs: 60, pongMs: 60, openMs: 2_000, ...options.timing },
      });
      chats.push(chat);
      chat.connect();
      return chat;
    },
  };
}
