import type { ChatStatus, RunEndItem } from "@mozaiks/client";
import { AlertIcon, CheckIcon, StopIcon } from "../icons.tsx";
import { count, duration } from "../text/words.ts";
import { RetryRun } from "./RetryRun.tsx";

interface Props {
  readonly item: RunEndItem;
  readonly workflow: string;
  readonly chatId: string;
  readonly status: ChatStatus | null;
}

const WORDS: Record<string, string> = {
  completed: "Completed",
  cancelled: "Stopped",
  failed: "The run failed",
  timed_out: "Time ran out",
};

/** How a chat ended. */
export function RunEnd({ item, workflow, chatId, status }: Props) {
  const again = (item.status === "failed" || item.status === "timed_out") && status === item.status;
  return (
    <div className="run-end" data-status={item.status}>
      {item.status === "completed" ? <CheckIcon /> : item.status === "cancelled" ? <StopIcon /> : <AlertIcon />}
      <span>{WORDS[item.status] ?? item.status}</span>
      <span className="muted">
        {count(item.turns, "turn")}, {duration(item.durationMs)}
      </span>
      {again && <RetryRun workflow={workflow} chatId={chatId} />}
    </div>
  );
}
