import { describe, expect, it } from "vitest";
import { MozaiksError } from "../../src/index.js";
import type { JsonObject } from "../../src/protocol/frames.js";
import { stage } from "../support/chats.js";
import { asked, called, ended, frame, said } from "../support/frames.js";
import { eventually, until } from "../support/until.js";

const here = stage();

/** Takes each message once, as the server does. */
function takeMessages(): void {
  const before = here.backend.answer;
  const taken = new Set<unknown>();
  here.backend.answer = (heard, line) => {
    before(heard, line);
    if (heard.type !== "user.input.submit" || taken.has(heard.client_message_id)) return;
    taken.add(heard.client_message_id);
    here.backend.tell(said(here.backend.log.length + 1, null, String(heard.text), String(heard.client_message_id)));
  };
}

function refuseWith(code: string, more: JsonObject = {}): void {
  here.backend.answer = ({ client_message_id: id, eventId }, line) => {
    const details = { ...(id === undefined ? {} : { client_message_id: id }), ...(eventId ? { eventId } : {}) };
    const error = { code, message: "no", severity: "error", retryable: false, details, ...more } as const;
    line.say(frame("error", error as Parameters<typeof frame<"error">>[1]));
  };
}

const texts = (): unknown[] => here.backend.sent("user.input.submit").map((each) => each.text);

describe("a message", () => {
  it("is on its way until the server has it", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.send("Hello");
    expect(chat.getSnapshot().outgoing).toMatchObject([{ id: command.id, text: "Hello", status: "sent" }]);
    here.backend.tell(said(1, null, "Hello", command.id));
    await command.confirmed;
    expect(chat.getSnapshot().outgoing).toEqual([]);
  });

  it("typed offline is sent once, and in order", async () => {
    takeMessages();
    here.world.online = false;
    const chat = here.chat();
    const commands = ["one", "two", "three"].map((each) => chat.send(each));
    expect(chat.getSnapshot().outgoing.map((each) => each.status)).toEqual(["queued", "queued", "queued"]);
    here.world.comeOnline();
    await Promise.all(commands.map((each) => each.confirmed));
    expect(texts()).toEqual(["one", "two", "three"]);
  });

  it("that nobody confirmed goes again on the next socket, with the same id", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.send("Hello");
    await eventually(() => texts().length === 1);
    takeMessages();
    here.backend.line.socket.terminate();
    await command.confirmed;
    const ids = here.backend.sent("user.input.submit").map((each) => each.client_message_id);
    expect(ids).toEqual([command.id, command.id]);
  });

  it("that was taken before the socket was lost does not go again", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.send("Hello");
    await eventually(() => texts().length === 1);
    here.backend.log.push(said(1, null, "Hello", command.id));
    here.backend.greet = (line) => setTimeout(() => here.backend.replay(line, line.lastSeq), 0);
    here.backend.line.socket.terminate();
    await command.confirmed;
    await until(chat, (state) => state.outgoing.length === 0 && state.caughtUp);
    expect(chat.getSnapshot().timeline).toHaveLength(1);
  });

  it("is confirmed by the acknowledgement of the request that it answers", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.tell(asked(1));
    await until(chat, (state) => state.pending.length === 1);
    const command = chat.send("Friday", { requestId: "event1" });
    here.backend.tell(frame("chat.input_ack", { request_id: "event1", client_message_id: command.id, response: 5 }, 2));
    await command.confirmed;
    expect(chat.getSnapshot().pending).toEqual([]);
  });

  it("that is refused says why, and is kept until it is dismissed", async () => {
    refuseWith("CHAT_ENDED");
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.send("Hello");
    await expect(command.confirmed).rejects.toMatchObject({ code: "CHAT_ENDED" });
    expect(chat.getSnapshot().outgoing).toMatchObject([{ status: "failed", problem: { code: "CHAT_ENDED" } }]);
    chat.dismiss(command.id);
    expect(chat.getSnapshot().outgoing).toEqual([]);
  });

  it("that is refused for a moment is sent again", async () => {
    refuseWith("DATABASE_UNAVAILABLE", { retryable: true });
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.send("Hello");
    await eventually(() => texts().length === 1);
    takeMessages();
    await command.confirmed;
    expect(texts()).toEqual(["Hello", "Hello"]);
  });

  it("that was not to wait is not sent again", async () => {
    refuseWith("CHAT_BUSY", { retryable: true });
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    await expect(chat.send("Hello", { onBusy: "reject" }).confirmed).rejects.toMatchObject({ code: "CHAT_BUSY" });
  });

  it("goes again after a frame of the gateway's own", async () => {
    here.backend.answer = (_, line) =>
      line.say({ message: "Internal server error", connectionId: "c", requestId: "r" });
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.send("Hello");
    await eventually(() => texts().length === 1);
    takeMessages();
    await command.confirmed;
  });

  it("that is too long for a frame is not sent at all", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    await expect(chat.send("ä".repeat(17_000)).confirmed).rejects.toMatchObject({ code: "FRAME_TOO_LARGE" });
    expect(texts()).toEqual([]);
  });

  it("outlives a reload of the page", async () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    here.world.online = false;
    const before = here.chat({ store });
    const { id } = before.send("Hello");
    before.close();
    takeMessages();
    here.world.online = true;
    const chat = here.chat({ store });
    await until(chat, (state) => state.timeline.length === 1 && state.outgoing.length === 0);
    expect(here.backend.sent("user.input.submit")[0]).toMatchObject({ client_message_id: id, text: "Hello" });
    expect(kept.size).toBe(0);
  });
});

