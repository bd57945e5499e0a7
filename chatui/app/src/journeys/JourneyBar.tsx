import type { Journey } from "@mozaiks/client";
import { Link, paths } from "../routing.tsx";
import { memberWords } from "./words.ts";

/** Where the chat's journey stands: how many steps are done, and who else is under way in this one. */
export function JourneyBar({ journey, chatId }: { journey: Journey; chatId: string }) {
  const steps = Array.from({ length: journey.groups }, (_, index) => index);
  return (
    <nav className="journey-bar" aria-label="Journey">
      <Link href={paths.journey(journey.journeyRunId)} className="journey-name">
        {journey.journeyId}
        <span className="visually-hidden">
          , step {journey.group + 1} of {journey.groups}
        </span>
      </Link>
      <span className="journey-steps" aria-hidden="true">
        {steps.map((step) => (
          <i
            key={step}
            data-state={
              step < journey.group || journey.status === "completed" ? "done" : step === journey.group ? "now" : "later"
            }
          />
        ))}
      </span>
      <ul>
        {journey.members.map((member) => (
          <li key={member.chatId ?? member.workflowName} data-status={member.status}>
            {member.chatId !== null && member.chatId !== chatId && member.status !== "pending" ? (
              <Link href={paths.chat(member.workflowName, member.chatId)}>{member.workflowName}</Link>
            ) : (
              <span aria-current={member.chatId === chatId ? "true" : undefined}>{member.workflowName}</span>
            )}
            <span className="muted"> {memberWords(member.status)}</span>
          </li>
        ))}
      </ul>
    </nav>
  );
}
