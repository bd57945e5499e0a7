/// <reference types="vite/client" />

declare module "virtual:workflow-components" {
  import type { ComponentType } from "react";
  import type { UiToolProps } from "@mozaiks/client";

  /** By `<workflow in lower case>/<Component>`. */
  export const components: Record<string, () => Promise<{ default: ComponentType<UiToolProps> }>>;
}
