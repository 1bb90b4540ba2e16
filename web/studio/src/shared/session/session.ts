/** Who is signed in. Any OpenID Connect provider: authorization code with PKCE, renewed by its refresh token. */
import { type User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import { useSyncExternalStore } from "react";
import { type Claims, claimsOf, isAdmin } from "./claims";
import type { Config } from "./config";

export type Session =
  | { status: "visitor" }
  | { status: "signed-in"; name: string; admin: boolean }
  /** The sign-in has ended while a page was open. What is on the page stays. */
  | { status: "ended" };

const EARLY_S = 30;

let manager: UserManager;
let session: Session = { status: "visitor" };
let renewal: Promise<User | null> | undefined;
const listeners = new Set<() => void>();

/** Finds a sign-in of an earlier visit. Call it once, before the first page. */
export async function openSession({ oidc }: Config): Promise<void> {
  manager = new UserManager({
    ...oidc,
    redirect_uri: `${location.origin}/signed-in`,
    post_logout_redirect_uri: `${location.origin}/`,
    // Tabs share a sign-in. The policy of the site lets no foreign script read it.
    userStore: new WebStorageStateStore({ store: localStorage }),
    automaticSilentRenew: false,
    monitorSession: false,
  });
  const user = await manager.getUser();
  if (user && (!user.expired || user.refresh_token)) become(user);
  // Another tab has signed in or out.
  addEventListener("storage", (event) => {
    if (event.key?.startsWith("oidc.user:")) void manager.getUser().then(become);
  });
}

/** The token for a request. `undefined` for visitors and for those whose sign-in has ended. */
export async function token(): Promise<string | undefined> {
  if (session.status !== "signed-in") return undefined;
  const user = await manager.getUser();
  if (user && (user.expires_in ?? Number.POSITIVE_INFINITY) > EARLY_S) return user.access_token;
  const renewed = await renew(user);
  if (!renewed) endSession();
  return renewed?.access_token;
}

/** Requests at the same time share one renewal: some providers accept a refresh token only once. */
function renew(user: User | null): Promise<User | null> {
  if (!user?.refresh_token) return Promise.resolve(null);
  renewal ??= manager
    .signinSilent()
    .catch(() => null)
    .finally(() => {
      renewal = undefined;
    });
  return renewal;
}

/** The API has refused the token, or it could not be renewed. */
export function endSession(): void {
  if (session.status === "signed-in") set({ status: "ended" });
}

/** Leaves for the provider's page and comes back to `returnTo`. */
export async function signIn(returnTo = location.pathname + location.search): Promise<void> {
  await manager.signinRedirect({ state: { returnTo } });
}

/** Ends the way back from the provider's page. Returns the path to show. Throws if the provider refused. */
export async function finishSignIn(): Promise<string> {
  const user = await manager.signinRedirectCallback();
  become(user);
  const { returnTo } = (user.state ?? {}) as { returnTo?: unknown };
  return typeof returnTo === "string" && /^\/(?![/\\])/.test(returnTo) ? returnTo : "/";
}

export async function signOut(): Promise<void> {
  const { client_id, post_logout_redirect_uri = "" } = manager.settings;
  // Cognito asks for names of its own.
  const extraQueryParams = { client_id, logout_uri: post_logout_redirect_uri };
  try {
    await manager.signoutRedirect({ extraQueryParams });
  } catch {
    // A provider without a page for it: only this browser forgets the maker.
    await manager.removeUser();
    location.assign("/");
  }
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function currentSession(): Session {
  return session;
}

function become(user: User | null): void {
  if (!user) {
    set({ status: "visitor" });
    return;
  }
  const profile: Claims = user.profile;
  const name = String(profile["name"] ?? profile["email"] ?? profile["preferred_username"] ?? "");
  set({ status: "signed-in", name, admin: isAdmin(claimsOf(user.access_token), user.scopes) });
}

function set(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}
