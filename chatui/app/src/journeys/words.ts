const WORDS: Record<string, string> = { pending: "comes later", open: "under way", timed_out: "timed out" };

export function memberWords(status: string): string {
  return WORDS[status] ?? status;
}
