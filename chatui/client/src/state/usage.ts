/** Tokens and cost of a chat, call by call: `chat.usage_summary` says the same again, run by run. */

import type { ChatUsageDeltaData } from "../protocol/frames.js";
import type { Usage } from "./types.js";

export function added(usage: Usage, data: ChatUsageDeltaData): Usage {
  const agent = data.agent ?? "";
  // Events that were stored before there were costs do not have the field.
  const cost: number | null | undefined = data.cost_usd;
  const unpriced = (data.unpriced_models ?? []).filter((model) => !usage.unpricedModels.includes(model));
  return {
    promptTokens: usage.promptTokens + data.prompt_tokens,
    completionTokens: usage.completionTokens + data.completion_tokens,
    cachedTokens: usage.cachedTokens + data.cached_tokens,
    totalTokens: usage.totalTokens + data.total_tokens,
    modelCalls: usage.modelCalls + 1,
    costUsd: typeof cost === "number" ? (usage.costUsd ?? 0) + cost : usage.costUsd,
    unpricedModels: unpriced.length > 0 ? [...usage.unpricedModels, ...unpriced] : usage.unpricedModels,
    byAgent: { ...usage.byAgent, [agent]: (usage.byAgent[agent] ?? 0) + data.total_tokens },
  };
}
