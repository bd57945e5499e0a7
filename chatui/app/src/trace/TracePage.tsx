import type { JsonObject, MozaiksApi, models, ServerFrame } from "@mozaiks/client";
import { useEffect, useMemo, useState } from "react";
import { Data } from "../chat/Data.tsx";
import { inPlainWords } from "../chat/plainWords.ts";
import { AlertIcon } from "../icons.tsx";
import { Link, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { duration } from "../text/words.ts";
import { type Span, spansOf } from "./spans.ts";
import "./trace.css";

const STEP = 500;
const MOST = 20_000;
const AGAIN_MS = 2000;

/** What happened in a chat and how long it took: runs, slices, turns, model calls, tools, waits. */
export default function TracePage({ workflow, chatId }: { workflow: string; chatId: string }) {
  const { api, seesTraces } = useSession();
  const { frames, problem } = useLog(api, workflow, chatId);
  const figures = useFigures(api, chatId);
  const slices = useSlices(api, workflow, chatId, frames?.length ?? 0);
  const spans = useMemo(() => spansOf(frames ?? [], slices), [frames, slices]);

  useEffect(() => {
    document.title = `Trace of ${workflow} · Mozaiks`;
  }, [workflow]);

  if (!seesTraces) {
    return (
      <div className="centred" role="alert">
        <h1>Traces need the scope “trace”</h1>
        <Link className="button primary" href={paths.chat(workflow, chatId)}>
          To the chat
        </Link>
      </div>
    );
  }
  return (
    <div className="trace">
      <header className="trace-head">
        <div>
          <h1>Trace</h1>
          <p className="muted">
            {workflow} · <code>{chatId}</code>
          </p>
        </div>
        <Link className="button" href={paths.chat(workflow, chatId)}>
          To the chat
        </Link>
      </header>
      {problem !== null && (
        <p className="notice" data-kind="error" role="alert">
          <AlertIcon /> {problem}
        </p>
      )}
      {frames === null && problem === null && <div className="waiting" role="status" aria-label="Loading" />}
      {frames !== null && spans.length === 0 && <p className="muted">Nothing has happened in this chat yet.</p>}
      {spans.length > 0 && <Timeline spans={spans} />}
      {figures !== null && (
        <details className="fold">
          <summary>Figures of the backend</summary>
          <Data value={figures} />
        </details>
      )}
    </div>
  );
}

function Timeline({ spans }: { spans: readonly Span[] }) {
  const blocks = useMemo(() => runsOf(spans), [spans]);
  return (
    <table className="spans">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">When</th>
          <th scope="col">Took</th>
          <th scope="col">Facts</th>
        </tr>
      </thead>
      {blocks.map((block) => (
        <tbody key={block.key}>
          {block.spans.map((span) => (
            <Row key={span.key} span={span} from={block.from} to={block.to} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

function Row({ span, from, to }: { span: Span; from: number; to: number }) {
  const length = Math.max(1, to - from);
  // A wait may outlast its run by days: its bar ends with it.
  const start = Math.min(100, Math.max(0, ((span.start - from) / length) * 100));
  const end = Math.min(100, (((span.end ?? to) - from) / length) * 100);
  return (
    <tr data-kind={span.kind} data-bad={span.bad || undefined}>
      <th scope="row" style={{ paddingLeft: `${0.5 + span.depth * 1.1}rem` }}>
        <span className="span-kind" aria-hidden="true" /> {span.name}
        <span className="visually-hidden"> ({span.kind})</span>
      </th>
      <td className="span-bar" aria-label={new Date(span.start).toISOString()}>
        <i style={{ marginLeft: `${start}%`, width: `${Math.max(0.6, end - start)}%` }} />
      </td>
      <td className="span-time">
        {span.kind === "error" ? "" : span.end === null ? "…" : duration(span.end - span.start)}
      </td>
      <td className="span-facts">{span.facts.filter(Boolean).join(" · ")}</td>
    </tr>
  );
}

interface Block {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly spans: readonly Span[];
}

/** Each run has a scale of its own: between two runs days may lie. */
function runsOf(spans: readonly Span[]): Block[] {
  const blocks: { key: string; from: number; to: number; spans: Span[] }[] = [];
  for (const span of spans) {
    let block = blocks.at(-1);
    if (block === undefined || span.kind === "run") {
      block = { key: span.key, from: span.start, to: span.start, spans: [] };
      blocks.push(block);
    }
    block.spans.push(span);
    if (span.kind !== "wait") block.to = Math.max(block.to, span.end ?? span.start);
  }
  return blocks;
}

/** The whole log, and what is added to it while one looks. */
function useLog(api: MozaiksApi, workflow: string, chatId: string) {
  const [frames, setFrames] = useState<readonly ServerFrame[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let after = 0;
    let all: ServerFrame[] = [];
    const read = async (): Promise<void> => {
      try {
        let more = true;
        while (more && !gone && all.length < MOST) {
          const page = await api.events(workflow, chatId, after, STEP);
          all = [...all, ...page.events];
          after = page.next_after;
          more = page.has_more;
        }
        if (gone) return;
        setFrames(all);
        setProblem(null);
      } catch (error) {
        if (!gone) setProblem(inPlainWords(error));
      }
      if (!gone) timer = setTimeout(() => void read(), AGAIN_MS);
    };
    void read();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [api, workflow, chatId]);
  return { frames, problem };
}

/** Asked for whenever the log has grown: what ends a run is told in the log, and a slice's beginning before its turns. */
function useSlices(api: MozaiksApi, workflow: string, chatId: string, events: number): readonly models.TracedSlice[] {
  const [slices, setSlices] = useState<readonly models.TracedSlice[]>([]);
  useEffect(() => {
    let current = true;
    const read = async (): Promise<void> => {
      let found: readonly models.TracedSlice[] = [];
      let after = 0;
      let more = events > 0;
      while (more && current && after < MOST) {
        const part = await api.trace(workflow, chatId, after);
        found = [...found, ...part.slices];
        after = part.next_after;
        more = part.has_more;
      }
      if (current) setSlices(found);
    };
    // What else went wrong is told where the log is read.
    read().catch(() => undefined);
    return () => {
      current = false;
    };
  }, [api, workflow, chatId, events]);
  return slices;
}

function useFigures(api: MozaiksApi, chatId: string): JsonObject | null {
  const [figures, setFigures] = useState<JsonObject | null>(null);
  useEffect(() => {
    let current = true;
    api.performance(chatId).then(
      (found) => current && setFigures(found as unknown as JsonObject),
      () => undefined, // not every backend gives them, nor to everybody
    );
    return () => {
      current = false;
    };
  }, [api, chatId]);
  return figures;
}
