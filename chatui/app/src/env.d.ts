/// <reference types="vite/client" />

declare module "virtual:workflow-components" {
  import type { UiToolProps } from "@mozaiks/client";
  import type { ComponentType } from "react";

  /** By `<workflow in lower case>/<Component>`. */
  export const components: Record<string, () => Promise<{ default: ComponentType<UiToolProps> }>>;
}
