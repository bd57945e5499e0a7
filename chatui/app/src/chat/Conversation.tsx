import type { ChatClient, ChatState } from "@mozaiks/client";
import { type UIEvent, useCallback, useMemo, useRef, useState } from "react";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import { DownIcon } from "../icons.tsx";
import { RowView } from "./RowView.tsx";
import { type Row, rowsOf } from "./rows.ts";

const NEAR_PX = 90;

interface Props {
  readonly client: ChatClient;
  readonly state: ChatState;
  readonly workflow: string;
  readonly chatId: string;
}

/** What was said and done. Only the rows in view are drawn; it follows what comes as long as its end is in view. */
export function Conversation({ client, state, workflow, chatId }: Props) {
  const rows = useMemo(() => rowsOf(state), [state]);
  const list = useRef<VirtuosoHandle>(null);
  const [atEnd, setAtEnd] = useState(true);
  const follows = useRef(true);
  const lastTop = useRef(0);

  // Rows that grow move the end away; only going up means that somebody wants to read there.
  const scrolled = useCallback((event: UIEvent<HTMLDivElement>) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) follows.current = true;
    else if (scrollTop < lastTop.current) follows.current = false;
    lastTop.current = scrollTop;
  }, []);
  const grown = useCallback(() => {
    if (follows.current) list.current?.scrollTo({ top: Number.MAX_SAFE_INTEGER });
  }, []);
  const drawn = useCallback(
    (_: number, row: Row) => (
      <RowView row={row} client={client} workflow={workflow} chatId={chatId} status={state.status} />
    ),
    [client, workflow, chatId, state.status],
  );

  if (rows.length === 0) {
    return (
      <div className="conversation conversation-empty">
        {state.caughtUp ? (
          <p className="muted">Say something to begin.</p>
        ) : (
          <div className="waiting" role="status" aria-label="Loading" />
        )}
      </div>
    );
  }
  return (
    <div className="conversation" role="log" aria-label="Conversation" aria-live="off">
      <Virtuoso
        ref={list}
        className="rows"
        data={rows}
        computeItemKey={(_, row) => row.key}
        itemContent={drawn}
        initialTopMostItemIndex={{ index: "LAST", align: "end" }}
        atBottomThreshold={NEAR_PX}
        atBottomStateChange={setAtEnd}
        onScroll={scrolled}
        followOutput={() => (follows.current ? "auto" : false)}
        totalListHeightChanged={grown}
        increaseViewportBy={600}
      />
      {!atEnd && (
        <button
          type="button"
          className="to-end"
          aria-label="To the newest"
          onClick={() => {
            follows.current = true;
            list.current?.scrollToIndex({ index: "LAST", align: "end" });
          }}
        >
          <DownIcon />
        </button>
      )}
    </div>
  );
}
