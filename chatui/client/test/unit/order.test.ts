import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seqOf } from "../../src/protocol/wire.js";
import { InOrder } from "../../src/socket/order.js";
import { boundary, conversation, delta, meta, said } from "../support/frames.js";

function taken(order: InOrder, frames: Parameters<InOrder["accept"]>[0][]): number[] {
  return frames.flatMap((frame) => order.accept(frame)).flatMap((frame) => seqOf(frame) ?? []);
}

describe("events in order", () => {
  it("drops what was seen", () => {
    const order = new InOrder();
    const first = said(1, "Host", "one");
    expect(taken(order, [first, first, said(2, "Host", "two"), first])).toEqual([1, 2]);
  });

  it("holds what is early until those before it have come", () => {
    const order = new InOrder();
    expect(taken(order, [said(2, "Host", "two"), said(3, "Host", "three")])).toEqual([]);
    expect(order.gap).toBe(true);
    expect(taken(order, [said(1, "Host", "one")])).toEqual([1, 2, 3]);
    expect(order.gap).toBe(false);
  });

  it("knows from a greeting that something is missing", () => {
    const order = new InOrder(3);
    order.accept(meta(5));
    expect(order.gap).toBe(true);
  });

  it("keeps a boundary until everything before it has come, and no longer", () => {
    const order = new InOrder();
    expect(order.accept(boundary(2))).toEqual([]);
    order.accept(said(4, "Host", "new"));
    order.accept(said(1, "Host", "one"));
    const released = order.accept(said(2, "Host", "two")).map((frame) => frame.type);
    expect(released).toEqual(["chat.text", "chat.resume_boundary"]);
    expect(order.gap).toBe(true);
  });

  it("lets through what has no place in the log", () => {
    const order = new InOrder();
    order.accept(said(2, "Host", "early"));
    expect(order.accept(delta(0, "Hel"))).toHaveLength(1);
  });

  it("gives each event once and in order, however they come", () => {
    const log = conversation();
    const deliveries = fc.array(fc.nat({ max: log.length - 1 }), { maxLength: 60 });
    fc.assert(
      fc.property(deliveries, (places) => {
        const order = new InOrder();
        const live = taken(
          order,
          places.flatMap((place) => log[place] ?? []),
        );
        // What is missing in the end is asked for, and comes after the last that was taken.
        const replay = taken(order, log.slice(order.lastSeq));
        expect([...live, ...replay]).toEqual(log.map((frame) => seqOf(frame)));
      }),
    );
  });
});
