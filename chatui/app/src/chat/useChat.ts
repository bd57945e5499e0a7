/** One chat, live: the client that keeps it, and its state for React. */

import { ChatClient, type ChatState, type MozaiksApi } from "@mozaiks/client";
import { useEffect, useState, useSyncExternalStore } from "react";

/** The client of a chat, connected as long as the chat is on the page; null until its address is known. */
export function useClient(
  api: MozaiksApi,
  workflow: string,
  chatId: string,
): { readonly client: ChatClient | null; readonly problem: unknown; readonly again: () => void } {
  const [client, setClient] = useState<ChatClient | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round is what opens it again
  useEffect(() => {
    let gone = false;
    let opened: ChatClient | undefined;
    setProblem(null);
    // What is sent and not confirmed outlives a reload of this tab.
    ChatClient.open(api, workflow, chatId, { store: sessionStorage }).then(
      (made) => {
        if (gone) return made.close();
        opened = made;
        setClient(made);
      },
      (error: unknown) => {
        if (!gone) setProblem(error);
      },
    );
    return () => {
      gone = true;
      opened?.close();
      setClient(null);
    };
  }, [api, workflow, chatId, round]);
  return { client, problem, again: () => setRound((before) => before + 1) };
}

export function useChatState(client: ChatClient): ChatState {
  return useSyncExternalStore(client.subscribe, client.getSnapshot);
}
