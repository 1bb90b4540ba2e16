"""What every page of Studio must be: without serious findings of axe, as wide as its room, and still.

Pictures of the pages, on phones and desktops and in light and dark, are written to `build/screenshots`.
"""

import re
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, Route

from tests.e2e.studio.browser import Studio

ROOT = Path(__file__).resolve().parents[3]
SHOTS = ROOT / "build/screenshots"
AXE = ROOT / "web/studio/node_modules/axe-core/axe.min.js"
ROUTES = ROOT / "web/studio/src/app/routes.ts"
PHONE, DESKTOP = (390, 844), (1280, 900)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Pages that people see first or most, and the form that moved most.
MAIN = ("welcome", "gallery", "picture", "job-pattern", "outpaint")
SERIOUS = ("serious", "critical")
MOST_SHIFT = 0.1
# Items of lists whose content lies over their neighbours.
SPILLED = """[...document.querySelectorAll("li")]
  .filter((item) => item.clientWidth > 0 && item.scrollWidth > item.clientWidth + 1)
  .map((item) => item.outerHTML.slice(0, 120))"""
EXTENT = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"


def route_of(path: str) -> str:
    """The first route of the router that fits a path."""
    found = next(route for route in routes() if re.fullmatch(re.sub(r":\w+", "[^/]+", route).replace("*", ".*"), path))
    return str(found)


def routes() -> list[str]:
    """The routes of all pages, as the router has them."""
    return re.findall(r'\{ path: "([^"]+)"', ROUTES.read_text())


def examine(studio: Studio, name: str, path: str) -> list[str]:
    """Load a page on a phone, and one of `MAIN` on a desktop too. Returns what is wrong with it on both."""
    found = []
    for size in (PHONE, DESKTOP):
        resize(studio.page, size)
        if size == PHONE or name in MAIN:
            load_in_steps(studio, path)
            found += [f"{name}, {size[0]} pixels: {shift}" for shift in shifts_of(studio.page)]
        else:
            studio.settle()
        found += look_at_size(studio, name, size)
    return found


def look(studio: Studio, name: str) -> list[str]:
    """Look at what a page shows now, such as a dialog. Returns what is wrong with it."""
    found = []
    for size in (PHONE, DESKTOP):
        resize(studio.page, size)
        studio.settle()
        found += look_at_size(studio, name, size)
    return found


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def look_at_size(studio: Studio, name: str, size: tuple[int, int]) -> list[str]:
    found = []
    width, height = studio.page.evaluate(EXTENT)
    if width > size[0]:
        found.append(f"{name}: {width} pixels wide on a screen of {size[0]}")
    found += [f"{name}, {size[0]} pixels: too wide for its room: {item}" for item in studio.page.evaluate(SPILLED)]
    SHOTS.mkdir(parents=True, exist_ok=True)
    is_covered = studio.page.locator("dialog[open]").count() > 0
    if size == PHONE and not is_covered:
        # As on a phone without end: in a picture of the whole page, its navigation would lie across the middle.
        resize(studio.page, (size[0], height))
        studio.settle()
    for scheme in SCHEMES:
        studio.page.emulate_media(color_scheme=scheme)
        shot = SHOTS / f"{name}-{size[0]}-{scheme}.jpeg"
        studio.page.screenshot(path=shot, type="jpeg", quality=90, full_page=not is_covered)
        # All rules for one screen and one scheme; for another of both, those that depend on colours.
        if (size, scheme) == (DESKTOP, "light"):
            found += [f"{name}: {finding}" for finding in _axe(studio.page, "{resultTypes: ['violations']}")]
        elif (size, scheme) == (PHONE, "dark"):
            found += [f"{name}, dark: {finding}" for finding in _axe(studio.page, "{runOnly: ['color-contrast']}")]
    studio.page.emulate_media(color_scheme="light")
    return found


def _axe(page: Page, options: str) -> list[str]:
    # A script of the test's own, which the policy of the site does not cover.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    # The page behind a dialog is not for now.
    found = page.evaluate(f"axe.run(document.querySelector('dialog[open]') ?? document, {options})")
    return [
        f"{one['id']}: {one['help']} {[node['target'] for node in one['nodes']][:3]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


def load_in_steps(studio: Studio, path: str) -> None:
    """Load a page so that everything that can move does.

    Answers arrive one by one and then the pictures, each when what came before it is painted. So a fast machine sees
    what a slow one does.
    """
    held: list[Route] = []
    studio.page.route("**/*", lambda route: _hold(route, held))
    studio.page.goto(path, wait_until="commit")
    studio.settle(lambda: _release(studio, held))
    studio.page.unroute_all()


def shifts_of(page: Page) -> list[str]:
    """The moves since the page was loaded, if they are more than `MOST_SHIFT` of the screen."""
    shifts = page.evaluate("shiftsSoFar()")
    moved = sum(value for value, _ in shifts)
    return [f"moves by {moved:.3f}: {shifts}"] if moved > MOST_SHIFT else []


def _hold(route: Route, held: list[Route]) -> None:
    if route.request.resource_type in ("fetch", "image"):
        held.append(route)
    else:
        route.continue_()


def _release(studio: Studio, held: list[Route]) -> None:
    """Once the page waits for nothing else, let the next answer arrive, or all pictures after the last answer."""
    if not studio.requests <= {route.request for route in held}:
        return
    answers = [route for route in held if route.request.resource_type == "fetch"]
    for route in answers[:1] or list(held):
        held.remove(route)
        route.continue_()
