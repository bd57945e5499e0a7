/** What a workflow's own component is given: `workflows/<Name>/ui/<Component>.tsx` exports one by default. */

import type { JsonObject, JsonValue } from "./protocol/frames.js";
import type { Display } from "./state/types.js";

export interface UiToolProps {
  /** What the tool shows: its arguments, or what its code made of them. Its shape is the tool's. */
  readonly payload: unknown;
  /** Answers the tool; taken once. Does nothing where nothing is asked. */
  readonly respond: (value: JsonValue) => void;
  /** Puts a modal away without an answer; the conversation opens it again. */
  readonly dismiss?: () => void;
  /** Sets context variables that the workflow declares as `client_writable`, all of them or none. */
  readonly setVariables: (values: JsonObject) => void;
  /** Context variables that clients may see, as they are now. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether it is answered already, or nobody asks. */
  readonly disabled: boolean;
  /** Where it stands. */
  readonly mode: Display;
}
