import type { ChatStatus, Problem } from "@mozaiks/client";
import { AlertIcon } from "../icons.tsx";
import { plain } from "./plainWords.ts";
import { RetryRun } from "./RetryRun.tsx";

interface Props {
  readonly problem: Problem;
  readonly workflow: string;
  readonly chatId: string;
  readonly status: ChatStatus | null;
}

/** An error in plain words. What the backend said of it, and its code, are there to be unfolded. */
export function ErrorRow({ problem, workflow, chatId, status }: Props) {
  const words = plain(problem);
  const ended = status === "failed" || status === "timed_out";
  return (
    <div className="notice" data-kind={problem.severity}>
      <AlertIcon />
      <div>
        <p>{words}</p>
        <details>
          <summary>Details</summary>
          <p>
            {words === problem.message ? "" : `${problem.message} `}
            <code>{problem.code}</code>
          </p>
        </details>
      </div>
      {problem.severity === "error" && ended && <RetryRun workflow={workflow} chatId={chatId} />}
    </div>
  );
}
