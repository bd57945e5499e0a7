import { MoonIcon, SunIcon, SystemIcon } from "../icons.tsx";
import { type Mode, useMode } from "./useTheme.ts";

const NEXT: Record<Mode, Mode> = { system: "light", light: "dark", dark: "system" };
const WORDS: Record<Mode, string> = { system: "as the system has it", light: "light", dark: "dark" };

export function ModeSwitch() {
  const [mode, choose] = useMode();
  const label = `Colours: ${WORDS[mode]}. Change to ${WORDS[NEXT[mode]]}`;
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => choose(NEXT[mode])}>
      {mode === "system" ? <SystemIcon /> : mode === "light" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}
