/** Light or dark, as the user chose it, and the colours of the app. */

import type { JsonObject } from "@mozaiks/client";
import { useCallback, useEffect, useState } from "react";
import { useSession } from "../session/Session.tsx";
import { variablesOf } from "./tokens.ts";

export type Mode = "system" | "light" | "dark";

const KEY = "mozaiks.mode";

export function useMode(): [Mode, (mode: Mode) => void] {
  const [mode, setMode] = useState<Mode>(() => kept());
  useEffect(() => {
    if (mode === "system") delete document.documentElement.dataset.mode;
    else document.documentElement.dataset.mode = mode;
  }, [mode]);
  const choose = useCallback((chosen: Mode) => {
    localStorage.setItem(KEY, chosen);
    setMode(chosen);
  }, []);
  return [mode, choose];
}

/** Put the app's theme tokens on the page. An app without a theme keeps the page's own. */
export function useAppTheme(): void {
  const { api } = useSession();
  useEffect(() => {
    let current = true;
    api.theme().then(
      (theme) => {
        if (!current) return;
        for (const [name, value] of Object.entries(variablesOf(theme as unknown as JsonObject))) {
          document.documentElement.style.setProperty(name, value);
        }
      },
      () => undefined, // no theme, or a backend without themes: the page's own colours are fine
    );
    return () => {
      current = false;
    };
  }, [api]);
}

function kept(): Mode {
  const mode = localStorage.getItem(KEY);
  return mode === "light" || mode === "dark" ? mode : "system";
}
