/**
 * The library against a running backend. `MOZAIKS_URL` says where it is; it must have the workflows `Library…` of tests/scenarios/test_client_library.py and the example HelloWorld.
 */

import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import {
  ChatClient,
  type ChatState,
  MozaiksApi,
  type models,
  type OpenOptions,
  type TimelineItem,
} from "../../src/index.js";
import { BadNetwork } from "../support/bad-network.js";
import { eventually, until } from "../support/until.js";

const baseUrl = process.env.MOZAIKS_URL ?? "";
const user = `lib${Date.now()}`;
const chats: ChatClient[] = [];

/** Sockets of the newest client, to be cut. */
const sockets: WebSocket[] = [];

class Watched extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    sockets.push(this);
  }
}

const OPTIONS: OpenOptions = { WebSocket: Watched, backoff: { firstMs: 20, longestMs: 200 } };

function api(userId = user): MozaiksApi {
  return new MozaiksApi({ baseUrl, appId: "acme", userId });
}

async function start(workflow: string, options: OpenOptions = {}): Promise<ChatClient> {
  const chat = await ChatClient.start(api(), workflow, { forceNew: true, ...OPTIONS, ...options });
  chats.push(chat);
  return chat;
}

async function again(chat: ChatClient): Promise<ChatClient> {
  const other = await ChatClient.open(api(), chat.workflow, chat.chatId, OPTIONS);
  chats.push(other);
  return other;
}

const waits = (state: ChatState): boolean => state.status === "waiting" && state.caughtUp;

/** Says something and waits for the end of the run that hears it. */
async function turn(chat: ChatClient, text: string): Promise<ChatState> {
  const runs = chat.getSnapshot().timeline.filter((item) => item.type === "run_end").length;
  chat.send(text);
  return until(chat, (state) => state.timeline.filter((item) => item.type === "run_end").length > runs, 25_000);
}

function texts(state: ChatState): [string | null, string][] {
  return state.timeline.flatMap((item): [string | null, string][] =>
    item.type === "message" ? [[item.agent, item.text]] : [],
  );
}

function tool(state: ChatState, name: string): Extract<TimelineItem, { type: "tool_call" }> {
  const found = state.timeline.findLast((item) => item.type === "tool_call" && item.toolName === name);
  if (found?.type !== "tool_call") throw new Error(`nobody called ${name}`);
  return found;
}

/** What a second client is told of the same chat, which has heard nothing of it before. */
async function retold(chat: ChatClient): Promise<ChatState> {
  const { lastSeq } = chat.getSnapshot();
  return until(await again(chat), (state) => state.caughtUp && state.lastSeq >= lastSeq);
}

afterEach(() => {
  for (const chat of chats.splice(0)) chat.close();
});

