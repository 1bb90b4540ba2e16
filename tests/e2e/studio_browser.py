"""Studio in a real browser, as a maker uses it: at the address of the stage's distribution."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.waiting import HANGS_AFTER_S

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build/screenshots"
AXE = ROOT / "web/studio/node_modules/axe-core/axe.min.js"
# Phone and desktop, in the colours of the day and of the night.
LOOKS = [(size, scheme) for size in ((390, 844), (1280, 900)) for scheme in ("light", "dark")]
SERIOUS = ("serious", "critical")


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
    """A window of Studio, and what went wrong in it."""

    page: Page
    faults: list[str]

    def open(self, path: str) -> Page:
        self.page.goto(path)
        self.page.get_by_role("heading", level=1).wait_for()
        return self.page

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

    def look(self, name: str) -> list[str]:
        """Save the page, in each of `LOOKS`, to `SHOTS`. Returns what axe finds serious, and what is too wide."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        found = []
        for (width, height), scheme in LOOKS:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            self.page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{name}: {wide} pixels wide on a screen of {width}")
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            found += [f"{name}, {scheme}: {finding}" for finding in self._axe()]
        return found

    def _axe(self) -> list[str]:
        # A script of the test's own, which the policy of the site does not cover.
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']} {[node['target'] for node in one['nodes']][:3]}"
            for one in found["violations"]
            if one["impact"] in SERIOUS
        ]


def opened(browser: Browser, site: str, token: str | None, **options: Any) -> Studio:
    """A new window at `site`, with the sign-in of a token. Without one, it is a visitor's."""
    context = browser.new_context(
        base_url=site, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce", **options
    )
    context.set_default_timeout(HANGS_AFTER_S * 1000)
    if token:
        context.add_init_script(_signed_in(site, token))
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    return Studio(page, faults)


def _signed_in(site: str, token: str) -> str:
    """A script that leaves a sign-in as the provider's page does: what `oidc-client-ts` keeps of it."""
    oidc = httpx.get(f"{site}/config.json", trust_env=False).raise_for_status().json()["oidc"]
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
