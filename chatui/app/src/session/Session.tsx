/** Who uses the page: the configuration, the token where one is needed, and the API in that user's name. */

import { MozaiksApi } from "@mozaiks/client";
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { claimsOf } from "./claims.ts";
import { loadConfig, type PageConfig } from "./config.ts";
import { SignIn } from "./SignIn.tsx";

export interface Session {
  readonly api: MozaiksApi;
  readonly appId: string;
  readonly userId: string;
  /** Whether this user may see traces. Where no tokens are checked, everybody may. */
  readonly seesTraces: boolean;
  /** Forget the token; null where there is none. */
  readonly signOut: (() => void) | null;
}

const KEY = "mozaiks.token";
const Current = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(Current);
  if (session === null) throw new Error("useSession stands outside of SessionProvider");
  return session;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [config, setConfig] = useState<PageConfig | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  // In this tab only, and gone with it: a token is never written where another page or person finds it later.
  const [token, setToken] = useState<string | null>(() => sessionStorage.getItem(KEY));
  const [refused, setRefused] = useState<string | null>(null);

  useEffect(() => {
    loadConfig().then(setConfig, (error: unknown) =>
      setProblem(String(error instanceof Error ? error.message : error)),
    );
  }, []);

  const keep = useCallback((given: string) => {
    sessionStorage.setItem(KEY, given);
    setRefused(null);
    setToken(given);
  }, []);
  const forget = useCallback((why: string | null) => {
    sessionStorage.removeItem(KEY);
    setRefused(why);
    setToken(null);
  }, []);

  const session = useMemo((): Session | null => {
    if (config === null) return null;
    const baseUrl = config.api_url ?? location.origin;
    if (!config.auth) {
      const { app_id: appId, user_id: userId } = config;
      return { api: new MozaiksApi({ baseUrl, appId, userId }), appId, userId, seesTraces: true, signOut: null };
    }
    const claims = token === null ? null : claimsOf(token);
    if (token === null || claims === null) return null;
    const source = (bad: string | null): string | null => {
      if (bad === null) return token;
      forget("The token is not taken any more: it may have expired.");
      return null;
    };
    const { appId, userId, scopes } = claims;
    return {
      api: new MozaiksApi({ baseUrl, appId, userId, token: source }),
      appId,
      userId,
      seesTraces: scopes.includes("trace") || scopes.includes("admin"),
      signOut: () => forget(null),
    };
  }, [config, token, forget]);

  if (problem !== null) return <Unreachable problem={problem} />;
  if (config === null) return <div className="waiting" role="status" aria-label="Loading" />;
  if (session === null) return <SignIn problem={refused} onToken={keep} />;
  return <Current value={session}>{children}</Current>;
}

function Unreachable({ problem }: { problem: string }) {
  return (
    <main className="centred">
      <h1>The backend does not answer</h1>
      <p>{problem}</p>
      <button type="button" className="primary" onClick={() => location.reload()}>
        Try again
      </button>
    </main>
  );
}
