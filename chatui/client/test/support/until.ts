import type { ChatClient, ChatState } from "../../src/index.js";

/** The first state of which `is` holds. Fails with the last one that was seen. */
export function until(chat: ChatClient, is: (state: ChatState) => boolean, withinMs = 10_000): Promise<ChatState> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const state = chat.getSnapshot();
      if (!is(state)) return;
      clearTimeout(timer);
      stop();
      resolve(state);
    };
    const stop = chat.subscribe(look);
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`it did not come to that: ${JSON.stringify(chat.getSnapshot()).slice(0, 2000)}`));
    }, withinMs);
    look();
  });
}

/** Waits until `is` holds. */
export async function eventually(is: () => boolean, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!is()) {
    if (Date.now() > end) throw new Error(`it did not happen in time: ${is}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
