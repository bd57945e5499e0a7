import { useId, useState } from 'react';
import type { UiToolProps } from '@mozaiks/client';

interface Day {
  date: string;
  times: string[];
}

interface Calendar {
  title: string;
  work: string;
  days: Day[];
}

const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A day and a time of those that the workshop has free; answers `{date, time}`, both null for none of them. */
export default function DatePicker({ payload, respond, disabled }: UiToolProps) {
  const { title, work, days } = payload as Calendar;
  const [date, setDate] = useState(days[0]?.date ?? '');
  const [time, setTime] = useState('');
  const id = useId();
  const times = days.find((day) => day.date === date)?.times ?? [];

  return (
    <form
      aria-labelledby={`${id}-title`}
      onSubmit={(event) => {
        event.preventDefault();
        if (date && time) respond({ date, time });
      }}
    >
      <h3 id={`${id}-title`}>{title}</h3>
      <p>{work}</p>
      <fieldset disabled={disabled}>
        <legend>Day</legend>
        {days.map((day) => (
          <label key={day.date}>
            <input
              type="radio"
              name={`${id}-day`}
              value={day.date}
              checked={day.date === date}
              onChange={() => {
                setDate(day.date);
                setTime('');
              }}
            />
            <time dateTime={day.date}>{weekday.format(new Date(`${day.date}T00:00:00Z`))}</time>
          </label>
        ))}
      </fieldset>
      <fieldset disabled={disabled}>
        <legend>Time</legend>
        {times.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name={`${id}-time`}
              value={each}
              checked={each === time}
              onChange={() => setTime(each)}
            />
            {each}
          </label>
        ))}
        {times.length === 0 && <p>Nothing is free on this day.</p>}
      </fieldset>
      <button type="submit" disabled={disabled || !date || !time}>
        Book
      </button>
      <button type="button" disabled={disabled} onClick={() => respond({ date: null, time: null })}>
        None of these
      </button>
    </form>
  );
}
