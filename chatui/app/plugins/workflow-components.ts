/**
 * Bundles the components that workflows bring in `<Name>/ui/<Component>.{tsx,jsx,ts,js}`, each a chunk of its own.
 *
 * They live outside of the app, so what they import by name is looked up from the app. One that cannot be bundled takes
 * nothing down: it becomes a module that says why, and the page shows that in its place.
 */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, transformWithOxc } from "vite";

const MODULE = "virtual:workflow-components";
const RESOLVED = `\0${MODULE}`;
const COMPONENT = /^([A-Za-z_$][\w$]*)\.(tsx|jsx|ts|js)$/;
const APP = fileURLToPath(new URL("../src/main.tsx", import.meta.url));

export function workflowComponents(folder: string): Plugin {
  const inside = (file: string | undefined): boolean =>
    file !== undefined && !path.relative(folder, file.split("?")[0] ?? "").startsWith("..");
  return {
    name: "mozaiks-workflow-components",
    enforce: "pre",
    async resolveId(source, importer) {
      if (source === MODULE) return RESOLVED;
      if (importer === undefined || !path.isAbsolute(importer) || !inside(importer)) return null;
      return this.resolve(source, isOwn(source) ? importer : APP, { skipSelf: true });
    },
    async load(id) {
      if (id === RESOLVED) return registry(folder);
      const file = id.split("?")[0] ?? "";
      if (!inside(file) || !/\.(tsx|jsx|ts|js)$/.test(file) || !existsSync(file)) return null;
      this.addWatchFile(file);
      const code = readFileSync(file, "utf8");
      try {
        const { body } = this.parse((await transformWithOxc(code, file)).code);
        for (const { source } of body as { source?: { value?: unknown } | null }[]) {
          const wanted = source?.value;
          if (typeof wanted !== "string") continue;
          if ((await this.resolve(wanted, isOwn(wanted) ? file : APP, { skipSelf: true })) === null) {
            return broken(`${path.relative(folder, file)} imports ${JSON.stringify(wanted)}, which is not there`);
          }
        }
      } catch (error) {
        const first = String(error instanceof Error ? error.message : error)
          .split("\n")
          .find((line) => line.trim() !== "");
        return broken(`${path.relative(folder, file)} cannot be bundled: ${first ?? "it is no JavaScript"}`);
      }
      return code;
    },
  };
}

/** Whether an import names a file of the workflow, and not a package. */
function isOwn(source: string): boolean {
  return source.startsWith(".") || path.isAbsolute(source);
}

function broken(reason: string): string {
  console.warn(`mozaiks: ${reason}`);
  return `const reason = ${JSON.stringify(reason)};
export default function Broken() { throw new Error(reason); }`;
}

function registry(folder: string): string {
  const entries = componentFiles(folder).map(
    ({ key, file }) => `  ${JSON.stringify(key)}: () => import(${JSON.stringify(file)}),`,
  );
  return `export const components = {\n${entries.join("\n")}\n};\n`;
}

function componentFiles(folder: string): { key: string; file: string }[] {
  if (!existsSync(folder)) return [];
  const found: { key: string; file: string }[] = [];
  for (const name of readdirSync(folder).sort()) {
    const ui = path.join(folder, name, "ui");
    if (name.startsWith("_") || name.startsWith(".") || !existsSync(ui) || !statSync(ui).isDirectory()) continue;
    for (const file of readdirSync(ui).sort()) {
      const match = COMPONENT.exec(file);
      if (match !== null && !file.endsWith(".d.ts")) {
        // Workflows are looked up in any case; components as they are spelled.
        found.push({ key: `${name.toLowerCase()}/${match[1]}`, file: path.join(ui, file) });
      }
    }
  }
  return found;
}
