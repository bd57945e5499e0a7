/** What components and approvals can do in the chat they stand in. */

import type { JsonObject, JsonValue } from "@mozaiks/client";
import { createContext, use } from "react";

export interface UiTools {
  readonly workflow: string;
  readonly chatId: string;
  readonly answer: (requestId: string, value: JsonValue) => void;
  readonly approve: (requestId: string, approved: boolean, reason?: string) => void;
  /** Set context variables that the workflow lets components set. */
  readonly act: (componentId: string, action: string, set: JsonObject) => void;
  readonly showArtifact: () => void;
  /** Open a modal again that was put away. */
  readonly openModal: (requestId: string) => void;
}

const Current = createContext<UiTools | null>(null);
export const UiToolsProvider = Current.Provider;

export function useUiTools(): UiTools {
  const tools = use(Current);
  if (tools === null) throw new Error("a component of a workflow stands outside of a chat");
  return tools;
}

const Variables = createContext<Readonly<Record<string, JsonValue>>>({});
export const VariablesProvider = Variables.Provider;

/** The context variables that clients may see, as they are now. */
export function useVariables(): Readonly<Record<string, JsonValue>> {
  return use(Variables);
}
