/** What the page decides without a browser: addresses, changes, files, forms, colours, spans. */

import type { JsonValue, ServerFrame } from "@mozaiks/client";
import { describe, expect, test } from "vitest";
import { filesOf, pageOf } from "../src/artifacts/files.ts";
import { routeOf } from "../src/routing.tsx";
import { claimsOf } from "../src/session/claims.ts";
import { variablesOf } from "../src/theme/tokens.ts";
import { spansOf } from "../src/trace/spans.ts";
import { changesIn } from "../src/uitools/changes.ts";
import { filled, inferred, schemaFor } from "../src/uitools/schemas.ts";
import { validator } from "../src/uitools/validator.ts";
import { described } from "../src/workflows/descriptions.ts";

describe("addresses", () => {
  test.each([
    ["/", "", { name: "start" }],
    ["/chats/Shop/c1", "", { name: "chat", workflow: "Shop", chatId: "c1" }],
    ["/chats/Shop/c1/trace", "", { name: "trace", workflow: "Shop", chatId: "c1" }],
    ["/artifacts/a1", "workflow=Shop&chat=c1", { name: "artifact", id: "a1", workflow: "Shop", chatId: "c1" }],
    ["/journeys/j1", "", { name: "journey", runId: "j1" }],
    ["/elsewhere", "", { name: "unknown", path: "/elsewhere" }],
    ["/chats/%E0%A4%A/c1", "", { name: "chat", workflow: "%E0%A4%A", chatId: "c1" }],
  ])("%s is a view", (path, query, route) => {
    expect(routeOf(path, query)).toEqual(route);
  });
});

describe("what a call would change", () => {
  test("stands as before and after, under many names", () => {
    const { changes, rest } = changesIn({ path: "a.txt", before: "one", after: "two", old_limit: 1, new_limit: 2 });
    expect(changes).toEqual([
      { name: "a.txt", before: "one", after: "two" },
      { name: "limit", before: "1", after: "2" },
    ]);
    expect(rest).toEqual({ path: "a.txt" });
  });
  test("is nothing where only one side is told", () => {
    expect(changesIn({ before: "one" })).toEqual({ changes: [], rest: { before: "one" } });
  });
});

describe("generated files", () => {
  test.each([
    [{ files: [{ path: "a.html", content: "x" }] }],
    [{ files: { "a.html": "x" } }],
    [{ filename: "a.html", code: "x" }],
    [{ files: [{ name: "a.html", text: "x" }, { nonsense: 1 }] }],
  ])("are read from %j", (payload) => {
    expect(filesOf(payload as JsonValue)).toEqual([{ path: "a.html", content: "x" }]);
  });
  test.each([[null], ["text"], [{ title: "x" }], [{ files: [] }], [{ name: "Ann", text: "hello" }]])(
    "are not seen in %j",
    (payload) => {
      expect(filesOf(payload)).toBeNull();
    },
  );
  test("begin at their index, if nobody says otherwise", () => {
    const files = ["about.html", "index.html", "main.js"].map((path) => ({ path, content: "" }));
    expect(pageOf(files, undefined)?.path).toBe("index.html");
    expect(pageOf(files, "about.html")?.path).toBe("about.html");
    expect(pageOf(files, "main.js")?.path).toBe("index.html");
  });
});

describe("forms", () => {
  test("are made of the tool's parameters, filled with what the agent gave them", () => {
    const parameters = { type: "object", properties: { colour: { type: "string" } } };
    expect(schemaFor({ colour: "blue" }, parameters)).toEqual({ schema: parameters, value: { colour: "blue" } });
  });
  test("are made of the payload where there are no parameters", () => {
    expect(inferred({ name: "x", tags: ["a"], count: 1.5 })).toEqual({
      type: "object",
      properties: {
        name: { type: "string" },
        tags: { type: "array", items: { type: "string" } },
        count: { type: "number" },
      },
    });
  });
  test("know what the payload says of their fields", () => {
    const schema = { properties: { name: { type: "string" } } };
    expect(filled(schema, { name: "Ann", note: "x" })).toEqual({ known: { name: "Ann" }, rest: { note: "x" } });
  });
  test("say what is missing and what does not fit, at its field", () => {
    const schema = { type: "object" as const, required: ["name"], properties: { age: { type: "integer" as const } } };
    const { errorSchema } = validator.validateFormData({ age: "old" }, schema);
    expect(errorSchema).toMatchObject({
      name: { __errors: ["Please fill this in."] },
      age: { __errors: ["Expected integer."] },
    });
    expect(validator.isValid(schema, { name: "Ann", age: 3 }, schema)).toBe(true);
  });
});

describe("themes", () => {
  const palette = (primary: string) => ({ primary, text: "#000000" });
  test("become variables for light and dark", () => {
    const theme = { colors: { light: palette("#112233"), dark: palette("#aabbcc") }, shape: { radius_px: 4 } };
    expect(variablesOf({ version: 1, theme })).toMatchObject({
      "--accent": "light-dark(#112233, #aabbcc)",
      "--radius": "4px",
    });
  });
  test("of an app that set none leave the page as it is", () => {
    expect(
      variablesOf({ version: 0, theme: { colors: { light: palette("#112233"), dark: palette("#aabbcc") } } }),
    ).toEqual({});
  });
  test("pass nothing but colours, fonts and lengths", () => {
    const bad = "red;} body{background:url(//x)}";
    const theme = { colors: { light: palette(bad), dark: palette(bad) }, typography: { font_family: "x;y" } };
    expect(variablesOf({ version: 1, theme })).not.toHaveProperty("--accent");
    expect(variablesOf({ version: 1, theme })).not.toHaveProperty("--font");
  });
});

