/** The installed workflows, asked for once and shared; asked again when the page comes back into view. */

import type { MozaiksApi, models } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { inPlainWords } from "../chat/plainWords.ts";
import { useSession } from "../session/Session.tsx";

interface Found {
  readonly list: models.WorkflowList | null;
  readonly problem: string | null;
}

const asked = new WeakMap<MozaiksApi, Promise<models.WorkflowList>>();

export function useWorkflows(): Found & { readonly again: () => void } {
  const { api } = useSession();
  const [found, setFound] = useState<Found>({ list: null, problem: null });
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round is what asks again
  useEffect(() => {
    let current = true;
    workflowsOf(api).then(
      (list) => current && setFound({ list, problem: null }),
      (error: unknown) => current && setFound({ list: null, problem: inPlainWords(error) }),
    );
    return () => {
      current = false;
    };
  }, [api, round]);

  return {
    ...found,
    again: () => {
      asked.delete(api);
      setRound((before) => before + 1);
    },
  };
}

function workflowsOf(api: MozaiksApi): Promise<models.WorkflowList> {
  let answer = asked.get(api);
  if (answer === undefined) {
    answer = api.workflows();
    asked.set(api, answer);
    answer.catch(() => asked.delete(api));
  }
  return answer;
}
