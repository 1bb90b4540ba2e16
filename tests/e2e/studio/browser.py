"""Studio in a real browser, as people use it: at the address of the stage's distribution."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, Request, sync_playwright

from local_cloud.makers import PASSWORD
from tests.e2e.front_end import HTTP
from tests.e2e.waiting import HANGS_AFTER_S

# After two frames, everything that the page has is painted. Then: whether it waits for more.
COMPLETE = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const waits = document.querySelector("[aria-busy=true]") || document.fonts.status !== "loaded";
  return !waits && document.querySelector("h1") !== null;
}"""

# The sum over all shifts, which is never less than the score of web-vitals: that takes the worst five seconds.
WATCH_SHIFTS = """{
  const shifts = [];
  const keep = (entries) => {
    for (const { hadRecentInput, value, sources } of entries) {
      if (!hadRecentInput) shifts.push([value, sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? "?")]);
    }
  };
  const observer = new PerformanceObserver((list) => keep(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  window.shiftsSoFar = () => (keep(observer.takeRecords()), shifts);
}"""


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser that `make setup` installs."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    # The sandbox of Chromium refuses to run as root, as in containers.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Studio:
    """A window of Studio, what it waits for, and what went wrong in it."""

    page: Page
    faults: list[str] = field(default_factory=list)
    requests: set[Request] = field(default_factory=set)

    def open(self, path: str) -> Page:
        self.page.goto(path)
        self.page.get_by_role("heading", level=1).wait_for()
        return self.page

    def is_complete(self) -> bool:
        """Whether the page has everything that it asks for, and has painted it. Waits for two frames."""
        return bool(self.page.evaluate(COMPLETE)) and not self.requests

    def settle(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until the page is complete."""
        end = time.monotonic() + HANGS_AFTER_S
        while not self.is_complete():
            meanwhile()
            if time.monotonic() > end:
                raise TimeoutError(f"{self.page.url} still waits for {[one.url for one in self.requests]}")

    def sign_in(self, email: str) -> None:
        """Fill in the page of the user pool."""
        self.page.locator("input[name=username]").fill(email)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()

    def use_token(self, token: str | None) -> None:
        """Replace the token of the sign-in, as if the provider had."""
        self.page.evaluate(
            """(token) => {
              const key = Object.keys(localStorage).find((name) => name.startsWith("oidc.user:"));
              const user = JSON.parse(localStorage.getItem(key));
              localStorage.setItem(key, JSON.stringify({ ...user, access_token: token }));
            }""",
            token,
        )


def opened(browser: Browser, site: str, token: str | None, **options: Any) -> Studio:
    """A new window at `site`, with the sign-in of a token. Without one, it is a visitor's."""
    context = browser.new_context(
        base_url=site, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce", **options
    )
    context.set_default_timeout(HANGS_AFTER_S * 1000)
    context.add_init_script(WATCH_SHIFTS)
    if token:
        context.add_init_script(_signed_in(site, token))
    studio = Studio(context.new_page())
    page, faults, requests = studio.page, studio.faults, studio.requests
    page.on("request", lambda request: requests.add(request))
    page.on("requestfinished", lambda request: requests.discard(request))
    page.on("requestfailed", lambda request: requests.discard(request))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    return studio


def _signed_in(site: str, token: str) -> str:
    """A script that leaves a sign-in as the provider's page does: what `oidc-client-ts` keeps of it."""
    oidc = HTTP.get(f"{site}/config.json").raise_for_status().json()["oidc"]
    user = {
        "access_token": token,
        "token_type": "Bearer",
        "scope": oidc["scope"],
        "profile": {"sub": "maker", "iss": oidc["authority"], "aud": oidc["client_id"], "exp": 0, "iat": 0},
        "expires_at": 4_102_444_800,
    }
    key = f"oidc.user:{oidc['authority']}:{oidc['client_id']}"
    name, value = json.dumps(key), json.dumps(json.dumps(user))
    return f"if (!localStorage.getItem({name})) localStorage.setItem({name}, {value})"
