import { type ReactNode, useEffect, useRef, useState } from "react";
import { CloseIcon, MenuIcon, PlusIcon } from "../icons.tsx";
import { Link, paths, type Route } from "../routing.tsx";
import { useSession } from "../session/Session.tsx";
import { ModeSwitch } from "../theme/ModeSwitch.tsx";
import { Sessions } from "./Sessions.tsx";

/** The frame of every view: chats on the left (a drawer on a phone), the view beside them. */
export function Shell({ route, children }: { route: Route; children: ReactNode }) {
  const { appId, userId, signOut } = useSession();
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const chatId = "chatId" in route ? route.chatId : null;

  // Wherever the drawer led, it has done its work.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is what closes it
  useEffect(() => setOpen(false), [route.name, chatId]);

  const close = (): void => {
    setOpen(false);
    opener.current?.focus();
  };

  return (
    <div className="shell" data-drawer={open ? "open" : "closed"}>
      <a className="skip" href="#view">
        Skip to the conversation
      </a>
      <header className="topbar">
        <button
          type="button"
          ref={opener}
          className="icon-button"
          aria-expanded={open}
          aria-controls="sidebar"
          aria-label="Chats"
          onClick={() => setOpen(true)}
        >
          <MenuIcon />
        </button>
        <Link href={paths.start} className="brand">
          <Mark /> Mozaiks
        </Link>
      </header>
      {open && <div className="scrim" onClick={close} aria-hidden="true" />}
      <nav
        id="sidebar"
        className="sidebar"
        aria-label="Chats"
        onKeyDown={(event) => {
          if (event.key === "Escape" && open) close();
        }}
      >
        <div className="sidebar-head">
          <Link href={paths.start} className="brand">
            <Mark /> Mozaiks
          </Link>
          <button type="button" className="icon-button drawer-only" aria-label="Close" onClick={close}>
            <CloseIcon />
          </button>
        </div>
        <Link href={paths.start} className="button new-chat" aria-current={route.name === "start" ? "page" : undefined}>
          <PlusIcon /> New chat
        </Link>
        <Sessions current={chatId} />
        <div className="sidebar-foot">
          <span className="who" title={`${userId} of ${appId}`}>
            {userId} <span className="muted">· {appId}</span>
          </span>
          <ModeSwitch />
          {signOut !== null && (
            <button type="button" className="quiet" onClick={signOut}>
              Sign out
            </button>
          )}
        </div>
      </nav>
      <main id="view" className="view" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" focusable="false">
      <rect x="2" y="2" width="12.5" height="12.5" rx="3.5" fill="var(--accent)" />
      <rect x="17.5" y="2" width="12.5" height="12.5" rx="6.25" fill="#0d9488" />
      <rect x="2" y="17.5" width="12.5" height="12.5" rx="6.25" fill="#f59e0b" />
      <rect x="17.5" y="17.5" width="12.5" height="12.5" rx="3.5" fill="var(--accent)" opacity=".55" />
    </svg>
  );
}
