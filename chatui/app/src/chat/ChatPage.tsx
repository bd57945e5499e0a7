import { type ChatClient, type ChatState, MozaiksError } from "@mozaiks/client";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { artifactShown } from "../artifacts/shown.ts";
import { AlertIcon, PanelIcon, TraceIcon } from "../icons.tsx";
import { JourneyBar } from "../journeys/JourneyBar.tsx";
import { chatsChanged } from "../layout/useChats.ts";
import { Link, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { statusWords } from "../text/words.ts";
import { type UiTools, UiToolsProvider, VariablesProvider } from "../uitools/context.ts";
import { UsageMeter } from "../usage/UsageMeter.tsx";
import { Announcer } from "./Announcer.tsx";
import { Composer } from "./Composer.tsx";
import { ConnectionNotice } from "./ConnectionNotice.tsx";
import { Conversation } from "./Conversation.tsx";
import { Modals } from "./Modals.tsx";
import { plain } from "./plainWords.ts";
import { keepTitle, titleOf } from "./titles.ts";
import { useChatState, useClient } from "./useChat.ts";

const ArtifactPanel = lazy(() => import("../artifacts/ArtifactPanel.tsx"));

/** A chat, once it is known where its socket is. */
export function ChatPage({ workflow, chatId }: { workflow: string; chatId: string }) {
  const { api } = useSession();
  const { client, problem, again } = useClient(api, workflow, chatId);
  if (problem !== null) {
    const { code, message } = problem instanceof MozaiksError ? problem : { code: "", message: String(problem) };
    return <Refused code={code} message={message} again={again} />;
  }
  if (client === null) return <div className="waiting" role="status" aria-label="Loading the chat" />;
  return <ChatView key={chatId} client={client} workflow={workflow} chatId={chatId} />;
}

/** Its conversation, the artifact beside it, and what asks for an answer. */
function ChatView({ client, workflow, chatId }: { client: ChatClient; workflow: string; chatId: string }) {
  const { seesTraces } = useSession();
  const state = useChatState(client);
  const name = state.workflowName ?? workflow;
  const artifact = artifactShown(state);
  const [hidden, setHidden] = useState<string | null>(null);
  const [away, setAway] = useState<readonly string[]>([]);
  const shown = artifact !== null && artifact.eventId !== hidden;
  const composer = useRef<HTMLTextAreaElement>(null);
  useTitle(chatId, name, state);

  const tools = useMemo(
    (): UiTools => ({
      workflow,
      chatId,
      answer: (requestId, value) => void client.answer(requestId, value).confirmed.catch(told),
      approve: (requestId, approved, reason) => void client.approve(requestId, approved, reason).confirmed.catch(told),
      act: (componentId, action, set) => void client.componentAction(componentId, action, set).confirmed.catch(told),
      showArtifact: () => setHidden(null),
      openModal: (requestId) => setAway((before) => before.filter((each) => each !== requestId)),
    }),
    [client, workflow, chatId],
  );

  if (state.connection.phase === "refused") {
    const { code = "", message = "" } = state.connection.problem ?? {};
    return <Refused code={code} message={message} again={() => client.connect()} />;
  }
  return (
    <UiToolsProvider value={tools}>
      <VariablesProvider value={state.context}>
        <div className="chat" data-artifact={shown ? "open" : "closed"}>
          <section className="chat-main" aria-label={`Chat with ${name}`}>
            <header className="chat-head">
              <div className="chat-name">
                <h1>{name}</h1>
                <p className="chat-state">
                  <span className="dot" data-status={state.status ?? "created"} aria-hidden="true" />
                  {state.status === null ? "connecting" : statusWords(state.status, state.waitingFor)}
                  {state.status === "running" && state.speaker !== null && ` · ${state.speaker}`}
                </p>
              </div>
              <div className="chat-tools">
                <UsageMeter usage={state.usage} />
                {seesTraces && (
                  <Link className="icon-button" href={paths.trace(workflow, chatId)} aria-label="Trace" title="Trace">
                    <TraceIcon />
                  </Link>
                )}
                {artifact !== null && (
                  <button
                    type="button"
                    className="icon-button"
                    aria-pressed={shown}
                    aria-label="Artifact"
                    title="Artifact"
                    onClick={() => setHidden(shown ? artifact.eventId : null)}
                  >
                    <PanelIcon />
                  </button>
                )}
              </div>
            </header>
            {state.journey !== null && <JourneyBar journey={state.journey} chatId={chatId} />}
            <ConnectionNotice connection={state.connection} />
            <Conversation client={client} state={state} workflow={workflow} chatId={chatId} />
            <Composer client={client} state={state} workflow={workflow} chatId={chatId} field={composer} />
            <Announcer state={state} />
          </section>
          {shown && (
            <Suspense fallback={<aside className="artifact-panel" aria-busy="true" />}>
              <ArtifactPanel
                state={state}
                artifact={artifact}
                onClose={() => {
                  setHidden(artifact.eventId);
                  composer.current?.focus();
                }}
              />
            </Suspense>
          )}
        </div>
        <Modals state={state} away={away} putAway={(requestId) => setAway((before) => [...before, requestId])} />
      </VariablesProvider>
    </UiToolsProvider>
  );
}

/** A command that was refused stands in the conversation, with what can be done: nothing is lost here. */
function told(): void {}

function useTitle(chatId: string, name: string, state: ChatState): void {
  const { timeline, status, waitingFor } = state;
  const first = timeline.find((item) => item.type === "message" && item.role === "user");
  const text = first?.type === "message" ? first.text : null;
  useEffect(() => {
    if (text !== null && keepTitle(chatId, text)) chatsChanged(name);
    document.title = `${titleOf(chatId) ?? name} · Mozaiks`;
  }, [chatId, name, text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of state is what the list shows
  useEffect(() => {
    if (status !== null) chatsChanged(name);
  }, [status, waitingFor]);
}

function Refused({ code, message, again }: { code: string; message: string; again: () => void }) {
  return (
    <div className="centred" role="alert">
      <AlertIcon />
      <h1>{plain({ code, message })}</h1>
      <p className="muted">{code}</p>
      <p className="buttons">
        <button type="button" onClick={again}>
          Try again
        </button>
        <Link className="button primary" href={paths.start}>
          Choose a workflow
        </Link>
      </p>
    </div>
  );
}
