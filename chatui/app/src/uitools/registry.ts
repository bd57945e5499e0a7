/** The components that workflows brought when this page was built. */

import { components } from "virtual:workflow-components";
import type { UiToolProps } from "@mozaiks/client";
import { type ComponentType, type LazyExoticComponent, lazy } from "react";

type Loaded = LazyExoticComponent<ComponentType<UiToolProps>>;

const made = new Map<string, Loaded>();

/** The component of a workflow; null where it brought none of this name. */
export function componentOf(workflow: string, name: string | null): Loaded | null {
  if (name === null) return null;
  const key = `${workflow.toLowerCase()}/${name}`;
  const load = Object.hasOwn(components, key) ? components[key] : undefined;
  if (load === undefined) return null;
  let component = made.get(key);
  if (component === undefined) {
    component = lazy(load);
    made.set(key, component);
  }
  return component;
}
