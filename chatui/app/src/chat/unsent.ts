/** What was typed into a chat and not sent: kept by this tab, through a reload. */

const PREFIX = "mozaiks.unsent.";

export function keptDraft(chatId: string): string {
  return sessionStorage.getItem(PREFIX + chatId) ?? "";
}

export function keepDraft(chatId: string, text: string): void {
  if (text === "") sessionStorage.removeItem(PREFIX + chatId);
  else sessionStorage.setItem(PREFIX + chatId, text);
}

export function forgetDraft(chatId: string): void {
  sessionStorage.removeItem(PREFIX + chatId);
}
