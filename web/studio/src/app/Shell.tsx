import { type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";
import { Link, useLocation, useRouter } from "wouter";
import { useAccount } from "@/shared/api/account";
import { forgetAllFields } from "@/shared/form/fields";
import { signIn, signOut, useSession } from "@/shared/session/session";
import { choose, current, LANGUAGES, type Language, number, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/cx";
import { PAGES, type Page, pageAt } from "./routes";
import css from "./Shell.module.css";

/** What is around every page: the navigation, who is signed in, and the foot. */
export function Shell({ children }: { children: ReactNode }) {
  const main = useFocusOnChange();
  return (
    <>
      <a href="#content" className={css["skip"]}>
        {t("nav.skip")}
      </a>
      <header className={css["head"]}>
        <div className={css["bar"]}>
          <Link href="/" className={css["name"]} aria-label={t("nav.home")}>
            <img src="/icon.svg" alt="" width={32} height={32} />
            <span>Craftspark</span>
          </Link>
          <Navigation />
          <Maker />
        </div>
      </header>
      <Offline />
      <main id="content" ref={main} tabIndex={-1} className={css["main"]}>
        {children}
      </main>
      <Foot />
    </>
  );
}

/**
 * After a change of the page, the keyboard and the screen reader start at its content.
 *
 * A new page starts at its top. Back in the history, the browser shows the place that the maker had left.
 */
function useFocusOnChange() {
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(location);
  const isBack = useRef(false);
  useEffect(() => {
    const goBack = () => {
      isBack.current = true;
    };
    addEventListener("popstate", goBack);
    return () => removeEventListener("popstate", goBack);
  }, []);
  useEffect(() => {
    if (before.current === location) return;
    before.current = location;
    main.current?.focus({ preventScroll: true });
    if (!isBack.current) scrollTo(0, 0);
    isBack.current = false;
  }, [location]);
  return main;
}

function Navigation() {
  const [location] = useLocation();
  const here = pageAt(location, useRouter().parser);
  const session = useSession();
  const admin = session.status === "signed-in" && session.admin;
  const shown = PAGES.filter((page) => page.link && (!page.admin || admin) && (!page.signedIn || session.status !== "visitor"));
  return (
    <nav className={css["nav"]} aria-label={t("nav.label")}>
      {shown.map((page) => (
        <NavLink key={page.path} page={page} here={here} />
      ))}
    </nav>
  );
}

/** A link is current on its page, and on those that it leads to. */
function NavLink({ page: { path, link }, here }: { page: Page; here: Page | undefined }) {
  const ariaCurrent = here?.path === path ? "page" : here?.under === path ? "true" : undefined;
  return link ? (
    <Link href={path} className={cx(css["link"], ariaCurrent && css["here"])} aria-current={ariaCurrent}>
      {t(link)}
    </Link>
  ) : null;
}

function Maker() {
  const session = useSession();
  const isSignedIn = session.status === "signed-in";
  const account = useAccount(isSignedIn);
  if (!isSignedIn) {
    return (
      <div className={css["maker"]}>
        <Button look="primary" small onClick={() => void signIn()}>
          {t("signin")}
        </Button>
      </div>
    );
  }
  return (
    <div className={css["maker"]}>
      {account.isError ? null : (
        <Link href="/credits" className={css["credits"]} aria-label={t("nav.balance", { count: number(account.data?.available ?? 0) })}>
          <span className={css["spark"]} aria-hidden="true" />
          <span className={css["count"]}>{account.data ? number(account.data.available) : ""}</span>
        </Link>
      )}
      <Button look="quiet" small onClick={leave} title={session.name}>
        {t("signout")}
      </Button>
    </div>
  );
}

function leave() {
  forgetAllFields();
  void signOut();
}

function Offline() {
  const isOnline = useSyncExternalStore(subscribe, () => navigator.onLine);
  return (
    <div role="status">
      {isOnline ? null : <p className={css["offline"]}>{t("offline")}</p>}
    </div>
  );
}

function subscribe(listener: () => void): () => void {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}

function Foot() {
  return (
    <footer className={css["foot"]}>
      <p>{t("foot.text")}</p>
      <label className={css["language"]}>
        <span className="unseen">{t("foot.language")}</span>
        <select value={current()} onChange={(event) => choose(event.target.value as Language)}>
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </footer>
  );
}
