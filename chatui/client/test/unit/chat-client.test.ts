import { describe, expect, it } from "vitest";
import { seqOf } from "../../src/protocol/wire.js";
import { initialState } from "../../src/state/initial.js";
import { reduce } from "../../src/state/reduce.js";
import type { ChatState } from "../../src/state/types.js";
import { stage } from "../support/chats.js";
import { boundary, CHAT, conversation, delta, frame, meta, said } from "../support/frames.js";
import { eventually, until } from "../support/until.js";

const here = stage();
const WHOLE = reduce(initialState(CHAT), conversation());

function text(state: ChatState): string[] {
  return state.timeline.flatMap((item) => (item.type === "message" ? [item.text] : []));
}

const hasAll = (state: ChatState): boolean => state.lastSeq === WHOLE.lastSeq && state.caughtUp;

describe("a chat over a bad stream", () => {
  it("is greeted without asking", async () => {
    here.backend.log.push(...conversation());
    const state = await until(here.chat(), hasAll);
    expect(state.timeline).toEqual(WHOLE.timeline);
    expect(here.backend.heard).toEqual([]);
  });

  it("asks for events that do not come", async () => {
    const log = conversation();
    here.backend.log.push(...log);
    here.backend.greet = (line) => line.say(meta(16), ...log.filter((each) => ![4, 9].includes(seqOf(each) ?? 0)));
    const state = await until(here.chat(), hasAll);
    expect(state.timeline).toEqual(WHOLE.timeline);
    expect(here.backend.sent("client.resume")[0]).toMatchObject({ last_seq: 3, batch: true });
  });

  it("asks when a boundary tells that something is missing at the end", async () => {
    here.backend.log.push(...conversation());
    here.backend.greet = (line) => line.say(meta(16), ...conversation().slice(0, 12), boundary(16));
    await until(here.chat(), hasAll);
    expect(here.backend.sent("client.resume")[0]).toMatchObject({ last_seq: 12 });
  });

  it("takes events in any order, and each once", async () => {
    here.backend.log.push(...conversation());
    here.backend.greet = (line) => line.say(...conversation().reverse(), ...conversation(), meta(16), boundary(16));
    const chat = here.chat();
    const seqs: (number | undefined)[] = [];
    chat.onEvent((each) => seqs.push(seqOf(each)));
    await until(chat, hasAll);
    expect(seqs.filter((seq) => seq !== undefined)).toEqual(conversation().map((each) => seqOf(each)));
  });

  it("takes batches apart", async () => {
    here.backend.greet = (line) =>
      line.say(frame("chat.batch", { events: [meta(16), ...conversation(), boundary(16)] }));
    const chat = here.chat();
    let calls = 0;
    chat.subscribe(() => {
      if (chat.getSnapshot().lastSeq > 0) calls += 1;
    });
    await until(chat, hasAll);
    expect(calls).toBeLessThan(4);
  });

  it("says hello to a server that is silent", async () => {
    here.backend.greet = () => undefined;
    here.backend.log.push(...conversation());
    await until(here.chat(), hasAll);
    expect(here.backend.sent("client.hello")).toHaveLength(1);
  });

  it("passes over what is no frame, and frames of other chats", async () => {
    here.backend.greet = (line) => {
      line.say("no JSON", "[1]", '{"type":"chat.text"}', '{"type":"chat.text","data":{},"seq":"1"}');
      line.say({ ...said(1, "Host", "of another chat"), chat_id: "other" });
      line.say(meta(1), said(1, "Host", "of this one"), boundary(1));
    };
    expect(text(await until(here.chat(), (state) => state.caughtUp))).toEqual(["of this one"]);
  });

  it("draws the text so far of a message it comes into, and then its text", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.line.say(delta(0, "Hello, "), delta(12, "ld"), delta(7, "wor"));
    await until(chat, (state) => state.draft?.text === "Hello, wor");
    here.backend.line.say(delta(10, "--ld"));
    here.backend.tell(said(1, "Host", "Hello, world", "m1"));
    const state = await until(chat, (each) => each.lastSeq === 1);
    expect([state.draft, text(state)]).toEqual([null, ["Hello, world"]]);
  });
});

