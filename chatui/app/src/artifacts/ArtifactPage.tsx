import type { ChatClient } from "@mozaiks/client";
import { useEffect, useMemo } from "react";
import { inPlainWords } from "../chat/plainWords.ts";
import { useChatState, useClient } from "../chat/useChat.ts";
import { Link, navigate, paths } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { type UiTools, UiToolsProvider, VariablesProvider } from "../uitools/context.ts";
import { ArtifactView } from "./ArtifactView.tsx";
import { titleOf } from "./names.ts";
import { versionsOf } from "./shown.ts";
import { Versions } from "./Versions.tsx";

interface Props {
  readonly id: string;
  readonly workflow: string | null;
  readonly chatId: string | null;
}

/** An artifact with the whole page to itself, live with its chat. */
export default function ArtifactPage({ id, workflow, chatId }: Props) {
  if (workflow === null || chatId === null) {
    return (
      <div className="centred">
        <h1>Which chat?</h1>
        <p>The address of an artifact names its chat: open it from there.</p>
      </div>
    );
  }
  return <Opened id={id} workflow={workflow} chatId={chatId} />;
}

function Opened({ id, workflow, chatId }: { id: string; workflow: string; chatId: string }) {
  const { api } = useSession();
  const { client, problem } = useClient(api, workflow, chatId);
  if (problem !== null)
    return (
      <p className="notice" data-kind="error" role="alert">
        {inPlainWords(problem)}
      </p>
    );
  if (client === null) return <div className="waiting" role="status" aria-label="Loading" />;
  return <Shown id={id} workflow={workflow} chatId={chatId} client={client} />;
}

function Shown({ id, workflow, chatId, client }: { id: string; workflow: string; chatId: string; client: ChatClient }) {
  const state = useChatState(client);
  const artifact =
    state.artifacts.find((each) => each.eventId === id) ?? (state.artifact?.eventId === id ? state.artifact : null);
  const tools = useMemo(
    (): UiTools => ({
      workflow,
      chatId,
      answer: (requestId, value) => void client.answer(requestId, value).confirmed.catch(() => undefined),
      approve: (requestId, approved, reason) =>
        void client.approve(requestId, approved, reason).confirmed.catch(() => undefined),
      act: (componentId, action, set) =>
        void client.componentAction(componentId, action, set).confirmed.catch(() => undefined),
      showArtifact: () => navigate(paths.chat(workflow, chatId)),
      openModal: () => navigate(paths.chat(workflow, chatId)),
    }),
    [client, workflow, chatId],
  );
  const title = artifact === null ? null : titleOf(artifact);
  useEffect(() => {
    document.title = `${title ?? "Artifact"} · Mozaiks`;
  }, [title]);
  if (artifact === null) {
    return state.caughtUp ? (
      <div className="centred">
        <h1>This artifact is not in its chat</h1>
        <Link className="button primary" href={paths.chat(workflow, chatId)}>
          To the chat
        </Link>
      </div>
    ) : (
      <div className="waiting" role="status" aria-label="Loading" />
    );
  }
  return (
    <UiToolsProvider value={tools}>
      <VariablesProvider value={state.context}>
        <article className="artifact-page">
          <header className="artifact-head">
            <h1>{title}</h1>
            <Versions
              versions={versionsOf(state, artifact)}
              shown={artifact}
              onChoose={(eventId) => navigate(paths.artifact(eventId, workflow, chatId), "replace")}
            />
            <Link className="button" href={paths.chat(workflow, chatId)}>
              To the chat
            </Link>
          </header>
          <div className="artifact-body">
            <ArtifactView key={artifact.eventId} artifact={artifact} state={state} />
          </div>
        </article>
      </VariablesProvider>
    </UiToolsProvider>
  );
}
