import type { Display, JsonObject, JsonValue } from "@mozaiks/client";
import { Suspense } from "react";
import { FilesArtifact } from "../artifacts/FilesArtifact.tsx";
import { filesOf } from "../artifacts/files.ts";
import { Data } from "../chat/Data.tsx";
import { Boundary } from "./Boundary.tsx";
import { useUiTools, useVariables } from "./context.ts";
import { FallbackForm } from "./FallbackForm.tsx";
import { componentOf } from "./registry.ts";

interface Props {
  readonly component: string | null;
  /** Names the component in its actions: the event that shows it. */
  readonly componentId: string;
  readonly toolName?: string;
  readonly mode: Display;
  readonly payload: JsonValue;
  /** JSON Schema of the answer. */
  readonly schema: JsonObject | null;
  /** Fields of the answer that are kept as secrets. */
  readonly secrets?: readonly string[];
  readonly disabled: boolean;
  /** Null where nothing is asked. */
  readonly respond: ((value: JsonValue) => void) | null;
  readonly dismiss?: () => void;
}

/** A workflow's own component; where it brought none, or it fails, what can be made of the schema and the payload. */
export function UiComponent(props: Props) {
  const { workflow, act } = useUiTools();
  const variables = useVariables();
  const Component = componentOf(workflow, props.component);
  const plain = <Plain {...props} />;
  if (Component === null) return plain;
  return (
    <div className="ui-tool" data-mode={props.mode} data-component={props.component}>
      <Boundary what={`The component ${props.component}`} instead={plain}>
        <Suspense fallback={<div className="waiting" role="status" aria-label="Loading" />}>
          <Component
            payload={props.payload}
            respond={props.respond ?? ignored}
            setVariables={(values: JsonObject) => act(props.componentId, "set_variables", values)}
            variables={variables}
            disabled={props.disabled}
            mode={props.mode}
            {...(props.dismiss === undefined ? {} : { dismiss: props.dismiss })}
          />
        </Suspense>
      </Boundary>
    </div>
  );
}

/** A component that is only shown has nobody to answer. */
function ignored(): void {}

function Plain({ toolName, payload, schema, secrets = [], disabled, respond, mode, componentId }: Props) {
  const files = filesOf(payload);
  return (
    <div className="ui-tool ui-tool-plain" data-mode={mode}>
      {files !== null && <FilesArtifact files={files} id={componentId} />}
      {respond === null ? (
        files === null && <Data value={payload} />
      ) : (
        <FallbackForm
          toolName={toolName ?? null}
          payload={payload}
          showsPayload={files === null}
          schema={schema}
          secrets={secrets}
          disabled={disabled}
          onAnswer={respond}
        />
      )}
    </div>
  );
}
