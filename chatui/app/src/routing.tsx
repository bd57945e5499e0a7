/** Addresses of the page, and moving between them without loading it again. */

import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";

export type Route =
  | { readonly name: "start" }
  | { readonly name: "chat"; readonly workflow: string; readonly chatId: string }
  | { readonly name: "trace"; readonly workflow: string; readonly chatId: string }
  | { readonly name: "artifact"; readonly id: string; readonly workflow: string | null; readonly chatId: string | null }
  | { readonly name: "journey"; readonly runId: string }
  | { readonly name: "unknown"; readonly path: string };

const MOVED = "mozaiks:moved";

export function routeOf(path: string, query: string): Route {
  const parts = path.split("/").filter(Boolean).map(decoded);
  const [first, second, third, fourth] = parts;
  if (first === undefined) return { name: "start" };
  if (first === "chats" && second && third) {
    if (fourth === "trace") return { name: "trace", workflow: second, chatId: third };
    if (fourth === undefined) return { name: "chat", workflow: second, chatId: third };
  }
  if (first === "artifacts" && second && third === undefined) {
    const asked = new URLSearchParams(query);
    return { name: "artifact", id: second, workflow: asked.get("workflow"), chatId: asked.get("chat") };
  }
  if (first === "journeys" && second && third === undefined) return { name: "journey", runId: second };
  return { name: "unknown", path };
}

export const paths = {
  start: "/",
  chat: (workflow: string, chatId: string): string => `/chats/${encoded(workflow)}/${encoded(chatId)}`,
  trace: (workflow: string, chatId: string): string => `/chats/${encoded(workflow)}/${encoded(chatId)}/trace`,
  artifact: (id: string, workflow: string, chatId: string): string =>
    `/artifacts/${encoded(id)}?${new URLSearchParams({ workflow, chat: chatId })}`,
  journey: (runId: string): string => `/journeys/${encoded(runId)}`,
};

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  dispatchEvent(new Event(MOVED));
}

export function useRoute(): Route {
  const place = useSyncExternalStore(subscribed, () => location.pathname + location.search);
  const [path, query] = place.split("?");
  return routeOf(path ?? "/", query ?? "");
}

/** A link within the page. A click that asks for a new tab or window is left to the browser. */
export function Link({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const go = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(href);
  };
  return <a href={href} onClick={go} {...rest} />;
}

function subscribed(changed: () => void): () => void {
  addEventListener("popstate", changed);
  addEventListener(MOVED, changed);
  return () => {
    removeEventListener("popstate", changed);
    removeEventListener(MOVED, changed);
  };
}

function encoded(part: string): string {
  return encodeURIComponent(part);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address somebody typed: shown as unknown, not a crash
  }
}
