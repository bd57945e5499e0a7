import { useId, useState } from 'react';
import type { UiToolProps } from '@mozaiks/client';

interface Step {
  id: string;
  text: string;
}

interface Plan {
  goal: string;
  steps: Step[];
}

/**
 * A plan whose ticks are a variable of the chat: every change is told to the backend at once, and what another tab
 * ticks is seen here. Answers `{kept, note?}`.
 */
export default function ActionPlan({ payload, respond, setVariables, variables, disabled }: UiToolProps) {
  const { goal, steps } = payload as Plan;
  const [note, setNote] = useState('');
  const id = useId();
  const done = Array.isArray(variables.done) ? (variables.done as string[]) : [];

  const tick = (step: string, ticked: boolean) =>
    setVariables({ done: ticked ? [...done, step] : done.filter((each) => each !== step) });
  const answer = (kept: boolean) => respond(note.trim() ? { kept, note: note.trim() } : { kept });

  return (
    <section aria-labelledby={`${id}-goal`}>
      <h3 id={`${id}-goal`}>{goal}</h3>
      <progress aria-label="Steps done" max={steps.length} value={done.length} />
      <p role="status">
        {done.length} of {steps.length} done
      </p>
      <ol>
        {steps.map((step) => (
          <li key={step.id}>
            <label>
              <input
                type="checkbox"
                checked={done.includes(step.id)}
                disabled={disabled}
                onChange={(event) => tick(step.id, event.target.checked)}
              />
              {step.text}
            </label>
          </li>
        ))}
      </ol>
      <label htmlFor={`${id}-note`}>What should be different?</label>
      <textarea
        id={`${id}-note`}
        value={note}
        maxLength={500}
        disabled={disabled}
        onChange={(event) => setNote(event.target.value)}
      />
      <button type="button" disabled={disabled} onClick={() => answer(true)}>
        Keep this plan
      </button>
      <button type="button" disabled={disabled} onClick={() => answer(false)}>
        Put it away
      </button>
    </section>
  );
}
