import type { ChatClient, QuestionItem } from "@mozaiks/client";
import { Markdown } from "../text/Markdown.tsx";
import { AnswerForm } from "../uitools/AnswerForm.tsx";
import { UiComponent } from "../uitools/UiComponent.tsx";
import { Data } from "./Data.tsx";

/** A question of an agent or a tool: as a form where the answer has a form, else answered in the message field. */
export function Question({ item, client }: { item: QuestionItem; client: ChatClient }) {
  const open = item.status === "open";
  const answer = (value: unknown): void => {
    client.answer(item.requestId, value as never).confirmed.catch(() => undefined); // told by the outgoing command
  };
  return (
    <div className="question" data-status={item.status}>
      {item.prompt !== "" && !item.repeats && <Markdown text={item.prompt} />}
      {item.component !== null ? (
        <UiComponent
          component={item.component}
          componentId={item.requestId}
          mode="inline"
          payload={null}
          schema={item.schema}
          disabled={!open}
          respond={answer}
        />
      ) : (
        open && item.schema !== null && <AnswerForm schema={item.schema} disabled={false} onAnswer={answer} />
      )}
      {item.status === "answered" && item.response !== null && item.response !== undefined && (
        <div className="answered">
          <span className="muted">Your answer</span> <Data value={item.response} />
        </div>
      )}
      {item.status === "timed_out" && <p className="muted">Nobody answered in time.</p>}
    </div>
  );
}
