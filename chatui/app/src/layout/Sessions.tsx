import type { models } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { titleOf } from "../chat/titles.ts";
import { Link, paths } from "../routing.tsx";
import { ago, statusWords } from "../text/words.ts";
import { useChats } from "./useChats.ts";

/** The user's chats of all workflows, newest first. */
export function Sessions({ current }: { current: string | null }) {
  const { chats, problem, more } = useChats();
  const now = useNow();
  if (problem !== null) return <p className="sessions-note">{problem}</p>;
  if (chats === null) return <div className="sessions" aria-busy="true" />;
  if (chats.length === 0) return <p className="sessions-note">Your chats will be listed here.</p>;
  return (
    <div className="sessions">
      <ul>
        {chats.map((chat) => (
          <li key={chat.chat_id}>
            <Session chat={chat} now={now} current={chat.chat_id === current} />
          </li>
        ))}
      </ul>
      {more !== null && (
        <button type="button" className="quiet" onClick={more}>
          Older chats
        </button>
      )}
    </div>
  );
}

function Session({ chat, now, current }: { chat: models.ChatSummary; now: number; current: boolean }) {
  const title = titleOf(chat.chat_id);
  return (
    <Link
      className="session"
      href={paths.chat(chat.workflow_name, chat.chat_id)}
      aria-current={current ? "page" : undefined}
    >
      <span className="session-title">{title ?? chat.workflow_name}</span>
      <span className="session-facts">
        <span className="dot" data-status={chat.status} aria-hidden="true" />
        <span className="session-state">{statusWords(chat.status, chat.waiting_for)}</span>
        {title !== null && <span className="session-workflow"> · {chat.workflow_name}</span>}
        <time dateTime={chat.updated_at}>{ago(Date.parse(chat.updated_at), now)}</time>
      </span>
    </Link>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
