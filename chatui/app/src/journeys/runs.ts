/** A journey's run as the API tells it, in groups. */

import type { JsonObject, JsonValue } from "@mozaiks/client";

export interface Member {
  readonly workflow: string;
  readonly chatId: string | null;
  readonly status: string;
  readonly error: string | null;
}

export interface JourneyRun {
  readonly id: string;
  readonly status: string;
  /** The group that is open, counted from 0. */
  readonly group: number;
  readonly groups: readonly (readonly Member[])[];
}

export function runOf(answer: JsonObject): JourneyRun {
  const groups: Member[][] = [];
  const listed = lists(answer.groups ?? answer.steps);
  if (listed !== null) {
    for (const group of listed) groups.push(group.map(memberOf));
  } else {
    for (const member of Array.isArray(answer.members) ? answer.members : []) {
      const place = Number(entry(member).group ?? 0);
      while (groups.length <= place) groups.push([]);
      groups[place]?.push(memberOf(member));
    }
  }
  return {
    id: String(answer.journey_id ?? ""),
    status: String(answer.status ?? ""),
    group: Number(answer.group ?? 0),
    groups,
  };
}

/** Groups as lists of members, or as objects that hold one. */
function lists(value: JsonValue | undefined): JsonValue[][] | null {
  if (!Array.isArray(value)) return null;
  return value.map((group) => {
    if (Array.isArray(group)) return [...group] as JsonValue[];
    const { members, workflows } = entry(group);
    const found = members ?? workflows;
    return Array.isArray(found) ? ([...found] as JsonValue[]) : [group];
  });
}

function memberOf(value: JsonValue): Member {
  if (typeof value === "string") return { workflow: value, chatId: null, status: "pending", error: null };
  const { workflow_name, workflow, chat_id, status, error } = entry(value);
  return {
    workflow: String(workflow_name ?? workflow ?? ""),
    chatId: typeof chat_id === "string" ? chat_id : null,
    status: typeof status === "string" ? status : "pending",
    error: typeof error === "string" ? error : null,
  };
}

function entry(value: JsonValue): Record<string, JsonValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, JsonValue>)
    : {};
}
