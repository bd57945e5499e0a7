/** What a call would change: arguments that stand as `before` and `after`, or `old_…` and `new_…`. */

import type { JsonObject, JsonValue } from "@mozaiks/client";

export interface Change {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

const PAIRS: readonly (readonly [RegExp, string])[] = [
  [/^before$/, "after"],
  [/^before_(.+)$/, "after_$1"],
  [/^(.+)_before$/, "$1_after"],
  [/^old$/, "new"],
  [/^old_(.+)$/, "new_$1"],
  [/^current_(.+)$/, "proposed_$1"],
];

export function changesIn(value: JsonValue): { readonly changes: readonly Change[]; readonly rest: JsonValue } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { changes: [], rest: value };
  const left: Record<string, JsonValue> = { ...(value as Record<string, JsonValue>) };
  const changes: Change[] = [];
  for (const key of Object.keys(left)) {
    for (const [pattern, partner] of PAIRS) {
      const match = pattern.exec(key);
      const other = key.replace(pattern, partner);
      if (match === null || !(other in left) || !(key in left)) continue;
      changes.push({ name: nameOf(match[1], left), before: asText(left[key]), after: asText(left[other]) });
      delete left[key];
      delete left[other];
      break;
    }
  }
  return { changes, rest: Object.keys(left).length === 0 ? null : (left as JsonObject) };
}

function nameOf(part: string | undefined, left: Record<string, JsonValue>): string {
  const path = left.path ?? left.file ?? left.title;
  return part ?? (typeof path === "string" ? path : "Change");
}

function asText(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
