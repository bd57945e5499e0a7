/** One request of the HTTP API: address, token, time-out, and what went wrong. */

import { MozaiksError } from "../errors.js";
import { parsed } from "../protocol/json.js";
import { problemOf } from "./problems.js";

/**
 * Gives the token to use now, or null where none are checked. `refused` is the last token that the server did not take:
 * give another one than that; the same again gives up.
 */
export type TokenSource = (refused: string | null) => string | null | Promise<string | null>;

export interface ApiOptions {
  /** Where the HTTP API is, such as `http://127.0.0.1:8000`. Empty: where the page came from. */
  readonly baseUrl: string;
  readonly appId: string;
  readonly userId: string;
  readonly token?: TokenSource;
  /** Milliseconds until a request is given up. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 30_000;

export class Requests {
  readonly #options: ApiOptions;
  readonly #base: string;
  #refused: string | null = null;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#base = options.baseUrl.replace(/\/+$/, "");
  }

  /** The JSON of a success. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const answer = await this.#succeed(method, path, options);
    const body = parsed(answer.text);
    if (body === undefined) throw this.#noJson(`${method} ${path}`, answer.status);
    return body as T;
  }

  /** The JSON of each line of a success. */
  async jsonLines<T>(method: string, path: string, options: RequestOptions = {}): Promise<readonly T[]> {
    const answer = await this.#succeed(method, path, options);
    return answer.text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const value = parsed(line);
        if (value === undefined) throw this.#noJson(`${method} ${path}`, answer.status);
        return value as T;
      });
  }

  /** A success. A token that is refused is asked for again, once. */
  async #succeed(
    method: string,
    path: string,
    options: RequestOptions,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const token = await this.token(null);
    let answer = await this.#once(method, path, options, token);
    if (answer.status === 401 && token !== null) {
      const another = await this.token(token);
      if (another !== null && another !== token) answer = await this.#once(method, path, options, another);
    }
    if (answer.status < 200 || answer.status >= 300) {
      throw problemOf(answer.status, parsed(answer.text), `${method} ${path}`);
    }
    return answer;
  }

  #noJson(what: string, status: number): MozaiksError {
    return new MozaiksError("UNREACHABLE", `${what} was answered with no JSON: is this the address of the API?`, {
      status,
    });
  }

  async token(refused: string | null): Promise<string | null> {
    this.#refused = refused ?? this.#refused;
    return (await this.#options.token?.(this.#refused)) ?? null;
  }

  async #once(
    method: string,
    path: string,
    options: RequestOptions,
    token: string | null,
  ): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    const inTime = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS);
    const send = this.#options.fetch ?? globalThis.fetch;
    try {
      const response = await send(this.#base + path + queryOf(options.query), {
        method,
        headers,
        signal: options.signal === undefined ? inTime : AbortSignal.any([inTime, options.signal]),
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw new MozaiksError("UNREACHABLE", `${method} ${path}: nobody answered`, { retryable: true, cause });
    }
  }
}

/** Parts of a path, as the address writes them. */
export function pathOf(...parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

function queryOf(query: RequestOptions["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}
