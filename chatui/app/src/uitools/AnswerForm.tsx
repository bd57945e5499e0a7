import type { JsonObject, JsonValue } from "@mozaiks/client";
import { lazy, Suspense } from "react";

const SchemaForm = lazy(() => import("./SchemaForm.tsx"));

interface Props {
  readonly schema: JsonObject;
  readonly value?: JsonValue;
  readonly secrets?: readonly string[];
  readonly disabled: boolean;
  readonly onAnswer: (value: JsonValue) => void;
}

/** A form of a JSON Schema; its code is fetched when the first one is needed. */
export function AnswerForm(props: Props) {
  return (
    <Suspense fallback={<div className="waiting" role="status" aria-label="Loading the form" />}>
      <SchemaForm {...props} />
    </Suspense>
  );
}
