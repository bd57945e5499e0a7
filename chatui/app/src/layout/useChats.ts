/** The list of chats: the newest of every workflow, together. The API lists them by workflow. */

import type { models } from "@mozaiks/client";
import { useCallback, useEffect, useState } from "react";
import { inPlainWords } from "../chat/plainWords.ts";
import { useSession } from "../session/Session.tsx";
import { useWorkflows } from "../workflows/useWorkflows.ts";

interface Chats {
  readonly chats: readonly models.ChatSummary[] | null;
  readonly problem: string | null;
  /** Read more; null where there is no more. */
  readonly more: (() => void) | null;
}

const CHANGED = "mozaiks:chats-changed";
const STEP = 12;

/** Tell the list that a chat began, went on or ended. */
export function chatsChanged(): void {
  dispatchEvent(new Event(CHANGED));
}

export function useChats(): Chats {
  const { api } = useSession();
  const { list } = useWorkflows();
  const [chats, setChats] = useState<readonly models.ChatSummary[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [wanted, setWanted] = useState(STEP);
  const [isMore, setIsMore] = useState(false);

  const read = useCallback(async () => {
    if (list === null) return;
    try {
      const limit = Math.min(wanted, 100);
      const pages = await Promise.all(list.workflows.map((each) => api.chats(each.name, { limit })));
      const all = pages.flatMap((page) => page.chats);
      all.sort((one, other) => Date.parse(other.created_at) - Date.parse(one.created_at));
      setChats(all.slice(0, wanted));
      setIsMore(all.length > wanted || (wanted < 100 && pages.some((page) => page.next_before !== null)));
      setProblem(null);
    } catch (error) {
      setProblem(inPlainWords(error));
    }
  }, [api, list, wanted]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void read(), 250);
    };
    void read();
    addEventListener(CHANGED, soon);
    addEventListener("focus", soon);
    return () => {
      clearTimeout(timer);
      removeEventListener(CHANGED, soon);
      removeEventListener("focus", soon);
    };
  }, [read]);

  return { chats, problem, more: isMore ? () => setWanted(wanted + STEP) : null };
}
