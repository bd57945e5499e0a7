import type { ConnectionState } from "@mozaiks/client";
import { useEffect, useState } from "react";

const PATIENCE_MS = 1200;

/** Says that the connection is lost, once that is more than a blink. */
export function ConnectionNotice({ connection }: { connection: ConnectionState }) {
  const lost = connection.phase === "waiting" || connection.phase === "offline" || connection.phase === "connecting";
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (!lost) {
      setLong(false);
      return;
    }
    const timer = setTimeout(() => setLong(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [lost]);
  if (!lost || !long) return null;
  return (
    <p className="connection" role="status">
      {connection.phase === "offline"
        ? "You are offline. What you write is sent when the connection is back."
        : "Connecting again. What you write is sent then."}
    </p>
  );
}
