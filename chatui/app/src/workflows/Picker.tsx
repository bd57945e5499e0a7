import type { models } from "@mozaiks/client";
import { useEffect, useId, useState } from "react";
import { inPlainWords, plain } from "../chat/plainWords.ts";
import { AlertIcon, ArrowIcon } from "../icons.tsx";
import { Journeys } from "../journeys/Journeys.tsx";
import { chatsChanged } from "../layout/useChats.ts";
import { navigate, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { count } from "../text/words.ts";
import { described } from "./descriptions.ts";
import { useWorkflows } from "./useWorkflows.ts";

/** Every workflow to choose from, and those that are broken with what is wrong with them. */
export function Picker() {
  const { api } = useSession();
  const { list, problem, again } = useWorkflows();
  const gates = useGates();
  const [starting, setStarting] = useState<string | null>(null);
  const [refused, setRefused] = useState<{ workflow: string; reason: string } | null>(null);

  useEffect(() => {
    document.title = "Mozaiks";
  }, []);

  const start = async (workflow: string): Promise<void> => {
    setStarting(workflow);
    setRefused(null);
    try {
      const chat = await api.start(workflow);
      chatsChanged(chat.workflow_name);
      navigate(paths.chat(chat.workflow_name, chat.chat_id));
    } catch (error) {
      setRefused({ workflow, reason: inPlainWords(error) });
      setStarting(null);
    }
  };

  return (
    <div className="picker">
      <header className="picker-head">
        <h1>What shall we work on?</h1>
        <p>Choose a workflow to begin a chat.</p>
      </header>
      {problem !== null && (
        <div className="notice" data-kind="error" role="alert">
          <AlertIcon /> <span>{problem}</span>
          <button type="button" onClick={again}>
            Try again
          </button>
        </div>
      )}
      {list === null && problem === null && <div className="waiting" role="status" aria-label="Loading workflows" />}
      {list !== null && (
        <>
          <Journeys />
          <ul className="cards">
            {list.workflows.map((workflow) => (
              <li key={workflow.name}>
                <Card
                  workflow={workflow}
                  missing={gates.get(workflow.name) ?? null}
                  busy={starting === workflow.name}
                  disabled={starting !== null}
                  problem={refused?.workflow === workflow.name ? refused.reason : null}
                  onStart={() => void start(workflow.name)}
                />
              </li>
            ))}
          </ul>
          {list.workflows.length === 0 && (
            <p className="muted">There is no workflow yet: add a folder to the workflows folder.</p>
          )}
          {list.invalid.length > 0 && <Invalid workflows={list.invalid} />}
        </>
      )}
    </div>
  );
}

/** What keeps workflows from being started, by name. */
function useGates(): ReadonlyMap<string, string> {
  const { api } = useSession();
  const [gates, setGates] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    let current = true;
    api.available().then(
      ({ workflows }) => {
        const shut = workflows.filter((each) => !each.available);
        if (current) setGates(new Map(shut.map((each) => [each.name, gateOf(each)])));
      },
      () => undefined, // starting says the same
    );
    return () => {
      current = false;
    };
  }, [api]);
  return gates;
}

function gateOf({ missing, code }: models.Availability): string {
  if (missing.length === 0) return plain({ code: code ?? "", message: "It cannot be started now." });
  return `First complete ${missing.map((each) => each.workflow_name).join(" and ")}.`;
}

function Card(props: {
  workflow: models.WorkflowSummary;
  /** What has to be completed first; null where nothing has. */
  missing: string | null;
  busy: boolean;
  disabled: boolean;
  problem: string | null;
  onStart: () => void;
}) {
  const { workflow } = props;
  const id = useId();
  const { summary, tries } = described(workflow.description);
  const silent = workflow.startup_mode === "BackendOnly";
  return (
    <article className="card" aria-labelledby={id}>
      <h2 id={id}>{workflow.name}</h2>
      <p className="card-text">{summary || "No description."}</p>
      {tries !== null && <p className="card-tries">Try {tries}</p>}
      {props.missing !== null && <p className="card-gate">{props.missing}</p>}
      <div className="card-foot">
        <span className="muted card-facts">
          {workflow.agents.length > 0 && count(workflow.agents.length, "agent")}
          {workflow.tools > 0 && ` · ${count(workflow.tools, "tool")}`}
          {silent && " · runs by itself"}
        </span>
        <button
          type="button"
          className="primary"
          disabled={props.disabled || props.missing !== null}
          aria-describedby={id}
          onClick={props.onStart}
        >
          {props.busy ? "Starting …" : "Start"} <ArrowIcon />
        </button>
      </div>
      {props.problem !== null && (
        <p className="problem-text" role="alert">
          {props.problem}
        </p>
      )}
    </article>
  );
}

function Invalid({ workflows }: { workflows: readonly models.InvalidWorkflow[] }) {
  return (
    <section className="invalid" aria-labelledby="invalid-title">
      <h2 id="invalid-title">
        <AlertIcon /> {count(workflows.length, "workflow needs", "workflows need")} mending
      </h2>
      {workflows.map((workflow) => (
        <details key={workflow.name}>
          <summary>
            {workflow.name} <span className="muted">{count(workflow.problems.length, "problem")}</span>
          </summary>
          <ul>
            {workflow.problems.map((problem) => (
              <li key={`${problem.file}:${problem.line}:${problem.message}`}>
                <code>
                  {problem.file}
                  {problem.line != null && `:${problem.line}`}
                </code>{" "}
                {problem.message} <span className="muted">{problem.code}</span>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}
