import type { JsonObject, JsonValue, models } from "@mozaiks/client";
import { useEffect, useState } from "react";
import { Data } from "../chat/Data.tsx";
import { useSession } from "../session/Session.tsx";
import { AnswerForm } from "./AnswerForm.tsx";
import { useUiTools } from "./context.ts";
import { filled, schemaFor } from "./schemas.ts";

interface Props {
  readonly toolName: string | null;
  readonly payload: JsonValue;
  readonly showsPayload: boolean;
  readonly schema: JsonObject | null;
  readonly secrets: readonly string[];
  readonly disabled: boolean;
  readonly onAnswer: (value: JsonValue) => void;
}

/**
 * A form in the place of a component: of the answer's schema where the tool has one; else of the tool's parameters,
 * filled with what the agent gave them, to be looked through and sent back.
 */
export function FallbackForm({ toolName, payload, showsPayload, schema, secrets, disabled, onAnswer }: Props) {
  const parameters = useParameters(schema === null ? toolName : null);
  if (schema !== null) {
    const { known, rest } = filled(schema, payload);
    return (
      <>
        {showsPayload && rest !== null && <Data value={rest} />}
        <AnswerForm
          schema={schema}
          secrets={secrets}
          {...(known === null ? {} : { value: known })}
          disabled={disabled}
          onAnswer={onAnswer}
        />
      </>
    );
  }
  if (parameters === undefined) return <div className="waiting" role="status" aria-label="Loading" />;
  return <AnswerForm {...schemaFor(payload, parameters)} secrets={secrets} disabled={disabled} onAnswer={onAnswer} />;
}

/** JSON Schema of a tool's parameters; null where it has none, undefined until that is known. */
function useParameters(toolName: string | null): JsonObject | null | undefined {
  const { api } = useSession();
  const { workflow } = useUiTools();
  const [found, setFound] = useState<JsonObject | null | undefined>(toolName === null ? null : undefined);
  useEffect(() => {
    if (toolName === null) return;
    let current = true;
    api.tools(workflow).then(
      (answer) => {
        const { tools } = answer as unknown as models.WorkflowTools;
        const parameters = tools.find((tool) => tool.name === toolName)?.parameters ?? null;
        if (current) setFound(parameters as JsonObject | null);
      },
      () => current && setFound(null), // a backend that does not tell: the payload itself says enough
    );
    return () => {
      current = false;
    };
  }, [api, workflow, toolName]);
  return found;
}
