/** What a token says of its bearer. Read to know whose chats to ask for; whether it holds, the backend decides. */

export interface Claims {
  readonly appId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970; null where it does not say. */
  readonly expiresAt: number | null;
}

export function claimsOf(token: string): Claims | null {
  const part = token.split(".")[1];
  if (part === undefined) return null;
  let said: Record<string, unknown>;
  try {
    const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
    said = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return null;
  }
  const userId = said.user_id ?? said.sub;
  if (typeof said.app_id !== "string" || typeof userId !== "string") return null;
  const scope = said.scope ?? "";
  return {
    appId: said.app_id,
    userId,
    scopes: Array.isArray(scope) ? scope.map(String) : String(scope).split(" ").filter(Boolean),
    expiresAt: typeof said.exp === "number" ? said.exp * 1000 : null,
  };
}
