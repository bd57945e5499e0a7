import { lazy, Suspense } from "react";
import { ChatPage } from "./chat/ChatPage.tsx";
import { Shell } from "./layout/Shell.tsx";
import { Link, paths, type Route, useRoute } from "./routing.tsx";
import { useAppTheme } from "./theme/useTheme.ts";
import { Boundary } from "./uitools/Boundary.tsx";
import { Picker } from "./workflows/Picker.tsx";

const TracePage = lazy(() => import("./trace/TracePage.tsx"));
const ArtifactPage = lazy(() => import("./artifacts/ArtifactPage.tsx"));
const JourneyPage = lazy(() => import("./journeys/JourneyPage.tsx"));

export function App() {
  const route = useRoute();
  useAppTheme();
  return (
    <Shell route={route}>
      <Boundary what="This view" key={keyOf(route)}>
        <Suspense fallback={<div className="waiting" role="status" aria-label="Loading" />}>{view(route)}</Suspense>
      </Boundary>
    </Shell>
  );
}

function view(route: Route) {
  switch (route.name) {
    case "start":
      return <Picker />;
    case "chat":
      return <ChatPage workflow={route.workflow} chatId={route.chatId} />;
    case "trace":
      return <TracePage workflow={route.workflow} chatId={route.chatId} />;
    case "artifact":
      return <ArtifactPage id={route.id} workflow={route.workflow} chatId={route.chatId} />;
    case "journey":
      return <JourneyPage runId={route.runId} />;
    case "unknown":
      return (
        <div className="centred">
          <h1>There is nothing here</h1>
          <p>
            No view has the address <code>{route.path}</code>.
          </p>
          <Link className="button primary" href={paths.start}>
            All workflows
          </Link>
        </div>
      );
  }
}

function keyOf(route: Route): string {
  return "chatId" in route ? `${route.name}/${route.chatId}` : route.name;
}
