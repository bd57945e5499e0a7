import type { Artifact } from "@mozaiks/client";

interface Props {
  readonly versions: readonly Artifact[];
  readonly shown: Artifact;
  readonly onChoose: (eventId: string) => void;
}

/** Goes back to an earlier version; not there where there is only one. */
export function Versions({ versions, shown, onChoose }: Props) {
  if (versions.length < 2) return null;
  return (
    <select aria-label="Version" value={shown.eventId} onChange={(event) => onChoose(event.target.value)}>
      {versions.map((each, index) => (
        <option key={each.eventId} value={each.eventId}>
          Version {index + 1}
          {index === versions.length - 1 ? " (newest)" : ""}
        </option>
      ))}
    </select>
  );
}
