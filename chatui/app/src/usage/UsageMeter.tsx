import type { Usage } from "@mozaiks/client";
import { useEffect, useId, useRef, useState } from "react";
import { count, money } from "../text/words.ts";

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** What the chat used so far, and what that costs where its models have a price. */
export function UsageMeter({ usage }: { usage: Usage }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open) return;
    const away = (event: Event): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    const escaped = (event: KeyboardEvent): void => {
      if (event.key === "Escape") setOpen(false);
    };
    addEventListener("pointerdown", away);
    addEventListener("keydown", escaped);
    return () => {
      removeEventListener("pointerdown", away);
      removeEventListener("keydown", escaped);
    };
  }, [open]);

  if (usage.totalTokens === 0) return null;
  const agents = Object.entries(usage.byAgent).filter(([, tokens]) => tokens > 0);
  return (
    <div className="usage" ref={box}>
      <button
        type="button"
        className="quiet usage-button"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {compact.format(usage.totalTokens)} tokens <span className="muted">· {costOf(usage)}</span>
      </button>
      <section id={id} className="popover" hidden={!open} aria-label="Usage">
        <dl>
          <dt>Cost</dt>
          <dd>{costOf(usage)}</dd>
          <dt>Model calls</dt>
          <dd>{usage.modelCalls.toLocaleString("en")}</dd>
          <dt>Read</dt>
          <dd>{count(usage.promptTokens, "token")}</dd>
          {usage.cachedTokens > 0 && (
            <>
              <dt>of them cached</dt>
              <dd>{count(usage.cachedTokens, "token")}</dd>
            </>
          )}
          <dt>Written</dt>
          <dd>{count(usage.completionTokens, "token")}</dd>
        </dl>
        {agents.length > 0 && (
          <table>
            <caption>By agent</caption>
            <tbody>
              {agents.map(([agent, tokens]) => (
                <tr key={agent}>
                  <th scope="row">{agent === "" ? "Others" : agent}</th>
                  <td>{tokens.toLocaleString("en")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {usage.unpricedModels.length > 0 && (
          <p className="muted">No price is known for {usage.unpricedModels.join(", ")}.</p>
        )}
      </section>
    </div>
  );
}

/** A sum that leaves calls out says so. */
function costOf(usage: Usage): string {
  if (usage.costUsd === null) return money(null);
  return usage.unpricedModels.length > 0 ? `${money(usage.costUsd)} and more` : money(usage.costUsd);
}