describe("tokens", () => {
  const tokenOf = (claims: object) => {
    const bytes = new TextEncoder().encode(JSON.stringify(claims));
    return `h.${btoa(String.fromCharCode(...bytes))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")}.s`;
  };
  test("say who brings them", () => {
    expect(claimsOf(tokenOf({ app_id: "acme", sub: "änn", scope: "chat trace", exp: 2 }))).toEqual({
      appId: "acme",
      userId: "änn",
      scopes: ["chat", "trace"],
      expiresAt: 2000,
    });
  });
  test.each([["nonsense"], ["a.b.c"], [tokenOf({ app_id: "acme" })]])("of another shape are none", (token) => {
    expect(claimsOf(token)).toBeNull();
  });
});

describe("traces", () => {
  test("show a turn with its model call, its tool and the wait for a person", () => {
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const frame = (seq: number, type: string, data: object, event_id = `e${seq}`) =>
      ({ type, seq, timestamp: at(seq), event_id, chat_id: "c", data }) as unknown as ServerFrame;
    const spans = spansOf([
      frame(1, "chat.run_start", { run_no: 1 }),
      frame(2, "chat.select_speaker", { agent: "Host" }),
      frame(4, "chat.usage_delta", { model: "m", prompt_tokens: 5, completion_tokens: 2, cost_usd: null }),
      frame(5, "chat.tool_call", { tool_name: "ask", tool_call_id: "t", awaiting_response: true }),
      frame(6, "chat.run_complete", { status: "waiting", turns: 0 }),
      frame(9, "chat.ui_tool_complete", { request_id: "e5", status: "completed" }),
    ]);
    expect(spans.map((span) => [span.kind, span.name, span.depth, (span.end ?? 0) - span.start])).toEqual([
      ["run", "Run 1", 0, 5000],
      ["turn", "Host", 1, 4000],
      ["model", "m", 2, 2000],
      ["tool", "ask", 2, expect.any(Number)],
      ["wait", "Waits for an answer", 3, 4000],
    ]);
    expect(spans[2]?.facts).toContain("not priced");
  });

  test("show how long a chat waited for those it spawned", () => {
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const frame = (seq: number, type: string, data: object) =>
      ({ type, seq, timestamp: at(seq), event_id: `e${seq}`, chat_id: "c", data }) as unknown as ServerFrame;
    const spans = spansOf([
      frame(1, "chat.run_start", { run_no: 1 }),
      frame(2, "chat.select_speaker", { agent: "Host" }),
      frame(3, "chat.workflow_batch_started", { batch_id: "b", children: [{}, {}], skipped: [] }),
      frame(8, "chat.workflow_resumed", { batch_id: "b", children: [{}, {}], completed: 1, total: 2 }),
      frame(9, "chat.run_complete", { status: "waiting", turns: 2 }),
    ]);
    expect(spans.map((span) => [span.kind, span.name, (span.end ?? 0) - span.start])).toEqual([
      ["run", "Run 1", 8000],
      ["turn", "Host", 1000],
      ["wait", "Waits for 2 child chats", 5000],
    ]);
    expect(spans[2]?.facts).toEqual(["1 of 2 completed"]);
  });

  test("show the slices of a run, and how long a model's call took", () => {
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const frame = (seq: number, type: string, data: object) =>
      ({ type, seq, timestamp: at(seq), event_id: `e${seq}`, chat_id: "c", data }) as unknown as ServerFrame;
    const slice = (number: number, from: number, to: number | null, outcome: "continue" | "lost" | "waiting") => ({
      run_no: 1,
      number,
      began_at: at(from),
      ended_at: to === null ? null : at(to),
      duration_ms: to === null ? null : (to - from) * 1000,
      outcome,
      model_calls: 1,
      model_ms: 500,
    });
    const log = [
      frame(1, "chat.run_start", { run_no: 1 }),
      frame(2, "chat.select_speaker", { agent: "Host" }),
      frame(4, "chat.usage_delta", { model: "m", prompt_tokens: 5, completion_tokens: 2, duration_ms: 500 }),
      frame(7, "chat.select_speaker", { agent: "Aide" }),
      frame(9, "chat.run_complete", { status: "waiting", turns: 2 }),
    ];
    const spans = spansOf(log, [slice(1, 0, null, "lost"), slice(2, 5, 9, "waiting")]);
    expect(spans.map((span) => [span.kind, span.name, (span.end ?? 0) - span.start, span.bad])).toEqual([
      ["run", "Run 1", 8000, false],
      ["slice", "Slice 1", 5000, true],
      ["turn", "Host", 5000, false],
      ["model", "m", 500, false],
      ["slice", "Slice 2", 4000, false],
      ["turn", "Aide", 2000, false],
    ]);
    expect(spans[4]?.facts).toEqual(["the chat waits", "models 0.5 s"]);
  });
});

test("a description says apart what to try", () => {
  expect(described('Sells bread. Try: "A loaf"')).toEqual({ summary: "Sells bread.", tries: '"A loaf"' });
  expect(described("Sells bread.")).toEqual({ summary: "Sells bread.", tries: null });
});
