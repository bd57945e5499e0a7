import { statusWords } from "../text/words.ts";

/** What a member of a journey does; of an open one, what it waits for. */
export function memberWords(status: string, waitingFor: string | null = null): string {
  if (status === "pending") return "comes later";
  if (status === "open") return waitingFor === null ? "under way" : statusWords("waiting", waitingFor);
  return statusWords(status, null);
}
