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
  const isObject = typeof payload === "object" && payload !== null && !Array.isArray(payload);
  if (parameters !== null && isFormable(parameters)) {
    return isObject ? { schema: parameters, value: payload } : { schema: parameters };
  }
  if (!isObject || Object.keys(payload).length === 0) return NOTE;
  return { schema: inferred(payload), value: payload };
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

function isFormable(schema: JsonObject): boolean {
  const { properties } = schema;
  return typeof properties === "object" && properties !== null && Object.keys(properties).length > 0;
}
