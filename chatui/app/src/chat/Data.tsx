import type { JsonValue } from "@mozaiks/client";
import { spaced } from "../text/words.ts";

const DEEPEST = 4;

/** Any JSON value, laid out to be read: objects as terms, lists as lists. */
export function Data({ value, depth = 0 }: { value: JsonValue | undefined; depth?: number }) {
  if (value === null || value === undefined) return <span className="muted">none</span>;
  if (typeof value === "string")
    return value.includes("\n") ? <pre className="data-text">{value}</pre> : <span>{value}</span>;
  if (typeof value !== "object") return <span>{String(value)}</span>;
  if (depth >= DEEPEST) return <code>{JSON.stringify(value)}</code>;
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="muted">none</span>;
    return (
      <ul className="data-list">
        {value.map((each, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: values of a list have no other name, and are never moved
          <li key={index}>
            <Data value={each} depth={depth + 1} />
          </li>
        ))}
      </ul>
    );
  }
  return (
    <dl className="data">
      {Object.entries(value).map(([key, each]) => (
        <div key={key}>
          <dt>{spaced(key)}</dt>
          <dd>
            <Data value={each as JsonValue} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
