import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      // Against a running backend: MOZAIKS_URL says where. pytest starts it.
      { test: { name: "stack", include: ["test/stack/**/*.test.ts"], environment: "node", testTimeout: 30_000 } },
      { test: { name: "guarded", include: ["test/guarded/**/*.test.ts"], environment: "node", testTimeout: 30_000 } },
    ],
  },
});
