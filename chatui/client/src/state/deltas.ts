/**
 * Texts that are still being written: pieces merged by message and offset. Offsets count UTF-16 units, as `length` does.
 *
 * A piece of a new message abandons the draft before it, the final `chat.text` supersedes its draft, and late pieces of
 * either are dropped. A piece that is early waits for those in front of it.
 */

import type { ChatPrintData } from "../protocol/frames.js";
import type { Edit } from "./edit.js";
import type { Piece } from "./types.js";

const REMEMBERED = 64;
/** More than one message can hold: what is beyond came from no server of ours. */
const MOST_AHEAD = 4096;

export function print(edit: Edit, data: ChatPrintData): void {
  const { message_id: messageId, offset, content } = data;
  if (edit.next.notes.over.includes(messageId) || !(offset >= 0)) return;
  let draft = edit.next.draft;
  if (draft === null || draft.messageId !== messageId) {
    if (draft !== null) retire(edit, draft.messageId);
    draft = { messageId, agent: data.agent, text: "" };
    edit.next.draft = draft;
    edit.note({ ahead: [] });
    edit.meet(data.agent);
  }
  const before = draft.text;
  if (offset > before.length) {
    const ahead = edit.next.notes.ahead;
    if (ahead.length < MOST_AHEAD) edit.note({ ahead: [...ahead, { offset, content }] });
    return;
  }
  let text = extended(before, { offset, content });
  if (text === before) return;
  const ahead = edit.next.notes.ahead;
  if (ahead.length > 0) {
    const rest: Piece[] = [];
    for (const piece of [...ahead].sort((one, other) => one.offset - other.offset)) {
      if (piece.offset <= text.length) text = extended(text, piece);
      else rest.push(piece);
    }
    edit.note({ ahead: rest });
  }
  edit.next.draft = { ...draft, text };
}

/** No more pieces of this message are taken; its draft ends. */
export function retire(edit: Edit, messageId: string): void {
  const over = edit.next.notes.over.filter((each) => each !== messageId);
  edit.note({ over: [...over, messageId].slice(-REMEMBERED) });
  if (edit.next.draft?.messageId === messageId) {
    edit.next.draft = null;
    edit.note({ ahead: [] });
  }
}

function extended(text: string, { offset, content }: Piece): string {
  return text + content.slice(text.length - offset);
}
