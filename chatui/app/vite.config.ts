import path from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { workflowComponents } from "./plugins/workflow-components.ts";

const here = path.dirname(fileURLToPath(import.meta.url));
const workflows = path.resolve(process.env.MOZAIKS_WORKFLOWS_PATH || path.join(here, "../../workflows"));
const backend = process.env.MOZAIKS_URL || "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [workflowComponents(workflows), react()],
  resolve: {
    // The client as it is written: no build of its own has to be there first.
    alias: {
      "@mozaiks/client": path.join(here, "../client/src/index.ts"),
      // The forms' library names it in a part of its own tests; the page has a validator that makes no code.
      "@rjsf/validator-ajv8": path.join(here, "src/uitools/validator.ts"),
    },
    dedupe: ["react", "react-dom"],
  },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // Nothing is inlined as a data: address: the page's policy takes scripts and styles from its own files only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
  server: {
    fs: { allow: [path.join(here, ".."), workflows] },
    proxy: {
      "/api": backend,
      "/config.json": backend,
      "/local": { target: backend, ws: true },
    },
  },
});
