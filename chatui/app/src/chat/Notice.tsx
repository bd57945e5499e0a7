import type { JsonObject, NoticeItem } from "@mozaiks/client";
import { Link, paths } from "../routing.tsx";
import { Data } from "./Data.tsx";

const WORDS: Record<string, string> = {
  "chat.workflow_started": "A workflow was started",
  "chat.workflow_batch_started": "Workflows were started",
  "chat.workflow_child_completed": "A workflow has ended",
  "chat.workflow_resumed": "All have ended; this chat goes on",
  "chat.prereq_blocked": "Something has to be completed first",
  "chat.journey_progress": "Progress of the journey",
  "chat.context_switched": "The journey goes on",
  oauth_completed: "An account was connected",
};

/** What journeys and child chats say, with links to the chats they name. */
export function Notice({ item }: { item: NoticeItem }) {
  const chats = chatsIn(item.data);
  return (
    <details className="fold">
      <summary>
        {WORDS[item.event] ?? item.event}
        {chats.map(({ workflow, chatId, status }) => (
          <span key={chatId}>
            {" · "}
            <Link href={paths.chat(workflow, chatId)}>{workflow}</Link>
            {status !== null && <span className="muted"> {status}</span>}
          </span>
        ))}
      </summary>
      <Data value={item.data} />
    </details>
  );
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
