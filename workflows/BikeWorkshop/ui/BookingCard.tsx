import { useId } from 'react';
import type { UiToolProps } from '@mozaiks/client';

interface Booking {
  reference: string;
  date: string;
  time: string;
  work: string;
}

/** A booking that was made. Shown only: it answers nothing. */
export default function BookingCard({ payload }: UiToolProps) {
  const { reference, date, time, work } = payload as Booking;
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>Booking {reference}</h3>
      <dl>
        <dt>Day</dt>
        <dd>
          <time dateTime={`${date}T${time}`}>
            {date}, {time}
          </time>
        </dd>
        <dt>Work</dt>
        <dd>{work}</dd>
      </dl>
    </section>
  );
}
