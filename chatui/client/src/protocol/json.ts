/** JSON of unknown shape, looked at with care. */

import type { JsonObject, JsonValue } from "./frames.js";

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a text, or `undefined` where it is no JSON. */
export function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

export function textAt(data: JsonObject, key: string): string | null {
  const value = data[key];
  return typeof value === "string" ? value : null;
}

export function numberAt(data: JsonObject, key: string): number | null {
  const value = data[key];
  return typeof value === "number" ? value : null;
}

export function objectAt(data: JsonObject, key: string): JsonObject | null {
  const value = data[key];
  return isObject(value) ? value : null;
}
