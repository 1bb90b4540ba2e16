import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@fontsource-variable/bricolage-grotesque/wght.css";
import "@fontsource-variable/figtree/wght.css";
import "@/shared/style/tokens.css";
import "@/shared/style/base.css";
import { App } from "@/app/App";
import { ErrorBoundary } from "@/app/ErrorBoundary";
import { Broken } from "@/app/Broken";
import { openApi } from "@/shared/api/client";
import { followSession } from "@/shared/live/live";
import { readConfig } from "@/shared/session/config";
import { openSession } from "@/shared/session/session";
import { loadTexts } from "@/shared/text/text";

// A new deployment may have replaced the files of an open tab's next page.
addEventListener("vite:preloadError", () => navigator.onLine && location.reload());

const root = createRoot(document.querySelector("#studio") ?? document.body);
const [, config] = await Promise.allSettled([loadTexts(), readConfig()]);
if (config.status === "fulfilled") {
  openApi(config.value);
  await openSession(config.value);
  followSession();
  root.render(
    <StrictMode>
      <ErrorBoundary>
        <App />
      </ErrorBoundary>
    </StrictMode>,
  );
} else {
  root.render(<Broken />);
}
