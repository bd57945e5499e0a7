/** An app's theme as CSS variables. Each token has one place and one shape: a theme is data, never a style sheet. */

import type { JsonObject, JsonValue } from "@mozaiks/client";

const COLOURS: Record<string, string> = {
  background: "--background",
  surface: "--surface",
  text: "--text",
  muted_text: "--muted",
  primary: "--accent",
  on_primary: "--on-accent",
  border: "--line",
  focus: "--focus",
  success: "--good",
  warning: "--warning",
  danger: "--danger",
};
const FONTS: Record<string, string> = {
  font_family: "--font",
  heading_font_family: "--font-heading",
  mono_font_family: "--font-mono",
};
const COLOUR = /^#[0-9a-f]{6}$/i;
const FONT = /^[A-Za-z0-9 ,'-]{1,200}$/;

/** Variables of what `GET /api/themes/{app}` answers; none where the app never set a theme. */
export function variablesOf(answer: JsonObject): Record<string, string> {
  if (answer.version === 0) return {};
  const theme = at(answer, "theme");
  const found: Record<string, string> = {};
  const light = at(theme, "colors", "light");
  const dark = at(theme, "colors", "dark");
  for (const [token, variable] of Object.entries(COLOURS)) {
    const [day, night] = [text(light, token, COLOUR), text(dark, token, COLOUR)];
    if (day !== null && night !== null) found[variable] = `light-dark(${day}, ${night})`;
  }
  const typography = at(theme, "typography");
  for (const [token, variable] of Object.entries(FONTS)) {
    const font = text(typography, token, FONT);
    if (font !== null) found[variable] = font;
  }
  pixels(found, "--text-size", typography, "base_size_px", 12, 24);
  pixels(found, "--radius", at(theme, "shape"), "radius_px", 0, 32);
  return found;
}

function at(value: JsonValue | undefined, ...path: string[]): JsonValue | undefined {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null || Array.isArray(found)) return undefined;
    found = (found as Record<string, JsonValue>)[step];
  }
  return found;
}

function text(group: JsonValue | undefined, token: string, shape: RegExp): string | null {
  const value = at(group, token);
  return typeof value === "string" && shape.test(value) ? value : null;
}

function pixels(
  found: Record<string, string>,
  variable: string,
  group: JsonValue | undefined,
  token: string,
  least: number,
  most: number,
): void {
  const value = at(group, token);
  if (typeof value === "number" && value >= least && value <= most) found[variable] = `${value}px`;
}
