import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { queries } from "@/shared/api/query";
import { useSession } from "@/shared/session/session";
import { Toasts } from "@/shared/ui/Toasts";
import { ErrorBoundary } from "./ErrorBoundary";
import { PAGES, type Page } from "./routes";
import { SessionEnded } from "./SessionEnded";
import { Shell } from "./Shell";
import { SignInFirst } from "./SignInFirst";

export function App() {
  const [location] = useLocation();
  return (
    <QueryClientProvider client={queries}>
      <Shell>
        <ErrorBoundary key={location}>
          <Suspense fallback={<div aria-busy="true" />}>
            <Switch>
              {PAGES.map((page) => (
                <Route key={page.path} path={page.path}>
                  <Shown {...page} />
                </Route>
              ))}
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </Shell>
      <SessionEnded />
      <Toasts />
    </QueryClientProvider>
  );
}

function Shown({ page: Content, signedIn = false }: Page) {
  const session = useSession();
  return signedIn && session.status === "visitor" ? <SignInFirst /> : <Content />;
}
