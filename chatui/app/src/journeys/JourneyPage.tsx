import type { models } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { inPlainWords } from "../chat/plainWords.ts";
import { AlertIcon, CheckIcon } from "../icons.tsx";
import { Link, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { memberWords } from "./words.ts";

const AGAIN_MS = 1500;
const OVER = new Set(["completed", "cancelled", "failed"]);

/** A journey as steps, one below the other; members that run at the same time stand side by side. */
export default function JourneyPage({ runId }: { runId: string }) {
  const { run, problem, again } = useRun(runId);
  useEffect(() => {
    document.title = `${run?.journey_id ?? "Journey"} · Mozaiks`;
  }, [run?.journey_id]);
  if (problem !== null && run === null) {
    return (
      <div className="centred" role="alert">
        <AlertIcon />
        <h1>{problem}</h1>
      </div>
    );
  }
  if (run === null) return <div className="waiting" role="status" aria-label="Loading" />;
  const blocked = run.status === "blocked";
  return (
    <div className="journey">
      <header>
        <h1>{run.journey_id}</h1>
        <p className="muted" role="status">
          {run.status === "running"
            ? `Step ${run.group + 1} of ${run.groups.length} is under way`
            : `The journey is ${run.status}`}
        </p>
      </header>
      {blocked && (
        <div className="notice" data-kind="error">
          <AlertIcon />
          <div>
            <p>A step did not end well, and the journey waits. What has completed stays as it is.</p>
            {problem !== null && <p className="problem-text">{problem}</p>}
          </div>
          <button type="button" onClick={again}>
            Try again
          </button>
        </div>
      )}
      <ol className="journey-groups">
        {run.groups.map((group, index) => (
          <li
            key={group.group}
            data-state={stateOf(group.members)}
            aria-current={index === run.group && !OVER.has(run.status) ? "step" : undefined}
          >
            <span className="journey-place" aria-hidden="true">
              {stateOf(group.members) === "done" ? <CheckIcon /> : index + 1}
            </span>
            <ul>
              {group.members.map((member) => (
                <li
                  key={member.chat_id ?? member.workflow_name}
                  className="card journey-member"
                  data-status={member.status}
                >
                  {member.chat_id !== null && member.status !== "pending" ? (
                    <Link href={paths.chat(member.workflow_name, member.chat_id)}>{member.workflow_name}</Link>
                  ) : (
                    <span>{member.workflow_name}</span>
                  )}
                  <span className="muted">{memberWords(member.status, member.waiting_for)}</span>
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

function stateOf(group: readonly models.JourneyMemberState[]): string {
  if (group.every((member) => member.status === "completed")) return "done";
  if (group.some((member) => ["failed", "cancelled", "timed_out"].includes(member.status))) return "stopped";
  return group.some((member) => member.status !== "pending") ? "now" : "later";
}

/** Asked again and again while it is under way: a journey has no socket of its own. */
function useRun(runId: string): {
  readonly run: models.JourneyRun | null;
  readonly problem: string | null;
  readonly again: () => void;
} {
  const { api } = useSession();
  const [run, setRun] = useState<models.JourneyRun | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a journey that goes on is looked at again
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const read = async (): Promise<void> => {
      let over = false;
      try {
        const found = await api.journey(runId);
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
  }, [api, runId, round]);
  const again = (): void => {
    api.retryJourney(runId).then(
      () => setRound((before) => before + 1),
      (error: unknown) => setProblem(inPlainWords(error)),
    );
  };
  return { run, problem, again };
}
