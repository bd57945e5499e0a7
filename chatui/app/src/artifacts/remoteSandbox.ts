import { type Running, SandboxError, type SandboxProvider } from "./sandbox.ts";

/** Sandboxes of E2B. Its key belongs to the operator and never reaches a browser: a backend has to hold the sandbox. */
export const e2bSandbox: SandboxProvider = {
  name: "E2B sandbox",
  run(): Promise<Running> {
    const message =
      "No E2B sandbox is configured: it needs a key (E2B_API_KEY) and a backend route that holds the sandbox." +
      " Static pages are shown without one.";
    return Promise.reject(new SandboxError("NOT_CONFIGURED", message));
  },
};
