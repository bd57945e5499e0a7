/**
 * The library against a running backend that checks tokens: `MOZAIKS_URL` says where it is. `MOZAIKS_SHORT_TOKEN` is for
 * ann of acme and lasts a few seconds, `MOZAIKS_TOKEN` is for the same and lasts, `MOZAIKS_OTHER_TOKEN` is for bob.
 */

import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ChatClient, MozaiksApi, type OpenOptions, type TokenSource } from "../../src/index.js";
import { until } from "../support/until.js";

const { MOZAIKS_URL: baseUrl = "", MOZAIKS_TOKEN: lasting = "", MOZAIKS_OTHER_TOKEN: bobs = "" } = process.env;
const short = process.env.MOZAIKS_SHORT_TOKEN ?? "";
const OPTIONS: OpenOptions = {
  WebSocket: WebSocket,
  backoff: { firstMs: 20, longestMs: 200 },
};
const chats: ChatClient[] = [];

function api(token: TokenSource, userId = "ann"): MozaiksApi {
  return new MozaiksApi({ baseUrl, appId: "acme", userId, token });
}

/** When a token ends, in milliseconds since 1970. */
function endOf(token: string): number {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
  return claims.exp * 1000;
}

afterEach(() => {
  for (const chat of chats.splice(0)) chat.close();
});

describe("a token", () => {
  it("that ends while the chat is open is replaced by another, and nothing is lost", async () => {
    const refused: (string | null)[] = [];
    const source: TokenSource = (old) => {
      refused.push(old);
      return old === null ? short : lasting;
    };
    const chat = await ChatClient.start(api(source), "HelloWorld", { forceNew: true, ...OPTIONS });
    chats.push(chat);
    await until(chat, (state) => state.status === "waiting" && state.caughtUp, 15_000);
    await new Promise((resolve) => setTimeout(resolve, endOf(short) - Date.now() + 200));
    await chat.send("How do I say hello in Japanese?").confirmed;
    const said = (state: ReturnType<ChatClient["getSnapshot"]>): string =>
      state.timeline.map((item) => (item.type === "message" && item.agent !== null ? item.text : "")).join("\n");
    const state = await until(chat, (each) => said(each).includes("こんにちは"), 20_000);
    expect(refused).toContain(short);
    expect(state.connection.phase).toBe("open");
    expect(state.timeline.filter((item) => item.type === "message" && item.role === "user")).toHaveLength(1);
  });

  it("that is not taken, and has no successor, ends the attempts", async () => {
    const chat = await ChatClient.start(
      api(() => lasting),
      "HelloWorld",
      { forceNew: true, ...OPTIONS },
    );
    chat.close();
    const websocketUrl = await api(() => lasting).socketUrl("HelloWorld", chat.chatId);
    const late = await ChatClient.open(
      api(() => short),
      "HelloWorld",
      chat.chatId,
      { ...OPTIONS, websocketUrl },
    );
    chats.push(late);
    const state = await until(late, (each) => each.connection.phase === "refused");
    expect(state.connection.problem).toMatchObject({ code: "TOKEN_EXPIRED" });
  });

  it("of another user finds nothing of this one's", async () => {
    const chat = await ChatClient.start(
      api(() => lasting),
      "HelloWorld",
      { forceNew: true, ...OPTIONS },
    );
    chats.push(chat);
    const bob = api(() => bobs, "bob");
    await expect(bob.meta("HelloWorld", chat.chatId)).rejects.toMatchObject({ code: "CHAT_NOT_FOUND", status: 404 });
    const theirs = await ChatClient.open(bob, "HelloWorld", chat.chatId, OPTIONS);
    chats.push(theirs);
    const state = await until(theirs, (each) => each.connection.phase === "refused");
    expect(state.connection.problem?.code).toBe("CHAT_NOT_FOUND");
    expect(state.timeline).toEqual([]);
  });
});
