import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { socketAddress } from "../../src/socket/address.js";
import { pause } from "../../src/socket/backoff.js";
import { SURROUNDINGS, watchSleep } from "../../src/socket/surroundings.js";

describe("a machine that sleeps", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is noticed by timers that come late", () => {
    const woke = vi.fn();
    const stop = watchSleep(woke);
    vi.advanceTimersByTime(60_000);
    expect(woke).not.toHaveBeenCalled();
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(5_000);
    expect(woke).toHaveBeenCalledTimes(1);
    stop();
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(60_000);
    expect(woke).toHaveBeenCalledTimes(1);
  });
});

describe("a page", () => {
  const page = new EventTarget() as EventTarget & { visibilityState: string };
  const browser = new EventTarget();

  beforeEach(() => {
    page.visibilityState = "hidden";
    vi.stubGlobal("document", page);
    vi.stubGlobal("addEventListener", browser.addEventListener.bind(browser));
    vi.stubGlobal("removeEventListener", browser.removeEventListener.bind(browser));
  });
  afterEach(() => void vi.unstubAllGlobals());

  it("tells when the network is back or gone, and when it is looked at again", () => {
    const woke = vi.fn();
    const wentOffline = vi.fn();
    const stop = SURROUNDINGS.watch({ woke, wentOffline });
    browser.dispatchEvent(new Event("offline"));
    expect(wentOffline).toHaveBeenCalledTimes(1);
    browser.dispatchEvent(new Event("online"));
    page.dispatchEvent(new Event("visibilitychange"));
    expect(woke).toHaveBeenCalledTimes(1);
    page.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));
    expect(woke).toHaveBeenCalledTimes(2);
    stop();
    browser.dispatchEvent(new Event("online"));
    expect(woke).toHaveBeenCalledTimes(2);
  });

  it("without a network is offline, and one that does not know is online", () => {
    vi.stubGlobal("navigator", { onLine: false });
    expect(SURROUNDINGS.isOnline()).toBe(false);
    vi.stubGlobal("navigator", undefined);
    expect(SURROUNDINGS.isOnline()).toBe(true);
  });
});

describe("a pause", () => {
  it("is anything up to a ceiling that doubles, and has an end", () => {
    const backoff = { firstMs: 500, longestMs: 30_000 };
    expect([0, 1, 2, 10, 10_000].map((attempt) => pause(backoff, attempt, () => 1))).toEqual([
      500, 1_000, 2_000, 30_000, 30_000,
    ]);
    expect(pause(backoff, 5, () => 0)).toBe(0);
  });
});

describe("the address of a socket", () => {
  it("asks for what is missing, and never holds a token", () => {
    const url = socketAddress("wss://x.example.com/dev?chat_id=c&access_token=secret&last_seq=3", 7);
    expect(url).toBe("wss://x.example.com/dev?chat_id=c&last_seq=7&batch=1");
    fc.assert(
      fc.property(fc.string(), (token) => {
        const given = new URL("wss://x.example.com/dev?chat_id=c");
        given.searchParams.set("access_token", token);
        expect(new URL(socketAddress(given.toString(), 0)).searchParams.has("access_token")).toBe(false);
      }),
    );
  });
});
