/** Problem documents (RFC 9457) as errors. */

import { type FieldProblem, MozaiksError } from "../errors.js";
import type { JsonObject, JsonValue } from "../protocol/frames.js";
import { isObject } from "../protocol/json.js";

/** The error of an answer that is no success, whatever its body says. */
export function problemOf(status: number, body: JsonValue | undefined, what: string): MozaiksError {
  const problem: JsonObject = isObject(body) ? body : {};
  const message = [problem.detail, problem.title, problem.message].find((each) => typeof each === "string");
  return new MozaiksError(
    typeof problem.code === "string" ? problem.code : `HTTP_${status}`,
    typeof message === "string" ? message : `${what} answered ${status}`,
    {
      status,
      retryable: problem.retryable === true || status === 429 || (status >= 502 && problem.code === undefined),
      details: isObject(problem.details) ? problem.details : {},
      errors: Array.isArray(problem.errors) ? problem.errors.filter(isFieldProblem) : [],
    },
  );
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return (
    typeof value === "object" &&
    value !== null &&
    "field" in value &&
    "message" in value &&
    typeof value.field === "string" &&
    typeof value.message === "string"
  );
}