describe("an event that is too large for the socket", () => {
  const reference = (seq: number): unknown => ({
    ...said(seq, "Host", ""),
    data: { kind: "text", oversize: true, bytes: 140_000 },
  });

  it("is fetched, and those after it wait for it", async () => {
    const path = `/api/chats/acme/Test/${CHAT}/events`;
    here.backend.pages.set(path, (query: URLSearchParams) => ({
      events: query.get("after") === "0" && query.get("limit") === "1" ? [said(1, "Host", "very long")] : [],
    }));
    here.backend.greet = (line) => line.say(meta(2), reference(1), said(2, "Host", "short"), boundary(2));
    const state = await until(here.chat(), (each) => each.caughtUp);
    expect(text(state)).toEqual(["very long", "short"]);
  });

  it("that cannot be had is told, and does not stop the chat", async () => {
    here.backend.greet = (line) => line.say(meta(2), reference(1), said(2, "Host", "short"), boundary(2));
    const state = await until(here.chat(), (each) => each.caughtUp);
    expect(state.timeline.map((item) => item.type)).toEqual(["error", "message"]);
    expect(state.errors[0]).toMatchObject({ code: "UNREACHABLE", severity: "warning" });
  });
});

describe("a lost connection", () => {
  it("is opened again, from the last event", async () => {
    here.backend.log.push(...conversation().slice(0, 5));
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.log.push(...conversation().slice(5));
    here.backend.line.socket.terminate();
    const state = await until(chat, hasAll);
    expect(here.backend.line.lastSeq).toBe(5);
    expect(state.timeline).toEqual(WHOLE.timeline);
    expect(state.connection).toMatchObject({ phase: "open", attempt: 0, problem: null });
  });

  it("in the middle of a message loses nothing of it", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.line.say(delta(0, "Half of "));
    await until(chat, (state) => state.draft !== null);
    here.backend.greet = (line) => {
      here.backend.replay(line, line.lastSeq);
      line.say(delta(0, "Half of the mess"));
    };
    here.backend.line.socket.terminate();
    await until(chat, (state) => state.draft?.text === "Half of the mess");
    here.backend.line.say(delta(16, "age"));
    await until(chat, (state) => state.draft?.text === "Half of the message");
  });

  it("is not waited for when the chat is gone", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.pages.clear();
    here.backend.handshake = 404;
    here.backend.line.socket.terminate();
    const state = await until(chat, (each) => each.connection.phase === "refused");
    expect(state.connection.problem?.code).toBe("CHAT_NOT_FOUND");
  });

  it("that the machine does not notice is found when it wakes", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.backend.answer = () => undefined;
    const before = here.backend.lines.length;
    here.world.wake();
    await eventually(() => here.backend.lines.length > before);
    expect(here.backend.sent("ping")).toHaveLength(1);
    await until(chat, (state) => state.connection.phase === "open");
  });

  it("that still works is kept when the machine wakes", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.world.wake();
    await eventually(() => here.backend.sent("ping").length === 1);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(here.backend.lines).toHaveLength(1);
  });

  it("waits for the network to be back", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    here.world.online = false;
    here.backend.line.socket.terminate();
    await until(chat, (state) => state.connection.phase === "offline");
    here.world.comeOnline();
    await until(chat, (state) => state.connection.phase === "open" && state.caughtUp);
  });

  it("is closed for good by close, and opened again by connect", async () => {
    const chat = here.chat();
    await until(chat, (state) => state.caughtUp);
    chat.close();
    expect(chat.getSnapshot().connection.phase).toBe("closed");
    here.backend.log.push(said(1, "Host", "meanwhile"));
    chat.connect();
    expect(text(await until(chat, (state) => state.lastSeq === 1))).toEqual(["meanwhile"]);
  });
});

