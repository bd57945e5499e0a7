import type { Display, ToolCallItem } from "@mozaiks/client";
import { useUiTools } from "./context.ts";
import { UiComponent } from "./UiComponent.tsx";

/** A component that asks, wherever it stands: what it answers becomes the tool's result. */
export function ToolRequest({ item, mode, dismiss }: { item: ToolCallItem; mode: Display; dismiss?: () => void }) {
  const { answer } = useUiTools();
  const { requestId } = item;
  const open = item.status === "waiting" && requestId !== null;
  return (
    <section className="request" aria-label={item.prompt ?? item.toolName}>
      <UiComponent
        component={item.component}
        componentId={requestId ?? item.key}
        toolName={item.toolName}
        mode={mode}
        payload={item.payload}
        schema={item.schema}
        secrets={item.secretFields}
        disabled={!open}
        respond={(value) => {
          if (open) answer(requestId, value);
        }}
        {...(dismiss === undefined ? {} : { dismiss })}
      />
    </section>
  );
}
