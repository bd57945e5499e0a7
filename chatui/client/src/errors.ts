/** Errors with the stable codes of the product, and two of our own. */

import type { ErrorCode, JsonObject } from "./protocol/frames.js";
import type { Problem } from "./state/types.js";

/**
 * `UNREACHABLE`: nobody answered. `CLOSED`: the client was closed before the answer. `METHOD_NOT_ALLOWED`,
 * `BODY_TOO_LARGE` and `UNSUPPORTED_MEDIA_TYPE`: HTTP itself refused.
 */
export type ClientCode = "UNREACHABLE" | "CLOSED" | "METHOD_NOT_ALLOWED" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE";

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export interface ErrorFacts {
  /** HTTP status; 0 where there was none. */
  readonly status?: number;
  readonly retryable?: boolean;
  readonly details?: JsonObject;
  readonly errors?: readonly FieldProblem[];
  readonly cause?: unknown;
}

export class MozaiksError extends Error {
  override readonly name = "MozaiksError";
  /** One of the codes this version knows, or a newer one. */
  readonly code: ErrorCode | ClientCode | (string & {});
  readonly status: number;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  readonly details: JsonObject;
  /** What is wrong with each field of a request. */
  readonly errors: readonly FieldProblem[];

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.status = facts.status ?? 0;
    this.retryable = facts.retryable ?? false;
    this.details = facts.details ?? {};
    this.errors = facts.errors ?? [];
  }

  /** `cause` itself, if it is one of ours; else one that may go away by itself, with `message`. */
  static from(cause: unknown, message: string): MozaiksError {
    if (cause instanceof MozaiksError) return cause;
    return new MozaiksError("UNREACHABLE", message, { retryable: true, cause });
  }

  /** As the state tells it. */
  toProblem(): Problem {
    const { code, message, retryable, details } = this;
    return { code, message, severity: "error", retryable, details };
  }
}