describe("a connection that grows old", () => {
  it("is replaced while it still works", async () => {
    const chat = here.chat({ timing: { renewMs: 100 } });
    const phases = new Set<string>();
    chat.subscribe(() => phases.add(chat.getSnapshot().connection.phase));
    await until(chat, (state) => state.caughtUp);
    await eventually(() => here.backend.lines.length >= 3);
    expect([...phases].sort()).toEqual(["open"]);
    await eventually(() => here.backend.lines[0]?.socket.readyState === 3);
    here.backend.tell(said(1, "Host", "still here"));
    await until(chat, (state) => state.lastSeq === 1);
  });

  it("stays when its successor is refused, and is replaced later", async () => {
    const chat = here.chat({ timing: { renewMs: 500 } });
    await until(chat, (state) => state.caughtUp);
    here.backend.handshake = 503;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(chat.getSnapshot().connection.phase).toBe("open");
    here.backend.handshake = null;
    await eventually(() => here.backend.lines.length === 2);
    expect(chat.getSnapshot().connection.phase).toBe("open");
  });

  it("is pinged when nothing is said on it", async () => {
    const chat = here.chat({ timing: { pingMs: 30 } });
    await until(chat, (state) => state.caughtUp);
    await eventually(() => here.backend.sent("ping").length >= 2);
    expect(here.backend.lines).toHaveLength(1);
    expect(chat.getSnapshot().connection.phase).toBe("open");
  });

  it("is given up when a ping is not answered", async () => {
    here.backend.answer = () => undefined;
    const chat = here.chat({ timing: { pingMs: 30, pongMs: 30 } });
    await until(chat, (state) => state.caughtUp);
    await eventually(() => here.backend.lines.length > 1);
  });
});

describe("a token", () => {
  it("goes into a subprotocol and into no address", async () => {
    const chat = here.chat({}, () => "secret.token");
    await until(chat, (state) => state.caughtUp);
    expect(here.backend.line.token).toBe("secret.token");
  });

  it("that has expired is asked for again, once", async () => {
    const asked: (string | null)[] = [];
    const chat = here.chat({}, (refused) => {
      asked.push(refused);
      return refused === null ? "old" : "new";
    });
    await until(chat, (state) => state.caughtUp);
    here.backend.admits = (token) => token === "new";
    here.backend.line.socket.close(1008);
    await eventually(() => here.backend.line.token === "new");
    await until(chat, (state) => state.connection.phase === "open");
    expect(asked).toContain("old");
  });

  it("that has expired is told by an error frame where the gateway cannot say 1008", async () => {
    const chat = here.chat({}, (refused) => (refused === null ? "old" : "new"));
    await until(chat, (state) => state.caughtUp);
    const expired = { code: "TOKEN_EXPIRED", message: "expired", severity: "error", retryable: false } as const;
    here.backend.line.say(frame("error", { ...expired, details: { close_code: 1008 } }));
    here.backend.line.socket.close(1000);
    await eventually(() => here.backend.line.token === "new");
  });

  it("without another one ends the attempts", async () => {
    const chat = here.chat({}, () => "old");
    await until(chat, (state) => state.caughtUp);
    here.backend.line.socket.close(1008);
    const state = await until(chat, (each) => each.connection.phase === "refused");
    expect(state.connection.problem?.code).toBe("TOKEN_EXPIRED");
  });

  it("that the handshake refuses is asked for again", async () => {
    here.backend.admits = (token) => token === "new";
    const chat = here.chat({}, (refused) => (refused === null ? "old" : "new"));
    await until(chat, (state) => state.caughtUp);
    expect(here.backend.line.token).toBe("new");
  });
});

describe("a handshake that is refused", () => {
  it("ends the attempts where there is no such chat", async () => {
    here.backend.handshake = 404;
    here.backend.pages.clear();
    const state = await until(here.chat(), (each) => each.connection.phase === "refused");
    expect(state.connection.problem).toMatchObject({ code: "CHAT_NOT_FOUND", retryable: false });
  });

  it("for a while is tried again, with longer pauses", async () => {
    here.backend.handshake = 503;
    const chat = here.chat();
    await until(chat, (state) => state.connection.phase === "waiting" && state.connection.attempt >= 3);
    here.backend.handshake = null;
    const state = await until(chat, (each) => each.caughtUp);
    expect(state.connection).toMatchObject({ phase: "open", attempt: 0, problem: null });
  });
});
