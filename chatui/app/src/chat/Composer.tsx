import type { ChatClient, ChatState } from "@mozaiks/client";
import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from "react";
import { SendIcon, StopIcon } from "../icons.tsx";
import { chatsChanged } from "../layout/useChats.ts";
import { navigate, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { inPlainWords } from "./plainWords.ts";
import { forgetDraft, keepDraft, keptDraft } from "./unsent.ts";

interface Props {
  readonly client: ChatClient;
  readonly state: ChatState;
  readonly workflow: string;
  readonly chatId: string;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

const ENDED = new Set(["completed", "failed", "cancelled", "timed_out"]);

/** Where the user writes. What is typed and not sent stays, through a reload, too. */
export function Composer({ client, state, workflow, chatId, field }: Props) {
  const [text, setText] = useState(() => keptDraft(chatId));
  const id = useId();
  const running = state.status === "running" || state.status === "created";
  const request = state.pending.find((each) => each.kind === "input" && each.schema === null);

  useEffect(() => keepDraft(chatId, text), [chatId, text]);
  useEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 220)}px`;
  });

  if (state.status !== null && ENDED.has(state.status)) return <Over workflow={workflow} />;

  const send = (): void => {
    const said = text.trim();
    if (said === "") return;
    // A refused message stays in the conversation with its reason, and can be sent again from there.
    client.send(said, request === undefined ? {} : { requestId: request.requestId }).confirmed.catch(() => undefined);
    setText("");
    forgetDraft(chatId);
    field.current?.focus();
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label className="visually-hidden" htmlFor={`${id}-text`}>
        Message
      </label>
      <textarea
        id={`${id}-text`}
        ref={field}
        rows={1}
        value={text}
        placeholder={placeholder(state, request?.agent ?? null)}
        aria-describedby={`${id}-hint`}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={keyed}
      />
      <span id={`${id}-hint`} className="visually-hidden">
        Enter sends, Shift and Enter begins a new line.
      </span>
      {state.status === "running" && (
        <button
          type="button"
          className="icon-button stop"
          aria-label="Stop"
          title="Stop this chat"
          onClick={() => client.cancel().confirmed.catch(() => undefined)}
        >
          <StopIcon />
        </button>
      )}
      <button
        type="submit"
        className="icon-button send"
        aria-label={running ? "Send; it is heard in the next turn" : "Send"}
        disabled={text.trim() === ""}
      >
        <SendIcon />
      </button>
    </form>
  );
}

function placeholder(state: ChatState, agent: string | null): string {
  if (state.status === "running") return "Say something; it is heard in the next turn";
  if (state.waitingFor === "ui_tool" || state.waitingFor === "approval") return "Answer above, or say something";
  if (state.waitingFor === "children") return "Waiting for other chats";
  return agent === null ? "Message" : `Answer ${agent}`;
}

function Over({ workflow }: { workflow: string }) {
  const { api } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const again = async (): Promise<void> => {
    try {
      const chat = await api.start(workflow, { forceNew: true });
      chatsChanged(chat.workflow_name);
      navigate(paths.chat(chat.workflow_name, chat.chat_id));
    } catch (error) {
      setProblem(inPlainWords(error));
    }
  };
  return (
    <div className="composer composer-over">
      <span>This chat has ended.</span>
      <button type="button" onClick={() => void again()}>
        Start another
      </button>
      {problem !== null && (
        <span className="problem-text" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}
