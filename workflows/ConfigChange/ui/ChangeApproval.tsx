import { useId, useState } from 'react';
import type { UiToolProps } from '@mozaiks/client';

interface Change {
  id: string;
  setting: string;
  before: unknown;
  after: unknown;
  diff: string;
}

const kinds: Record<string, string> = { '+': 'added', '-': 'removed', '@': 'place' };

/**
 * A request for approval with the difference it is about. The difference comes from the variable `change`, which the
 * backend's code wrote, and not from what the model said. Answers `{approved, reason?}`.
 */
export default function ChangeApproval({ payload, respond, variables, disabled }: UiToolProps) {
  const [reason, setReason] = useState('');
  const id = useId();
  const change = variables.change as Change | null | undefined;
  const asked = (payload as { change_id: string }).change_id;

  const answer = (approved: boolean) =>
    respond(reason.trim() ? { approved, reason: reason.trim() } : { approved });

  return (
    <section aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>Apply {asked}?</h3>
      {change && change.id === asked ? (
        <>
          <p>
            <code>{change.setting}</code>: {JSON.stringify(change.before)} becomes {JSON.stringify(change.after)}
          </p>
          <pre aria-label="Difference">
            {change.diff.split('\n').map((line, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines never move
              <span key={place} data-line={kinds[line[0] ?? ''] ?? 'same'}>
                {`${line}\n`}
              </span>
            ))}
          </pre>
        </>
      ) : (
        <p role="alert">The difference is not there. Refuse if you do not know what it is.</p>
      )}
      <label htmlFor={`${id}-reason`}>Reason, if you refuse</label>
      <input
        id={`${id}-reason`}
        value={reason}
        maxLength={500}
        disabled={disabled}
        onChange={(event) => setReason(event.target.value)}
      />
      <button type="button" disabled={disabled || !change || change.id !== asked} onClick={() => answer(true)}>
        Approve
      </button>
      <button type="button" disabled={disabled} onClick={() => answer(false)}>
        Refuse
      </button>
    </section>
  );
}