describe("an answer", () => {
  const waiting = { awaiting_response: true, interaction_type: "ui_tool" } as const;
  const complete = (status: "completed" | "denied") =>
    frame(
      "chat.ui_tool_complete",
      { request_id: "event1", eventId: "event1", tool_name: "look_up", tool_call_id: "c", status },
      2,
    );

  it("with a secret in it is kept by no store", async () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    const chat = here.chat({ store });
    await until(chat, (state) => state.caughtUp);
    here.backend.tell(called(1, "c", { ...waiting, secret_fields: ["key"] }));
    await until(chat, (state) => state.pending.length === 1);
    chat.answer("event1", { key: "hush" }).confirmed.catch(() => undefined);
    expect(JSON.stringify([...kept])).not.toContain("hush");
    chat.send("and this").confirmed.catch(() => undefined);
    expect(JSON.stringify([...kept])).toContain("and this");
    expect(JSON.stringify([...kept])).not.toContain("hush");
  });

  it("names the request, and is confirmed when that is complete", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.tell(called(1, "c", waiting));
    await until(chat, (state) => state.pending.length === 1);
    const command = chat.answer("event1", { size: "L" });
    await eventually(() => here.backend.sent("ui_tool_response").length === 1);
    expect(here.backend.sent("ui_tool_response")[0]).toMatchObject({ eventId: "event1", response: { size: "L" } });
    here.backend.tell(complete("completed"));
    await command.confirmed;
  });

  it("to a request for approval tells the reason", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.tell(called(1, "c", { ...waiting, interaction_type: "approval" }));
    await until(chat, (state) => state.pending.length === 1);
    const command = chat.approve("event1", false, "Too expensive.");
    await eventually(() => here.backend.sent("chat.approval").length === 1);
    expect(here.backend.sent("chat.approval")[0]).toMatchObject({ approved: false, reason: "Too expensive." });
    here.backend.tell(complete("denied"));
    await command.confirmed;
  });

  it("that another tab gave before is not sent for ever", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.answer("event1", { size: "L" });
    await eventually(() => here.backend.sent("ui_tool_response").length === 1);
    here.backend.line.socket.terminate();
    await until(chat, (state) => state.connection.phase === "open");
    // The first thing on a new socket is to send it again; a server that says nothing has the answer already.
    await eventually(() => here.backend.sent("ui_tool_response").length === 2);
    here.backend.line.say({ message: "Internal server error" });
    await command.confirmed;
    expect(here.backend.sent("ui_tool_response")).toHaveLength(2);
  });

  it("that does not fit is told by the event it names", async () => {
    refuseWith("VALIDATION");
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const error = await chat.answer("event1", 5).confirmed.catch((each: unknown) => each);
    expect(error).toBeInstanceOf(MozaiksError);
    expect(error).toMatchObject({ code: "VALIDATION" });
  });
});

describe("other commands", () => {
  it("cancel is confirmed by the end of the chat, and asked for once", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.cancel();
    expect(chat.cancel()).toBe(command);
    await eventually(() => here.backend.sent("chat.cancel").length === 1);
    here.backend.tell(ended(1, 1, "cancelled"));
    await command.confirmed;
    expect(chat.getSnapshot().status).toBe("cancelled");
    await chat.cancel().confirmed;
    expect(here.backend.sent("chat.cancel")).toHaveLength(1);
  });

  it("a component's action is confirmed by its acknowledgement, and sets what was applied", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const command = chat.componentAction("palette", "pick", { colour: "blue" });
    await eventually(() => here.backend.sent("chat.component_action").length === 1);
    here.backend.line.say(
      frame("component_action_ack", { component_id: "palette", action_type: "pick", applied: { colour: "blue" } }),
    );
    await command.confirmed;
    expect(chat.getSnapshot().context).toEqual({ colour: "blue" });
  });

  it("a workflow that is blocked says what is missing", async () => {
    here.backend.answer = ({ client_message_id: id }, line) =>
      line.say(
        frame("chat.prereq_blocked", {
          workflow_name: "Build",
          message: "first the plan",
          missing: [{ workflow_name: "Plan", reason: "" }],
          client_message_id: String(id),
        }),
      );
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    const error = await chat.startWorkflow("Build").confirmed.catch((each: unknown) => each);
    expect(error).toMatchObject({ code: "PREREQUISITES_MISSING", details: { missing: [{ workflow_name: "Plan" }] } });
  });
});
