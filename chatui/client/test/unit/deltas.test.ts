import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ServerFrame } from "../../src/protocol/frames.js";
import { initialState } from "../../src/state/initial.js";
import { reduce } from "../../src/state/reduce.js";
import { CHAT, delta, ended, said } from "../support/frames.js";

function draftOf(frames: ServerFrame[]): string | null {
  return reduce(initialState(CHAT), frames).draft?.text ?? null;
}

describe("a message that is being written", () => {
  it("grows piece by piece, in UTF-16 units", () => {
    expect(draftOf([delta(0, "Hi 👋"), delta(5, "!"), delta(6, " Bye")])).toBe("Hi 👋! Bye");
  });

  it("takes a piece that comes twice once, and of one that overlaps what is new", () => {
    expect(draftOf([delta(0, "Hello"), delta(0, "Hello"), delta(3, "lo you"), delta(2, "ll")])).toBe("Hello you");
  });

  it("keeps what comes early until the piece before it is there", () => {
    expect(draftOf([delta(0, "one "), delta(8, "three")])).toBe("one ");
    expect(draftOf([delta(0, "one "), delta(8, "three"), delta(4, "two ")])).toBe("one two three");
  });

  it("begins in the middle once the text so far has come", () => {
    expect(draftOf([delta(6, "world"), delta(0, "Hello ")])).toBe("Hello world");
  });

  it("ends with its text, whatever the draft said", () => {
    const state = reduce(initialState(CHAT), [delta(0, "Hel"), delta(9, "lost"), said(1, "Host", "Hello!", "m1")]);
    expect(state.draft).toBeNull();
    expect(state.timeline.map((item) => item.type === "message" && item.text)).toEqual(["Hello!"]);
  });

  it("does not come back with late pieces", () => {
    expect(draftOf([said(1, "Host", "Hello!", "m1"), delta(0, "Hel")])).toBeNull();
  });

  it("is replaced by another message, for good", () => {
    const frames = [delta(0, "First try", "m1"), delta(0, "Second", "m2"), delta(9, " goes on", "m1")];
    expect(draftOf(frames)).toBe("Second");
  });

  it("is not ended by the text of another message that comes late", () => {
    expect(draftOf([delta(0, "New", "m2"), said(1, "Host", "Old", "m1"), delta(3, "er", "m2")])).toBe("Newer");
  });

  it("ends with the run, if its text never came", () => {
    expect(draftOf([delta(0, "Hel"), ended(1, 1)])).toBeNull();
  });

  it("has no hole, and is whole once every piece has come, however they come", () => {
    const pieces = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(pieces, fc.infiniteStream(fc.nat()), fc.boolean(), (parts, random, all) => {
        const frames: ServerFrame[] = [];
        let offset = 0;
        for (const part of parts) {
          const frame = delta(offset, part);
          frames.push(frame);
          if ((random.next().value ?? 0) % 3 === 0) frames.push(frame);
          offset += part.length;
        }
        const kept = all ? frames : frames.filter(() => (random.next().value ?? 0) % 4 !== 0);
        const shuffled = kept
          .map((frame) => ({ frame, place: random.next().value ?? 0 }))
          .sort((one, other) => one.place - other.place)
          .map(({ frame }) => frame);
        const whole = parts.join("");
        const text = draftOf(shuffled);
        expect(whole.startsWith(text ?? "")).toBe(true);
        if (all) expect(text).toBe(whole);
      }),
    );
  });
});
