import type { JsonObject, JsonValue } from "@mozaiks/client";
import Form, { type IChangeEvent } from "@rjsf/core";
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import { useId, useMemo, useState } from "react";
import { validator } from "./validator.ts";

interface Props {
  readonly schema: JsonObject;
  readonly value?: JsonValue;
  /** Fields whose content nobody is to see. */
  readonly secrets?: readonly string[];
  readonly disabled: boolean;
  readonly onAnswer: (value: JsonValue) => void;
}

const NONE: readonly string[] = [];
const SECRET: UiSchema = { "ui:widget": "password", "ui:autocomplete": "off" };

/** A form that answers with a value that fits `schema`. */
export default function SchemaForm({ schema, value, secrets = NONE, disabled, onAnswer }: Props) {
  const [sent, setSent] = useState(false);
  const [data, setData] = useState<unknown>(value);
  const id = useId().replace(/[^\w-]/g, "");
  const ui = useMemo((): UiSchema => uiOf(schema, secrets), [schema, secrets]);
  return (
    <Form
      className="schema-form"
      idPrefix={`form-${id}`}
      schema={schema as RJSFSchema}
      uiSchema={ui}
      validator={validator}
      formData={data}
      disabled={disabled || sent}
      noHtml5Validate
      showErrorList={false}
      focusOnFirstError
      onChange={(event: IChangeEvent) => setData(event.formData)}
      onError={() => undefined} // what is wrong stands beside each field
      onSubmit={(event: IChangeEvent) => {
        setSent(true);
        onAnswer(event.formData as JsonValue);
      }}
    />
  );
}

/** How the fields are drawn: a long text as an area, few choices as radio buttons. */
function uiOf(schema: JsonObject, secrets: readonly string[]): UiSchema {
  const ui: UiSchema = { "ui:submitButtonOptions": { submitText: "Send" }, ...hint(schema) };
  const { properties } = schema;
  if (typeof properties === "object" && properties !== null && !Array.isArray(properties)) {
    for (const [key, field] of Object.entries(properties)) {
      if (typeof field === "object" && field !== null && !Array.isArray(field)) ui[key] = hint(field as JsonObject);
    }
  }
  for (const key of secrets) ui[key] = SECRET;
  return ui;
}

function hint(field: JsonObject): UiSchema {
  if (Array.isArray(field.enum) && field.enum.length <= 5) return { "ui:widget": "radio" };
  if (field.format === "password" || field.writeOnly === true) return SECRET;
  if (field.type === "string" && Number(field.maxLength ?? 0) > 200) return { "ui:widget": "textarea" };
  return {};
}
