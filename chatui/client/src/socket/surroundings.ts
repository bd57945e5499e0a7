/** What happens around a client: the machine sleeps and wakes, the network goes and comes, the page is looked at. */

export interface Surroundings {
  readonly isOnline: () => boolean;
  /** Calls back until the returned function is called. */
  readonly watch: (watcher: Watcher) => () => void;
}

export interface Watcher {
  /** The network may be another one, or time has passed unseen: look whether the socket still works. */
  readonly woke: () => void;
  readonly wentOffline: () => void;
}

const TICK_MS = 5_000;
/** Timers of a hidden page come once a minute; later than this they come after a sleep. */
const ASLEEP_MS = 90_000;

export const SURROUNDINGS: Surroundings = {
  isOnline: () => (globalThis.navigator as Partial<Navigator> | undefined)?.onLine !== false,
  watch: ({ woke, wentOffline }) => {
    const page = globalThis.document as Document | undefined;
    const seen = (): void => {
      if (page?.visibilityState === "visible") woke();
    };
    const events = globalThis as Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">>;
    events.addEventListener?.("online", woke);
    events.addEventListener?.("offline", wentOffline);
    events.addEventListener?.("pageshow", woke);
    page?.addEventListener("visibilitychange", seen);
    const stopTicking = watchSleep(woke);
    return () => {
      events.removeEventListener?.("online", woke);
      events.removeEventListener?.("offline", wentOffline);
      events.removeEventListener?.("pageshow", woke);
      page?.removeEventListener("visibilitychange", seen);
      stopTicking();
    };
  },
};

/** Calls back when timers come so late that the machine must have slept. */
export function watchSleep(woke: () => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last > TICK_MS + ASLEEP_MS) woke();
    last = now;
  }, TICK_MS);
  // Nobody's program stays alive for this.
  (timer as { unref?: () => void }).unref?.();
  return () => clearInterval(timer);
}
