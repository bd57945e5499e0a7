import type { JsonObject } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { inPlainWords } from "../chat/plainWords.ts";
import { ArrowIcon } from "../icons.tsx";
import { chatsChanged } from "../layout/useChats.ts";
import { navigate, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";

interface Offered {
  readonly id: string;
  readonly steps: readonly (readonly string[])[];
}

/** The journeys of the pack, to be started as a whole. Nothing where there are none. */
export function Journeys() {
  const { api } = useSession();
  const [offered, setOffered] = useState<readonly Offered[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    api.available().then(
      (answer) => current && setOffered(journeysOf(answer as unknown as JsonObject)),
      () => undefined, // a backend without a pack has none to offer
    );
    return () => {
      current = false;
    };
  }, [api]);
  if (offered.length === 0) return null;

  const start = async (id: string): Promise<void> => {
    try {
      const run = await api.startJourney(id);
      chatsChanged();
      navigate(paths.journey(run.journey_run_id));
    } catch (error) {
      setProblem(inPlainWords(error));
    }
  };
  return (
    <section className="journeys" aria-labelledby="journeys-title">
      <h2 id="journeys-title">Journeys</h2>
      <ul>
        {offered.map((journey) => (
          <li key={journey.id} className="card">
            <h3>{journey.id}</h3>
            <p className="journey-line">
              {journey.steps.map((group, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a journey never move
                <span key={index}>
                  {index > 0 && <ArrowIcon />} {group.join(" + ")}
                </span>
              ))}
            </p>
            <button type="button" className="primary" onClick={() => void start(journey.id)}>
              Begin
            </button>
          </li>
        ))}
      </ul>
      {problem !== null && (
        <p className="problem-text" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

function journeysOf(answer: JsonObject): Offered[] {
  if (!Array.isArray(answer.journeys)) return [];
  return answer.journeys.flatMap((each): Offered[] => {
    const { id, journey_id, steps, groups } = each as Record<string, unknown>;
    const name = id ?? journey_id;
    if (typeof name !== "string") return [];
    const listed = Array.isArray(steps) ? steps : Array.isArray(groups) ? groups : [];
    return [{ id: name, steps: listed.map((step) => (Array.isArray(step) ? step.map(String) : [String(step)])) }];
  });
}
