/** A schema for an answer where the tool declares none: its parameters, or what its payload looks like. */

import type { JsonObject, JsonValue } from "@mozaiks/client";

export interface FormOf {
  readonly schema: JsonObject;
  readonly value?: JsonValue;
}

const NOTE: FormOf = {
  schema: { type: "object", properties: { answer: { type: "string", title: "Answer" } } },
};

export function schemaFor(payload: JsonValue, parameters: JsonObject | null): FormOf {
  if (parameters !== null && isFormable(parameters)) {
    return isMap(payload) ? { schema: parameters, value: payload } : { schema: parameters };
  }
  if (!isMap(payload) || Object.keys(payload).length === 0) return NOTE;
  return { schema: inferred(payload), value: payload };
}

/** What a payload says already of the fields of a form, and what else it says. */
export function filled(
  schema: JsonObject,
  payload: JsonValue,
): { readonly known: JsonObject | null; readonly rest: JsonValue } {
  const { properties } = schema;
  if (!isMap(payload) || !isMap(properties)) return { known: null, rest: payload };
  const known = Object.entries(payload).filter(([key]) => key in properties);
  const rest = Object.entries(payload).filter(([key]) => !(key in properties));
  return {
    known: known.length === 0 ? null : Object.fromEntries(known),
    rest: rest.length === 0 ? null : Object.fromEntries(rest),
  };
}

/** The schema of values like this one. */
export function inferred(value: JsonValue): JsonObject {
  if (value === null) return { type: ["string", "null"] };
  if (typeof value === "string") return { type: "string" };
  if (typeof value === "boolean") return { type: "boolean" };
  if (typeof value === "number") return { type: Number.isInteger(value) ? "integer" : "number" };
  if (Array.isArray(value)) {
    const [first] = value;
    return { type: "array", items: first === undefined ? { type: "string" } : inferred(first) };
  }
  const properties = Object.entries(value).map(([key, each]) => [key, inferred(each as JsonValue)]);
  return { type: "object", properties: Object.fromEntries(properties) };
}

function isFormable({ properties }: JsonObject): boolean {
  return isMap(properties) && Object.keys(properties).length > 0;
}

function isMap(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
