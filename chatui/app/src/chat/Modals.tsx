import type { ChatState, ToolCallItem } from "@mozaiks/client";
import { ApprovalCard } from "../uitools/ApprovalCard.tsx";
import { Modal } from "../uitools/Modal.tsx";
import { ToolRequest } from "../uitools/ToolRequest.tsx";

interface Props {
  readonly state: ChatState;
  /** Requests that were put away; the conversation opens them again. */
  readonly away: readonly string[];
  readonly putAway: (requestId: string) => void;
}

/** The components that ask in a modal window, one after the other. */
export function Modals({ state, away, putAway }: Props) {
  const asking = state.timeline.find(
    (item): item is ToolCallItem & { requestId: string } =>
      item.type === "tool_call" &&
      item.interaction !== null &&
      item.display === "modal" &&
      item.status === "waiting" &&
      item.requestId !== null &&
      !away.includes(item.requestId),
  );
  if (asking === undefined) return null;
  const close = (): void => putAway(asking.requestId);
  return (
    <Modal key={asking.key} title={asking.prompt ?? asking.toolName} onClose={close}>
      {asking.interaction === "approval" ? (
        <ApprovalCard item={asking} mode="modal" dismiss={close} />
      ) : (
        <ToolRequest item={asking} mode="modal" dismiss={close} />
      )}
    </Modal>
  );
}
