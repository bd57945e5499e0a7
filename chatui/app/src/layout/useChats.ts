/** The list of chats: the newest of every workflow, together. The API lists them by workflow. */

import type { models } from "@mozaiks/client";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { inPlainWords } from "../chat/plainWords.ts";
import { useSession } from "../session/Session.tsx";
import { useWorkflows } from "../workflows/useWorkflows.ts";

interface Chats {
  readonly chats: readonly models.ChatSummary[] | null;
  readonly problem: string | null;
  /** Read more; null where there is no more. */
  readonly more: (() => void) | null;
}

type Pages = ReadonlyMap<string, models.ChatPage>;

const CHANGED = "mozaiks:chats-changed";
const STEP = 12;
const MOST = 100;
const PAUSE_MS = 250;

/** Tell the list that a chat of this workflow began, went on or ended. */
export function chatsChanged(workflow: string): void {
  dispatchEvent(new CustomEvent(CHANGED, { detail: workflow }));
}

export function useChats(): Chats {
  const { api } = useSession();
  const { list } = useWorkflows();
  const [pages, setPages] = useState<Pages | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [wanted, setWanted] = useState(STEP);
  const changed = useRef(new Set<string>());

  /** Asks for these workflows only: each is a request of its own. */
  const read = useCallback(
    async (workflows: readonly string[]) => {
      try {
        const limit = Math.min(wanted, MOST);
        const read = await Promise.all(
          workflows.map(async (each) => [each, await api.chats(each, { limit })] as const),
        );
        setPages((before) => new Map([...(before ?? []), ...read]));
        setProblem(null);
      } catch (error) {
        setProblem(inPlainWords(error));
      }
    },
    [api, wanted],
  );

  useEffect(() => {
    if (list === null) return;
    const all = list.workflows.map((each) => each.name);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (workflows: readonly string[]): void => {
      for (const each of workflows) changed.current.add(each);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const due = all.filter((each) => changed.current.has(each));
        changed.current.clear();
        void read(due);
      }, PAUSE_MS);
    };
    const told = (event: Event): void => soon([String((event as CustomEvent<unknown>).detail)]);
    const back = (): void => soon(all);
    void read(all);
    addEventListener(CHANGED, told);
    addEventListener("focus", back);
    return () => {
      clearTimeout(timer);
      removeEventListener(CHANGED, told);
      removeEventListener("focus", back);
    };
  }, [list, read]);

  const { chats, isMore } = useMemo(() => newest(pages, wanted), [pages, wanted]);
  return { chats, problem: chats === null ? problem : null, more: isMore ? () => setWanted(wanted + STEP) : null };
}

function newest(pages: Pages | null, wanted: number): { readonly chats: Chats["chats"]; readonly isMore: boolean } {
  if (pages === null) return { chats: null, isMore: false };
  const all = [...pages.values()].flatMap((page) => page.chats);
  all.sort((one, other) => Date.parse(other.created_at) - Date.parse(one.created_at));
  const unread = wanted < MOST && [...pages.values()].some((page) => page.next_before !== null);
  return { chats: all.slice(0, wanted), isMore: all.length > wanted || unread };
}
