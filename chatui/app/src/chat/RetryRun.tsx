import { useState } from "react";
import { useSession } from "../session/Session.tsx";
import { inPlainWords } from "./plainWords.ts";

/** Runs a chat again that failed; it goes on from where it was safe last. */
export function RetryRun({ workflow, chatId }: { workflow: string; chatId: string }) {
  const { api } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const retry = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await api.retry(workflow, chatId);
    } catch (error) {
      setProblem(inPlainWords(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <span className="retry">
      <button type="button" disabled={busy} onClick={() => void retry()}>
        {busy ? "Trying …" : "Try again"}
      </button>
      {problem !== null && (
        <span className="problem-text" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}
