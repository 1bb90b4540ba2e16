import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { queries } from "@/shared/api/query";
import { useSession } from "@/shared/session/session";
import { Toasts } from "@/shared/ui/Toasts";
import { ErrorBoundary } from "./ErrorBoundary";
import { LEADS, PAGES, type Page, pathTo } from "./routes";
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
              {Object.entries(LEADS).map(([path, page]) => (
                <Route key={path} path={path}>
                  {(values) => <Lead to={pathTo(page, values)} />}
                </Route>
              ))}
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

/** Goes on to a page, with the rest of the address. The way back does not lead here again. */
function Lead({ to }: { to: string }) {
  const search = useSearch();
  return <Redirect to={search ? `${to}?${search}` : to} replace />;
}

function Shown({ page: Content, signedIn = false }: Page) {
  const session = useSession();
  return signedIn && session.status === "visitor" ? <SignInFirst /> : <Content />;
}