describe("a chat", () => {
  it("is greeted, answered as the answer is written, and the same for who comes later", async () => {
    const chat = await start("HelloWorld");
    await until(chat, waits);
    const drafts: string[] = [];
    chat.subscribe(() => drafts.push(chat.getSnapshot().draft?.text ?? ""));
    const state = await turn(chat, "How do I say hello in Japanese?");
    const answer = texts(state).at(-1)?.[1] ?? "";
    expect(answer).toContain("こんにちは");
    const written = drafts.filter((each) => each !== "" && each !== answer);
    expect(written.length).toBeGreaterThan(0);
    expect(written.every((each) => answer.startsWith(each))).toBe(true);
    expect(tool(state, "look_up_greeting")).toMatchObject({ status: "ok" });
    expect(state.usage.modelCalls).toBeGreaterThan(1);
    const later = await retold(chat);
    expect(later.timeline).toEqual(
      state.timeline.map((item) => ("progress" in item ? { ...item, progress: null } : item)),
    );
    expect({ ...later.usage }).toEqual({ ...state.usage });
    expect([later.status, later.waitingFor, later.pending]).toEqual([state.status, state.waitingFor, state.pending]);
  });

  it("shows a component, waits for its answer, and goes on with it", async () => {
    const chat = await start("Library");
    await until(chat, waits);
    const open = await turn(chat, "When do you deliver?");
    expect(open).toMatchObject({ waitingFor: "ui_tool", artifact: { component: "DeliveryPlan" } });
    const late = await retold(chat);
    expect(late.pending).toEqual(open.pending);
    const [request] = open.pending;
    await chat.answer(request?.requestId ?? "", { ok: true }).confirmed;
    const done = await until(chat, (state) => waits(state) && tool(state, "show_plan").status === "ok");
    expect(done.pending.map((each) => each.kind)).toEqual(["input"]);
  });

  it("asks for an approval, and tells the reason of a refusal", async () => {
    const chat = await start("Library");
    await until(chat, waits);
    const open = await turn(chat, "I want a refund.");
    expect(open.pending[0]).toMatchObject({ kind: "approval", toolName: "refund", payload: { amount: 12 } });
    await chat.approve(open.pending[0]?.requestId ?? "", false, "Too expensive.").confirmed;
    const done = await until(chat, (state) => tool(state, "refund").durationMs !== null && waits(state));
    expect(tool(done, "refund").status).toBe("denied");
    expect(JSON.stringify(tool(done, "refund").result)).toContain("Too expensive.");
  });

  it("keeps variables in step", async () => {
    const chat = await start("Library");
    await until(chat, waits);
    await turn(chat, "Where is my order?");
    expect(chat.getSnapshot().context).toMatchObject({ stage: "found" });
    await chat.componentAction("palette", "pick", { colour: "blue" }).confirmed;
    await until(chat, (state) => state.context.colour === "blue");
    const refused = chat.componentAction("palette", "pick", { stage: "mine" });
    await expect(refused.confirmed).rejects.toMatchObject({ code: "FORBIDDEN_VARIABLE" });
  });

  it("is the same in two tabs, and a question that one answers is open in neither", async () => {
    const one = await start("Library");
    await until(one, waits);
    const two = await again(one);
    await until(two, waits);
    const open = await turn(one, "When do you deliver?");
    await until(two, (state) => state.waitingFor === "ui_tool");
    await two.answer(open.pending[0]?.requestId ?? "", { ok: true }).confirmed;
    const first = await until(one, (state) => waits(state) && tool(state, "show_plan").status === "ok");
    const second = await until(two, (state) => state.lastSeq === first.lastSeq);
    expect(second.timeline).toEqual(first.timeline);
  });

  it("ends when it is cancelled, and says so to who speaks to it afterwards", async () => {
    const chat = await start("Library");
    await until(chat, waits);
    await chat.cancel().confirmed;
    expect(chat.getSnapshot().status).toBe("cancelled");
    await expect(chat.send("Hello?").confirmed).rejects.toMatchObject({ code: "CHAT_ENDED" });
    await expect(chat.retry()).rejects.toMatchObject({ code: "NOT_RETRYABLE", status: 409 });
  });

  it("starts another from its socket", async () => {
    const chat = await start("Library");
    await until(chat, waits);
    const started = await chat.startWorkflow("helloworld").confirmed;
    expect(started).toMatchObject({ workflow_name: "HelloWorld", reused: false });
    const other = await ChatClient.open(api(), started.workflow_name, started.chat_id, OPTIONS);
    chats.push(other);
    expect(texts(await until(other, waits))[0]?.[0]).toBe("GreeterAgent");
    expect(chat.getSnapshot().timeline.some((item) => item.type === "message" && item.agent === "GreeterAgent")).toBe(
      false,
    );
  });

  it("starts several from its socket, and is told which could not be started", async () => {
    const chat = await start("Library");
    await until(chat, waits);
    const runs = [{ workflowName: "HelloWorld" }, { workflowName: "LibraryNowhere" }];
    const batch = await chat.startWorkflows(runs).confirmed;
    expect(batch.children.map((each) => each.workflow_name)).toEqual(["HelloWorld"]);
    expect(batch.skipped.map((each) => each.code)).toEqual(["WORKFLOW_NOT_FOUND"]);
    expect(await api().exists("HelloWorld", batch.children[0]?.chat_id ?? "")).toBe(true);
  });

  it("that failed goes on when it is retried", async () => {
    const chat = await start("LibraryFails");
    await until(chat, (state) => state.status === "failed", 25_000);
    const { run_no } = await chat.retry();
    expect(run_no).toBe(2);
    const state = await until(chat, waits, 25_000);
    expect(texts(state)).toEqual([["Host", "Here I am."]]);
  });
});

