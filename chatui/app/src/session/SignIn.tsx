import { type FormEvent, useId, useState } from "react";
import { claimsOf } from "./claims.ts";

/** Asks for a token. It goes into headers and the socket's subprotocol, never into an address. */
export function SignIn({ problem, onToken }: { problem: string | null; onToken: (token: string) => void }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const token = text.trim().replace(/^Bearer\s+/i, "");
    if (claimsOf(token) === null) setWrong("This is no token with an app and a user: expected a JWT.");
    else onToken(token);
  };
  const said = wrong ?? problem;
  return (
    <main className="centred">
      <form className="sign-in" onSubmit={submit} aria-labelledby={`${id}-title`}>
        <h1 id={`${id}-title`}>Sign in</h1>
        <p>Paste the access token that your application gave you. It is kept in this tab only.</p>
        <label htmlFor={`${id}-token`}>Access token</label>
        <textarea
          id={`${id}-token`}
          rows={4}
          autoComplete="off"
          spellCheck={false}
          value={text}
          aria-describedby={said === null ? undefined : `${id}-problem`}
          onChange={(event) => {
            setText(event.target.value);
            setWrong(null);
          }}
        />
        {said !== null && (
          <p id={`${id}-problem`} role="alert" className="problem-text">
            {said}
          </p>
        )}
        <button type="submit" className="primary" disabled={text.trim() === ""}>
          Continue
        </button>
      </form>
    </main>
  );
}
