import type { JsonObject } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { inPlainWords } from "../chat/plainWords.ts";
import { AlertIcon, CheckIcon } from "../icons.tsx";
import { Link, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { type JourneyRun, type Member, runOf } from "./runs.ts";
import { memberWords } from "./words.ts";

const AGAIN_MS = 1500;
const OVER = new Set(["completed", "cancelled", "failed"]);

/** A journey as steps, one below the other; members that run at the same time stand side by side. */
export default function JourneyPage({ runId }: { runId: string }) {
  const { run, problem } = useRun(runId);
  useEffect(() => {
    document.title = `${run?.id ?? "Journey"} · Mozaiks`;
  }, [run?.id]);
  if (problem !== null && run === null) {
    return (
      <div className="centred" role="alert">
        <AlertIcon />
        <h1>{problem}</h1>
      </div>
    );
  }
  if (run === null) return <div className="waiting" role="status" aria-label="Loading" />;
  return (
    <div className="journey">
      <header>
        <h1>{run.id}</h1>
        <p className="muted" role="status">
          {run.status === "running"
            ? `Step ${run.group + 1} of ${run.groups.length} is under way`
            : `The journey is ${run.status}`}
        </p>
      </header>
      <ol className="journey-groups">
        {run.groups.map((group, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a journey never move
          <li
            key={index}
            data-state={stateOf(group)}
            aria-current={index === run.group && !OVER.has(run.status) ? "step" : undefined}
          >
            <span className="journey-place" aria-hidden="true">
              {stateOf(group) === "done" ? <CheckIcon /> : index + 1}
            </span>
            <ul>
              {group.map((member) => (
                <li key={member.chatId ?? member.workflow} className="card journey-member" data-status={member.status}>
                  {member.chatId !== null && member.status !== "pending" ? (
                    <Link href={paths.chat(member.workflow, member.chatId)}>{member.workflow}</Link>
                  ) : (
                    <span>{member.workflow}</span>
                  )}
                  <span className="muted">{memberWords(member.status)}</span>
                  {member.error !== null && <span className="problem-text">{member.error}</span>}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </div>
  );
}

function stateOf(group: readonly Member[]): string {
  if (group.every((member) => member.status === "completed")) return "done";
  if (group.some((member) => ["failed", "cancelled", "timed_out"].includes(member.status))) return "stopped";
  return group.some((member) => member.status !== "pending") ? "now" : "later";
}

/** Asked again and again while it is under way: a journey has no socket of its own. */
function useRun(runId: string): { readonly run: JourneyRun | null; readonly problem: string | null } {
  const { api } = useSession();
  const [run, setRun] = useState<JourneyRun | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const read = async (): Promise<void> => {
      let over = false;
      try {
        const found = runOf((await api.journey(runId)) as unknown as JsonObject);
        if (gone) return;
        setRun(found);
        setProblem(null);
        over = OVER.has(found.status);
      } catch (error) {
        if (gone) return;
        setProblem(inPlainWords(error));
        over = (error as { retryable?: boolean }).retryable !== true;
      }
      if (!over) timer = setTimeout(() => void read(), AGAIN_MS);
    };
    void read();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [api, runId]);
  return { run, problem };
}
