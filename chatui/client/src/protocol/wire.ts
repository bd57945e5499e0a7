/** Frames as they come over the wire, before anything is believed of them. */

import type { JsonObject, Oversize, ServerFrame } from "./frames.js";
import { isObject, parsed } from "./json.js";

/** A frame of API Gateway's own: what was sent may not have been carried out. */
export interface GatewayFrame {
  readonly message: string;
}

/** A reference in the place of a frame that is too large for the socket. */
export interface OversizeFrame {
  readonly type: ServerFrame["type"];
  readonly chat_id: string;
  readonly seq?: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly data: Oversize;
}

/** The frames of one message, `chat.batch` taken apart; nothing of what is no frame. */
export function framesOf(text: string): (ServerFrame | GatewayFrame)[] {
  const frame = parsed(text);
  if (!isObject(frame)) return [];
  if (typeof frame.type !== "string") return [{ message: String(frame.message ?? "") }];
  return isFrame(frame) ? unpacked(frame as unknown as ServerFrame) : [];
}

/** The frames in a batch, or the frame itself. */
export function unpacked(frame: ServerFrame): ServerFrame[] {
  if (frame.type !== "chat.batch") return [frame];
  const events = (frame.data as { readonly events?: unknown }).events;
  return Array.isArray(events) ? events.filter(isFrame).map((each) => each as unknown as ServerFrame) : [];
}

export function isGatewayFrame(frame: ServerFrame | GatewayFrame): frame is GatewayFrame {
  return !("type" in frame);
}

export function isOversize(frame: { readonly data: unknown }): frame is OversizeFrame {
  return isObject(frame.data) && frame.data.oversize === true;
}

/** Place in the log; undefined for a frame that has none. */
export function seqOf(frame: ServerFrame): number | undefined {
  const { seq } = frame as { readonly seq?: unknown };
  return typeof seq === "number" ? seq : undefined;
}

/** Whether the fields every frame has are what they must be. */
function isFrame(value: unknown): value is JsonObject {
  if (!isObject(value) || typeof value.type !== "string" || !isObject(value.data)) return false;
  return (
    value.seq === undefined || (typeof value.seq === "number" && Number.isSafeInteger(value.seq) && value.seq >= 1)
  );
}
