/** Journeys and child chats. */

import type {
  ChatWorkflowBatchStartedFrame,
  ChatWorkflowChildCompletedFrame,
  ChatWorkflowResumedFrame,
  JourneyProgress,
  JourneyMember as Member,
  WorkflowChild,
} from "../protocol/frames.js";
import type { Edit } from "./edit.js";
import type { ChildChat, Journey, JourneyMember } from "./types.js";

export function journeyOf(data: JourneyProgress): Journey {
  return {
    journeyRunId: data.journey_run_id,
    journeyId: data.journey_id,
    status: data.status,
    group: data.group,
    groups: data.groups,
    completed: data.completed,
    total: data.total,
    members: data.members.map(memberOf),
  };
}

/** Chats an agent of this chat began. Those a client's frame began are no children: nobody waits for them. */
export function spawned(edit: Edit, frame: ChatWorkflowBatchStartedFrame): void {
  if (frame.seq === undefined) return;
  edit.next.children = [...edit.next.children, ...frame.data.children.map(childOf)];
}

export function childEnded(edit: Edit, { data }: ChatWorkflowChildCompletedFrame): void {
  const child = { chatId: data.chat_id, workflowName: data.workflow_name, status: data.status };
  const others = edit.next.children.map((each) => (each.chatId === child.chatId ? child : each));
  // One that could not be opened was not listed.
  edit.next.children = others.includes(child) ? others : [...others, child];
}

export function resumed(edit: Edit, { data }: ChatWorkflowResumedFrame): void {
  const ended = new Map(data.children.map((each) => [each.chat_id, childOf(each)]));
  edit.next.children = edit.next.children.map((each) => ended.get(each.chatId) ?? each);
}

function childOf(child: WorkflowChild): ChildChat {
  return { chatId: child.chat_id, workflowName: child.workflow_name, status: child.status };
}

function memberOf(member: Member): JourneyMember {
  return { workflowName: member.workflow_name, chatId: member.chat_id, status: member.status };
}
