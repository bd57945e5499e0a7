/** What a greeting says of the chat as a whole. */

import type { ChatMetaData } from "../protocol/frames.js";
import type { Edit } from "./edit.js";
import { journeyOf } from "./journeys.js";
import { listed } from "./requests.js";

export function greeted(edit: Edit, data: ChatMetaData): void {
  const { next } = edit;
  next.workflowName = data.workflow_name;
  next.appId = data.app_id;
  next.userId = data.user_id;
  next.cacheSeed = data.cache_seed;
  next.parentChatId = data.parent_chat_id ?? null;
  if (data.journey !== undefined) next.journey = journeyOf(data.journey);
  // Live events may overtake a greeting: then they know better.
  if (data.last_seq < next.lastSeq) return;
  edit.note({ greetedSeq: data.last_seq });
  next.status = data.status;
  next.waitingFor = data.waiting_for;
  if (data.status !== "running") next.run = null;
  const known = new Map(next.pending.map((each) => [each.requestId, each]));
  next.pending = data.pending.map((each) => {
    const before = known.get(each.request_id);
    return each.oversize === true && before !== undefined ? before : listed(each);
  });
  const shown = data.last_artifact;
  if (shown !== null && next.artifact?.eventId !== shown.event_id) {
    next.artifact = next.artifacts.findLast((each) => each.eventId === shown.event_id) ?? {
      eventId: shown.event_id,
      toolName: shown.tool_name,
      component: shown.component,
      agent: null,
      payload: shown.payload ?? null,
      seq: shown.seq,
      at: null,
    };
  }
}
