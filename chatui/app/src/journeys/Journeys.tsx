import type { models } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { Link, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { ago, count } from "../text/words.ts";

const MOST = 5;

/** The user's journeys that have not ended. A journey begins with a workflow of its first step. */
export function Journeys() {
  const { api } = useSession();
  const [runs, setRuns] = useState<readonly models.JourneySummary[]>([]);
  useEffect(() => {
    let current = true;
    api.journeys({ limit: 20 }).then(
      (page) => {
        const open = page.journeys.filter((run) => run.status === "running" || run.status === "blocked");
        if (current) setRuns(open.slice(0, MOST));
      },
      () => undefined, // the workflows are what this view is for
    );
    return () => {
      current = false;
    };
  }, [api]);
  if (runs.length === 0) return null;
  return (
    <section className="journeys" aria-labelledby="journeys-title">
      <h2 id="journeys-title">Journeys under way</h2>
      <ul>
        {runs.map((run) => (
          <li key={run.journey_run_id} className="card">
            <h3>
              <Link href={paths.journey(run.journey_run_id)}>{run.journey_id}</Link>
            </h3>
            <progress max={run.total} value={run.completed} aria-label={`Steps of ${run.journey_id}`} />
            <span className="muted">
              {run.completed} of {count(run.total, "workflow")} completed{run.status === "blocked" && ", blocked"} ·{" "}
              {ago(Date.parse(run.updated_at), Date.now())}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
