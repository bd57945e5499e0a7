import type { JsonValue } from "@mozaiks/client";
import { memo } from "react";
import { Markdown } from "../text/Markdown.tsx";
import { Data } from "./Data.tsx";
import { hueOf } from "./hues.ts";

interface Props {
  readonly from: "user" | "assistant" | "system";
  /** Named above the text; null where the same one spoke before. */
  readonly agent: string | null;
  readonly text: string;
  readonly structured?: JsonValue | undefined;
  readonly writing?: boolean;
}

export const Message = memo(function Message({ from, agent, text, structured, writing = false }: Props) {
  if (from === "user") {
    return (
      <div className="message" data-role="user">
        <span className="visually-hidden">You said: </span>
        <div className="bubble">{text}</div>
      </div>
    );
  }
  const isData = structured !== undefined && structured !== null && typeof structured === "object";
  return (
    <div className="message" data-role={from} data-writing={writing || undefined}>
      {agent !== null && (
        <p className="agent" style={{ "--hue": hueOf(agent) } as React.CSSProperties}>
          <span className="agent-mark" aria-hidden="true">
            {agent.slice(0, 1)}
          </span>
          {agent}
        </p>
      )}
      {isData ? (
        <details className="fold">
          <summary>{summaryOf(structured)}</summary>
          <div className="fold-body">
            <Data value={structured} />
          </div>
        </details>
      ) : (
        <Markdown text={text} />
      )}
    </div>
  );
});

const LONGEST = 90;

/** The first words of an answer that is data: its title if it has one. */
function summaryOf(value: object): string {
  const named = Object.entries(value).find(
    ([key, each]) => /title|headline|name|summary/i.test(key) && typeof each === "string",
  );
  const words = named !== undefined ? String(named[1]) : Object.keys(value).join(", ").replace(/_/g, " ");
  return words.length > LONGEST ? `${words.slice(0, LONGEST - 1)}…` : words || "An empty answer";
}
