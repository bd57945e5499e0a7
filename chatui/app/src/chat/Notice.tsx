import type { JsonObject, NoticeItem } from "@mozaiks/client";
import { memberWords } from "../journeys/words.ts";
import { Link, paths } from "../routing.tsx";
import { count } from "../text/words.ts";
import { Data } from "./Data.tsx";

const WORDS: Record<string, string> = {
  "chat.workflow_started": "A workflow was started",
  "chat.workflow_batch_started": "Workflows were started",
  "chat.prereq_blocked": "Something has to be completed first",
  "chat.journey_progress": "Progress of the journey",
  "chat.context_switched": "The journey goes on",
  oauth_completed: "An account was connected",
};

/** What journeys and child chats say, with links to the chats they name. */
export function Notice({ item }: { item: NoticeItem }) {
  const chats = chatsIn(item.data);
  return (
    <details className="fold" data-notice={item.event}>
      <summary>
        {wordsOf(item)}
        {chats.map(({ workflow, chatId, status }) => (
          <span key={chatId}>
            {" · "}
            <Link href={paths.chat(workflow, chatId)}>{workflow}</Link>
            {status !== null && <span className="muted"> {memberWords(status)}</span>}
          </span>
        ))}
      </summary>
      <Data value={item.data} />
    </details>
  );
}

/** Of children, how many there are and how many are still to end. */
function wordsOf({ event, data }: NoticeItem): string {
  const { children, skipped, ended, total, completed, error } = data as Record<string, unknown>;
  switch (event) {
    case "chat.workflow_batch_started": {
      const left = Array.isArray(skipped) && skipped.length > 0 ? `, ${count(skipped.length, "other")} left out` : "";
      return Array.isArray(children) ? `${count(children.length, "workflow")} started${left}` : (WORDS[event] ?? event);
    }
    case "chat.workflow_child_completed":
      return `${ended} of ${total} ended${typeof error === "string" ? ` (${error})` : ""}`;
    case "chat.workflow_resumed":
      return `${completed} of ${total} completed; this chat goes on`;
    default:
      return WORDS[event] ?? event;
  }
}

interface Named {
  readonly workflow: string;
  readonly chatId: string;
  readonly status: string | null;
}

function chatsIn(data: JsonObject): Named[] {
  const lists = Object.values(data).filter((value) => Array.isArray(value)) as unknown[][];
  return [data, ...lists.flat()].flatMap((each) => {
    if (typeof each !== "object" || each === null) return [];
    const { chat_id, child_chat_id, workflow_name, workflow, status } = each as Record<string, unknown>;
    const chatId = child_chat_id ?? chat_id;
    const name = workflow_name ?? workflow;
    if (typeof chatId !== "string" || typeof name !== "string") return [];
    return [{ workflow: name, chatId, status: typeof status === "string" ? status : null }];
  });
}
