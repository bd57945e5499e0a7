/** Times, sizes and states as people say them. */

import type { models } from "@mozaiks/client";

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });

export function ago(then: number, now: number): string {
  const minutes = Math.round((now - then) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return relative.format(-minutes, "minute");
  if (minutes < 24 * 60) return relative.format(-Math.round(minutes / 60), "hour");
  if (minutes < 7 * 24 * 60) return relative.format(-Math.round(minutes / 1440), "day");
  return day.format(then);
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** What calls cost; an amount that is not known is never shown as nothing. */
export function money(usd: number | null): string {
  if (usd === null) return "not priced";
  if (usd === 0) return "$0";
  if (usd < 0.0001) return "under $0.0001";
  return usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
}

export function statusWords(status: models.ChatStatus | string, waitingFor: string | null): string {
  if (status === "waiting") {
    switch (waitingFor) {
      case "approval":
        return "needs approval";
      case "ui_tool":
        return "needs an answer";
      case "children":
        return "waiting for others";
      default:
        return "your turn";
    }
  }
  return status === "timed_out" ? "timed out" : status === "created" ? "new" : status;
}

/** `save_page` as `save page`. */
export function spaced(name: string): string {
  return name.replace(/_/g, " ");
}
