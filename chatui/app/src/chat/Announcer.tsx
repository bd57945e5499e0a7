import type { ChatState } from "@mozaiks/client";
import { useEffect, useRef, useState } from "react";

const LONGEST = 400;

/**
 * Tells a screen reader what came: whole messages and questions, once. The conversation itself is silent, as it is
 * drawn piece by piece while it is written.
 */
export function Announcer({ state }: { state: ChatState }) {
  const [said, setSaid] = useState("");
  const seen = useRef<number | null>(null);
  const { timeline, caughtUp } = state;
  useEffect(() => {
    if (!caughtUp) return;
    const last = timeline.at(-1)?.seq ?? 0;
    if (seen.current === null) {
      seen.current = last; // what was there before is read by going there
      return;
    }
    const from = seen.current;
    const words = timeline
      .filter((item) => item.seq > from)
      .flatMap((item): string[] => {
        if (item.type === "message" && item.role !== "user") return [`${item.agent ?? ""} says: ${item.text}`];
        if (item.type === "question" && !item.repeats) return [item.prompt];
        if (item.type === "tool_call" && item.interaction !== null)
          return [item.prompt ?? `${item.toolName} asks for an answer`];
        if (item.type === "error") return [`Error: ${item.problem.message}`];
        if (item.type === "run_end" && item.status !== "waiting") return [`The chat is ${item.status}`];
        return [];
      });
    seen.current = last;
    if (words.length > 0) setSaid(words.join(". ").slice(0, LONGEST));
  }, [timeline, caughtUp]);
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
