import { describe, expect, it } from "vitest";
import { ChatClient, MozaiksApi } from "../../src/index.js";
import { stage } from "../support/chats.js";
import { CHAT } from "../support/frames.js";

const here = stage();

describe("the HTTP API", () => {
  it("asks for the app's and the user's own", async () => {
    here.backend.pages.set("/api/chats/acme/Test", { chats: [], next_before: null });
    expect(await here.api().chats("Test", { limit: 5 })).toEqual({ chats: [], next_before: null });
    expect(here.backend.requests).toEqual(["GET /api/chats/acme/Test?user_id=ann&limit=5"]);
  });

  it("writes names so that they stay one part of the path", async () => {
    await expect(here.api().meta("../secrets", "a/b")).rejects.toMatchObject({ status: 404 });
    expect(here.backend.requests[0]).toContain("/api/chats/meta/acme/..%2Fsecrets/a%2Fb");
  });

  it("throws what a problem document says", async () => {
    here.backend.pages.set("/api/workflows", {
      status: 503,
      code: "DATABASE_UNAVAILABLE",
      detail: "try again shortly",
      retryable: true,
      errors: [{ field: "body.text", message: "is missing" }, "nonsense"],
    });
    await expect(here.api().workflows()).rejects.toMatchObject({
      name: "MozaiksError",
      code: "DATABASE_UNAVAILABLE",
      message: "try again shortly",
      status: 503,
      retryable: true,
      errors: [{ field: "body.text", message: "is missing" }],
    });
  });

  it("says so when nobody answers", async () => {
    const api = new MozaiksApi({ baseUrl: "http://127.0.0.1:1", appId: "acme", userId: "ann" });
    await expect(api.health()).rejects.toMatchObject({ code: "UNREACHABLE", retryable: true });
  });

  it("asks for another token once when one is refused", async () => {
    here.backend.admits = (token) => token === "new";
    here.backend.pages.set("/api/workflows", { workflows: [], invalid: [] });
    const api = here.api((refused) => (refused === null ? "old" : "new"));
    expect(await api.workflows()).toEqual({ workflows: [], invalid: [] });
    await api.workflows();
    expect(here.backend.requests).toHaveLength(3);
  });

  it("gives up with a token that stays refused", async () => {
    here.backend.admits = () => false;
    await expect(here.api(() => "old").workflows()).rejects.toMatchObject({ code: "TOKEN_EXPIRED", status: 401 });
    expect(here.backend.requests).toHaveLength(1);
  });

  it("knows where the socket of a chat is", async () => {
    here.backend.pages.set("/api/workflows/Test/transport", { websocket_url: "wss://chat.example.com/dev" });
    const url = await here.api().socketUrl("Test", CHAT);
    expect(url).toBe("wss://chat.example.com/dev?workflow=Test&app_id=acme&chat_id=chat1&user_id=ann");
  });

  it("is what a chat is opened through", async () => {
    here.backend.pages.set("/api/chats/acme/test/start", {
      chat_id: CHAT,
      workflow_name: "Test",
      websocket_url: here.backend.socketUrl,
    });
    const { WebSocket } = await import("ws");
    const chat = await ChatClient.start(here.api(), "test", { WebSocket });
    expect([chat.workflow, chat.chatId]).toEqual(["Test", CHAT]);
    chat.close();
  });
});
