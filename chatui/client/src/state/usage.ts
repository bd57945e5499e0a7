/** Tokens and cost of a chat, call by call. */

import type { ChatUsageDeltaData, JsonObject } from "../protocol/frames.js";
import type { Usage } from "./types.js";

export function added(usage: Usage, data: ChatUsageDeltaData): Usage {
  const agent = data.agent ?? "";
  const cost = (data as unknown as JsonObject).cost_usd;
  const model = data.model ?? "unknown";
  const unpriced = cost === null && !usage.unpricedModels.includes(model);
  return {
    promptTokens: usage.promptTokens + data.prompt_tokens,
    completionTokens: usage.completionTokens + data.completion_tokens,
    cachedTokens: usage.cachedTokens + data.cached_tokens,
    totalTokens: usage.totalTokens + data.total_tokens,
    modelCalls: usage.modelCalls + 1,
    costUsd: typeof cost === "number" ? (usage.costUsd ?? 0) + cost : usage.costUsd,
    unpricedModels: unpriced ? [...usage.unpricedModels, model] : usage.unpricedModels,
    byAgent: { ...usage.byAgent, [agent]: (usage.byAgent[agent] ?? 0) + data.total_tokens },
  };
}
