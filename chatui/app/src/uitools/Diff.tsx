import { diffLines } from "diff";
import { useMemo } from "react";

const AROUND = 3;

interface Line {
  readonly key: number;
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
}

/** Two texts, line by line. What is the same is left out but for the lines around a change. */
export default function Diff({ name, before, after }: { name: string; before: string; after: string }) {
  const lines = useMemo(() => linesOf(before, after), [before, after]);
  const added = lines.filter((line) => line.kind === "added").length;
  const removed = lines.filter((line) => line.kind === "removed").length;
  return (
    <figure className="diff">
      <figcaption>
        {name} <span className="diff-added">+{added}</span> <span className="diff-removed">−{removed}</span>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled with the keyboard, too */}
      <section className="diff-lines" tabIndex={0} aria-label={`Changes of ${name}`}>
        {lines.map((line) => (
          <div key={line.key} className="diff-line" data-kind={line.kind}>
            <span className="diff-sign">{SIGNS[line.kind]}</span>
            <span className="visually-hidden">{WORDS[line.kind]}</span>
            {line.text}
          </div>
        ))}
      </section>
    </figure>
  );
}

const SIGNS = { same: " ", added: "+", removed: "−", gap: "⋯" };
const WORDS = { same: "", added: "added: ", removed: "removed: ", gap: "" };

function linesOf(before: string, after: string): Line[] {
  const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
  const lines: Line[] = [];
  const parts = diffLines(ended(before), ended(after));
  parts.forEach((part, index) => {
    const texts = part.value.replace(/\n$/, "").split("\n");
    const kind = part.added ? "added" : part.removed ? "removed" : "same";
    if (kind !== "same" || texts.length <= 2 * AROUND + 1) {
      for (const text of texts) lines.push({ key: lines.length, kind, text });
      return;
    }
    const head = index === 0 ? [] : texts.slice(0, AROUND);
    const tail = index === parts.length - 1 ? [] : texts.slice(-AROUND);
    for (const text of head) lines.push({ key: lines.length, kind, text });
    lines.push({ key: lines.length, kind: "gap", text: `${texts.length - head.length - tail.length} lines the same` });
    for (const text of tail) lines.push({ key: lines.length, kind, text });
  });
  return lines;
}