describe("what goes wrong on the way", () => {
  it("a message typed before there is a connection is sent once", async () => {
    const opened = await start("Library");
    await until(opened, waits);
    opened.close();
    opened.send("Where is my order?", { id: "typed-offline" });
    expect(opened.getSnapshot().outgoing).toMatchObject([{ status: "queued" }]);
    opened.connect();
    await until(opened, (state) => waits(state) && state.outgoing.length === 0 && texts(state).length >= 3);
    const mine = opened.getSnapshot().timeline.filter((item) => item.type === "message" && item.role === "user");
    expect(mine).toHaveLength(1);
  });

  it("a socket that is cut in the middle of a message loses nothing of it", async () => {
    const chat = await start("LibrarySlow");
    await until(chat, (state) => (state.draft?.text.length ?? 0) > 10);
    const before = chat.getSnapshot().draft?.text ?? "";
    sockets.at(-1)?.terminate();
    const state = await until(chat, (each) => each.connection.phase === "open" && each.draft !== null, 20_000);
    expect(state.draft?.text.startsWith(before)).toBe(true);
    const done = await until(chat, waits, 20_000);
    expect(texts(done).map(([, text]) => text)).toHaveLength(1);
    expect(done.timeline).toEqual((await retold(chat)).timeline);
  });

  it("a bad network changes nothing of what is told in the end", async () => {
    const first = await start("HelloWorld");
    await until(first, waits);
    first.close();
    const network = new BadNetwork({ loses: 0.15, repeats: 0.3, delays: 0.3, cutsAfter: 12, seed: 7 });
    const url = await network.before(await api().socketUrl(first.workflow, first.chatId));
    const chat = new ChatClient({
      ...OPTIONS,
      timing: { greetMs: 300 },
      api: api(),
      workflow: first.workflow,
      chatId: first.chatId,
      websocketUrl: url,
    });
    chats.push(chat);
    chat.connect();
    for (const text of ["How do I say hello in Japanese?", "And in Swahili?"]) {
      const command = chat.send(text);
      await command.confirmed;
      await until(chat, (state) => waits(state) && state.run === null && texts(state).at(-1)?.[0] !== null, 25_000);
    }
    await eventually(() => chat.getSnapshot().caughtUp);
    const told = chat.getSnapshot();
    const straight = await retold(chat);
    expect(network.connections).toBeGreaterThan(1);
    expect(straight.timeline.map((item) => item.key)).toEqual(told.timeline.map((item) => item.key));
    expect(texts(straight)).toEqual(texts(told));
    expect(texts(told).filter(([agent]) => agent === null)).toHaveLength(2);
    await network.stop();
  });

  it("a message that is too long for a frame is fetched", async () => {
    const chat = await start("LibraryLong");
    const state = await until(chat, (each) => waits(each) && texts(each).length === 1, 20_000);
    expect(texts(state)[0]?.[1]).toBe("long".repeat(40_000));
    expect((await retold(chat)).timeline).toEqual(state.timeline);
  });

  it("a chat of another user is not there", async () => {
    const chat = await start("HelloWorld");
    const stranger = new ChatClient({
      ...OPTIONS,
      api: api("stranger"),
      workflow: chat.workflow,
      chatId: chat.chatId,
      websocketUrl: await api("stranger").socketUrl(chat.workflow, chat.chatId),
    });
    chats.push(stranger);
    stranger.connect();
    const state = await until(stranger, (each) => each.connection.phase === "refused");
    expect(state.connection.problem?.code).toBe("CHAT_NOT_FOUND");
    await expect(api("stranger").meta(chat.workflow, chat.chatId)).rejects.toMatchObject({ code: "CHAT_NOT_FOUND" });
  });
});

