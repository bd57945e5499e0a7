import type { ChatClient, ChatStatus, Outgoing } from "@mozaiks/client";
import { memo } from "react";
import { AlertIcon, ArrowIcon } from "../icons.tsx";
import { ToolCall } from "../uitools/ToolCall.tsx";
import { Data } from "./Data.tsx";
import { ErrorRow } from "./ErrorRow.tsx";
import { Message } from "./Message.tsx";
import { Notice } from "./Notice.tsx";
import { plain } from "./plainWords.ts";
import { Question } from "./Question.tsx";
import { RunEnd } from "./RunEnd.tsx";
import type { Row } from "./rows.ts";

interface Props {
  readonly row: Row;
  readonly client: ChatClient;
  readonly workflow: string;
  readonly chatId: string;
  readonly status: ChatStatus | null;
}

/** One row of the conversation. Rows of what is past stay the same objects and are not drawn again. */
export const RowView = memo(
  function RowView({ row, client, workflow, chatId, status }: Props) {
    return <div className="row">{content(row, client, workflow, chatId, status)}</div>;
  },
  (one, other) =>
    one.client === other.client &&
    one.status === other.status &&
    one.row.kind === other.row.kind &&
    one.row.key === other.row.key &&
    sameContent(one.row, other.row),
);

function sameContent(one: Row, other: Row): boolean {
  if (one.kind === "item" && other.kind === "item") return one.item === other.item && one.named === other.named;
  if (one.kind === "handoff" && other.kind === "handoff") return one.item === other.item;
  if (one.kind === "draft" && other.kind === "draft") return one.draft === other.draft && one.named === other.named;
  if (one.kind === "outgoing" && other.kind === "outgoing") return one.outgoing === other.outgoing;
  return one.kind === "working" && other.kind === "working" && one.agent === other.agent;
}

function content(row: Row, client: ChatClient, workflow: string, chatId: string, status: ChatStatus | null) {
  switch (row.kind) {
    case "handoff":
      return (
        <p className="handoff">
          {row.item.from !== null && (
            <>
              <span>{row.item.from}</span> <ArrowIcon />
            </>
          )}
          <span className="visually-hidden">{row.item.from !== null ? " hands over to " : "Now speaks "}</span>
          <strong>{row.item.agent}</strong>
        </p>
      );
    case "draft":
      return <Message from="assistant" agent={row.named ? row.draft.agent : null} text={row.draft.text} writing />;
    case "outgoing":
      return <OutgoingMessage outgoing={row.outgoing} client={client} />;
    case "working":
      return (
        <p className="working">
          <span className="working-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {row.agent === null ? "Working" : `${row.agent} is thinking`}
        </p>
      );
    case "item": {
      const { item } = row;
      switch (item.type) {
        case "message":
          return (
            <Message
              from={item.role}
              agent={row.named ? item.agent : null}
              text={item.text}
              structured={item.structuredOutput}
            />
          );
        case "tool_call":
          return <ToolCall item={item} />;
        case "question":
          return <Question item={item} client={client} />;
        case "structured_output":
          return (
            <details className="fold">
              <summary>
                {item.agent} made a <strong>{item.modelName}</strong>
              </summary>
              <Data value={item.data} />
            </details>
          );
        case "error":
          return <ErrorRow problem={item.problem} workflow={workflow} chatId={chatId} status={status} />;
        case "run_end":
          return <RunEnd item={item} workflow={workflow} chatId={chatId} status={status} />;
        case "notice":
          return <Notice item={item} />;
      }
    }
  }
}

function OutgoingMessage({ outgoing, client }: { outgoing: Outgoing; client: ChatClient }) {
  const failed = outgoing.status === "failed";
  const again = (): void => {
    client.dismiss(outgoing.id);
    const options = outgoing.requestId === null ? {} : { requestId: outgoing.requestId };
    client.send(outgoing.text ?? "", options).confirmed.catch(() => undefined); // stands here again if it is refused
  };
  return (
    <div className="outgoing" data-status={outgoing.status}>
      <Message from="user" agent={null} text={outgoing.text ?? ""} />
      <p className="outgoing-state" role={failed ? "alert" : undefined}>
        {failed ? (
          <>
            <AlertIcon /> {outgoing.problem === null ? "It was not sent." : plain(outgoing.problem)}
            <button type="button" className="quiet" onClick={again}>
              Try again
            </button>
            <button type="button" className="quiet" onClick={() => client.dismiss(outgoing.id)}>
              Discard
            </button>
          </>
        ) : outgoing.status === "queued" ? (
          "Will be sent when the connection is back"
        ) : (
          "Sending …"
        )}
      </p>
    </div>
  );
}
