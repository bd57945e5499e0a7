/** What a chat is called in lists: the first thing its user said, remembered by this browser. */

const KEY = "mozaiks.titles";
const MOST = 200;
const LONGEST = 70;

export function titleOf(chatId: string): string | null {
  return kept()[chatId] ?? null;
}

export function keepTitle(chatId: string, text: string): boolean {
  const titles = kept();
  if (titles[chatId] !== undefined) return false;
  const line = text.trim().split("\n")[0] ?? "";
  const title = line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
  if (title === "") return false;
  const newest = [...Object.entries(titles), [chatId, title]].slice(-MOST);
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(newest)));
  return true;
}

function kept(): Record<string, string> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, string>) : {};
  } catch {
    return {}; // not ours: begun anew
  }
}
