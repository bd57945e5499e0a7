/** A description's last sentence may say what to try; a card shows that apart. */

export function described(description: string): { readonly summary: string; readonly tries: string | null } {
  const text = description.trim();
  const at = text.search(/\bTry(?: it)?:\s/);
  if (at < 0) return { summary: text, tries: null };
  const tries = text
    .slice(at)
    .replace(/^Try(?: it)?:\s*/, "")
    .trim();
  return { summary: text.slice(0, at).trim(), tries: tries === "" ? null : tries };
}