describe("the HTTP API", () => {
  it("lists workflows, their tools, and the user's chats", async () => {
    const { workflows } = await api().workflows();
    expect(workflows.map((each) => each.name)).toContain("Library");
    const { tools } = await api().tools("Library");
    expect(tools.find((each) => each.name === "show_plan")).toMatchObject({
      component: "DeliveryPlan",
      mode: "artifact",
    });
    const chat = await start("Library");
    const { chats: found } = await api().chats("Library", { limit: 1 });
    expect(found[0]?.chat_id).toBe(chat.chatId);
    expect(await api().exists("Library", chat.chatId)).toBe(true);
    expect(await api("stranger").exists("Library", chat.chatId)).toBe(false);
  });

  it("gives the log of a chat, page by page", async () => {
    const chat = await start("Library");
    const state = await until(chat, waits);
    const page = await api().events("Library", chat.chatId, 1, 2);
    expect(page.events.map((frame) => (frame as { seq?: number }).seq)).toEqual([2, 3]);
    expect(page.has_more).toBe(state.lastSeq > 3);
  });

  it("traces a chat: its runs, slices, turns and model calls", async () => {
    const chat = await start("HelloWorld");
    await until(chat, waits);
    await turn(chat, "How do I say hello in Japanese?");
    const trace = await api().trace("HelloWorld", chat.chatId);
    const last = trace.runs.at(-1);
    expect(last?.status).toBe("waiting");
    const slices = trace.slices.filter((each) => each.run_no === last?.run_no);
    expect(slices.at(-1)?.outcome).toBe("waiting");
    const calls = trace.turns.flatMap((each) => each.model_calls);
    expect(calls.length).toBeGreaterThan(1);
    expect(calls.every((call) => typeof call?.duration_ms === "number")).toBe(true);
    await expect(api("stranger").trace("HelloWorld", chat.chatId)).rejects.toMatchObject({ code: "CHAT_NOT_FOUND" });
  });

  it("starts a journey, finds it again and ends it", async () => {
    const started = await api().startJourney("build");
    expect(started.chats.map((each) => each.workflow_name)).toEqual(["ValueEngine"]);
    const { journeys } = await api().journeys({ limit: 5 });
    expect(journeys.map((each) => each.journey_run_id)).toContain(started.journey_run_id);
    const run = await api().journey(started.journey_run_id);
    expect(run.groups.map((group) => group.members.map((each) => each.workflow_name))).toEqual([
      ["ValueEngine"],
      ["DesignDocs", "BrandKit"],
      ["AppGenerator"],
    ]);
    const gone = { code: "JOURNEY_NOT_FOUND", status: 404 };
    await expect(api("stranger").journey(started.journey_run_id)).rejects.toMatchObject(gone);
    expect((await api().cancelJourney(started.journey_run_id)).status).toBe("cancelled");
  });

  it("says what a workflow waits for that cannot be started yet", async () => {
    const available = JSON.stringify(await api(`${user}new`).available());
    expect(available).toContain("ValueEngine");
    await expect(api(`${user}new`).start("AppGenerator")).rejects.toMatchObject({ code: "PREREQUISITES_MISSING" });
  });

  it("sets the theme of the app", async () => {
    const before = await api().theme();
    const after = await api().saveTheme({ colors: { light: { primary: "#0b6b50" } } } as models.NewTheme);
    expect(after.version).toBe(before.version + 1);
    expect((await api().theme()).theme.colors?.light?.primary).toBe("#0b6b50");
  });

  it("exports what is kept of a user, and nothing of another", async () => {
    const chat = await start("Library");
    await until(chat, waits);
    const kinds = new Set<string>();
    const chatIds = new Set<unknown>();
    for await (const line of api().exportUser()) {
      kinds.add(line.kind);
      if (line.kind === "session") chatIds.add(line.chat_id ?? (line.data as { chat_id?: unknown } | null)?.chat_id);
    }
    expect([...kinds]).toEqual(expect.arrayContaining(["session", "event"]));
    expect(chatIds).toContain(chat.chatId);
    const others: string[] = [];
    for await (const line of api("stranger").exportUser()) others.push(line.kind);
    expect(others).toEqual([]);
  });

  it("erases a chat, and then everything of its user", async () => {
    const own = api(`${user}erased`);
    const first = await own.start("Library", { forceNew: true });
    const second = await own.start("Library", { forceNew: true });
    while (!(await own.eraseChat("Library", first.chat_id)).complete);
    expect(await own.exists("Library", first.chat_id)).toBe(false);
    expect(await own.exists("Library", second.chat_id)).toBe(true);
    while (!(await own.eraseUser()).complete);
    expect(await own.exists("Library", second.chat_id)).toBe(false);
  });
});
