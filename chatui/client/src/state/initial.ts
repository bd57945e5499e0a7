/** The state of a chat nothing is known of yet. */

import type { ChatState } from "./types.js";

export function initialState(chatId: string): ChatState {
  return {
    chatId,
    connection: { phase: "idle", attempt: 0, retryAt: null, problem: null },
    caughtUp: false,
    lastSeq: 0,
    workflowName: null,
    appId: null,
    userId: null,
    cacheSeed: null,
    parentChatId: null,
    status: null,
    waitingFor: null,
    run: null,
    speaker: null,
    agents: [],
    timeline: [],
    draft: null,
    outgoing: [],
    pending: [],
    artifacts: [],
    artifact: null,
    context: {},
    usage: {
      promptTokens: 0,
      completionTokens: 0,
      cachedTokens: 0,
      totalTokens: 0,
      modelCalls: 0,
      costUsd: null,
      unpricedModels: [],
      byAgent: {},
    },
    children: [],
    journey: null,
    errors: [],
    notes: { greetedSeq: 0, lastSpeaker: null, ahead: [], over: [] },
  };
}
