/** How long to wait before the next attempt: anything between nothing and a ceiling that doubles ("full jitter"). */

export interface Backoff {
  /** Milliseconds: ceiling of the first pause. */
  readonly firstMs: number;
  /** Ceiling of any pause. */
  readonly longestMs: number;
}

export const BACKOFF: Backoff = { firstMs: 500, longestMs: 30_000 };

/** Milliseconds before `attempt`, which counts from 0. */
export function pause({ firstMs, longestMs }: Backoff, attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
}
