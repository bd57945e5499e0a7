import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { SessionProvider } from "./session/Session.tsx";
import "./theme/theme.css";
import "./layout/layout.css";
import "./workflows/picker.css";
import "./chat/chat.css";
import "./uitools/uitools.css";
import "./artifacts/artifacts.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

createRoot(root).render(
  <StrictMode>
    <SessionProvider>
      <App />
    </SessionProvider>
  </StrictMode>,
);
