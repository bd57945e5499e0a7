/** What the page is told where it is served from: `/config.json`. */

export interface PageConfig {
  /** Whether tokens are checked. If not, the page shows the chats of `app_id` and `user_id`. */
  readonly auth: boolean;
  readonly app_id: string;
  readonly user_id: string;
  /** Where the HTTP API is; where the page came from if it is left out. */
  readonly api_url?: string;
}

export async function loadConfig(): Promise<PageConfig> {
  const answer = await fetch("/config.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`/config.json was answered with ${answer.status}; expected the page's configuration`);
  const config: unknown = await answer.json();
  if (!isConfig(config)) throw new Error("/config.json does not say whether tokens are checked (`auth`)");
  return config;
}

function isConfig(value: unknown): value is PageConfig {
  return typeof value === "object" && value !== null && typeof (value as { auth?: unknown }).auth === "boolean";
}
