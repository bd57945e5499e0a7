/** Errors as people understand them. The code stays visible, small, for whoever has to look it up. */

import { MozaiksError } from "@mozaiks/client";

const WORDS: Record<string, string> = {
  UNREACHABLE: "The backend does not answer. Check your connection and try again.",
  UNAUTHENTICATED: "You are not signed in.",
  TOKEN_EXPIRED: "Your sign-in has expired. Sign in again.",
  FORBIDDEN: "Your token does not allow this.",
  NOT_FOUND: "This is not there, or it is not yours.",
  CHAT_NOT_FOUND: "There is no such chat, or it is not yours.",
  WORKFLOW_NOT_FOUND: "This workflow is not installed.",
  WORKFLOW_INVALID: "This workflow is broken: its errors are listed on the start page.",
  WORKFLOW_VERSION_GONE: "The version of the workflow this chat began with is gone. Start a new chat.",
  CHAT_ENDED: "This chat has ended.",
  CHAT_BUSY: "The chat is busy. Try again in a moment.",
  NO_USER_INPUT: "This workflow takes no messages.",
  REQUEST_NOT_OPEN: "This question was answered already.",
  TEXT_REQUIRED: "Write something first.",
  RUN_START_FAILED: "The run could not be started. Try again in a moment.",
  DATABASE_UNAVAILABLE: "The database does not answer. Try again in a moment.",
  FRAME_TOO_LARGE: "This is too long to be sent at once.",
  MODEL_UNAVAILABLE: "The language model does not answer.",
  MODEL_RATE_LIMITED: "The language model is asked too much at the moment.",
  MODEL_TIMEOUT: "The language model took too long to answer.",
  MODEL_REFUSED: "The language model refused the request.",
  SCHEMA_VALIDATION_FAILED: "The agent's answer did not have the form it must have, twice.",
  MAX_TURNS: "The agents used up their turns.",
  PREREQ_BLOCKED: "Another workflow has to be completed first.",
  NOT_BUILT: "The backend cannot do this yet.",
  INTERNAL: "Something went wrong on our side.",
};

export interface Told {
  readonly code: string;
  readonly message: string;
}

/** One sentence on what went wrong. */
export function inPlainWords(error: unknown): string {
  if (error instanceof MozaiksError) return plain(error);
  return error instanceof Error ? error.message : String(error);
}

/** The page's words where the code is known, else the backend's, which are written for people, too. */
export function plain({ code, message }: Told): string {
  const known = WORDS[code];
  if (code === "VALIDATION" || code === "PREREQ_BLOCKED") return message || known || code;
  return known ?? (message || code);
}
