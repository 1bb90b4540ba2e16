"""What people do in Studio, step by step, and what the gallery shows to those who look at its pages."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.e2e.front_end import FrontEnd
from tests.e2e.studio import looks
from tests.e2e.studio.browser import Studio

# What a maker writes for each tool. Those without a subject take a picture.
SUBJECTS = {"pattern": "leaf", "clipart": "fox"}
PROMPTS: Mapping[str, str] = {**SUBJECTS, "variations": "green apple"} | dict.fromkeys(
    ("outpaint", "upscale", "cutout", "lineart", "sticker-sheet"), ""
)


def ball() -> Image.Image:
    """A small red ball on nothing."""
    image = Image.new("RGBA", (128, 96))
    ImageDraw.Draw(image).ellipse((36, 20, 92, 76), "#d22828")
    return image


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


def as_file(image: Image.Image) -> FilePayload:
    return {"name": "picture.png", "mimeType": "image/png", "buffer": png(image)}


def words(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your words")


def job_in(page: Page) -> str:
    """The ID of the job that a page shows."""
    page.wait_for_url("**/jobs/*")
    return urlsplit(page.url).path.rpartition("/")[2]


def send(window: Studio, tool: str, source: str) -> str:
    """Fill in the form of a tool, for the smallest job, and send it. Returns the ID of the job."""
    page = window.open(f"/make/{tool}" + ("" if tool in SUBJECTS else f"?source={source}"))
    if PROMPTS[tool]:
        words(page).fill(PROMPTS[tool])
    if tool == "sticker-sheet":
        page.locator("input[type=file]").set_input_files(as_file(ball()))
        page.get_by_role("radio", name="A5").check(force=True)
    window.settle()
    for one in page.get_by_role("radio", name="1", exact=True).all():
        one.check(force=True)
    expect(page.get_by_label("Price and time")).to_contain_text("Ready in about")
    page.get_by_role("button", name="Make it").click()
    return job_in(page)


def publish(window: Studio, title: str, licence: str, *, shares_words: bool) -> list[str]:
    """Publish the image of a job's page by its dialog. Returns what is wrong with the dialog."""
    page = window.page
    page.get_by_role("button", name="Publish in the gallery").click()
    page.get_by_role("textbox", name="Title").fill(title)
    page.get_by_role("textbox", name="Tags").fill("apple, fruit")
    page.get_by_role("radio", name=licence).check(force=True)
    page.get_by_role("checkbox", name="Show my words too").set_checked(shares_words, force=True)
    found = looks.look(window, "publish") if shares_words else []
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return found


def remix(window: Studio, title: str) -> list[str]:
    """Make and publish a remix of the picture in view. Returns what is wrong with the menu of remixes."""
    page, place = window.page, urlsplit(window.page.url).path
    page.get_by_role("button", name="Remix").click()
    found = looks.look(window, "remix")
    page.get_by_role("link", name="A new one in its way").click()
    expect(page.get_by_role("link", name=f"A remix of “{title}”")).to_be_visible()
    expect(words(page)).to_have_value("a red apple")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("link", name="A remix of a picture in the gallery")).to_be_visible()
    publish(window, "Another apple", "For yourself and for gifts", shares_words=False)
    expect(page.get_by_text("The maker keeps the words private.")).to_be_visible()
    parent = page.get_by_role("region", name="Made from").get_by_role("link", name=title)
    expect(parent).to_have_attribute("href", place)
    return found


def report(page: Page) -> None:
    """Report the picture in view. The words survive a reload."""
    page.get_by_role("button", name="Report this picture").click()
    page.get_by_role("textbox", name="More about it").fill("it is my drawing")
    page.reload()
    expect(page.get_by_role("textbox", name="More about it")).to_have_value("it is my drawing")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_text("Thank you.")).to_be_visible()


def like(page: Page) -> None:
    heart = page.get_by_role("button", name=re.compile("Like, "))
    expect(heart).to_have_attribute("aria-pressed", "false")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")


def take_down(window: Studio, title: str, words: str) -> list[str]:
    """Take a reported picture down. Returns what is wrong with the dialog."""
    card = window.page.get_by_role("article", name=title)
    card.get_by_role("button", name="Take down").click()
    dialog = window.page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="What its maker should know").fill(words)
    found = looks.look(window, "take-down")
    dialog.get_by_role("button", name="Take down").click()
    expect(card).to_have_count(0)
    return found


def dismiss_appeal(window: Studio, title: str, words: str) -> None:
    """Read the appeal about a picture, and let the picture stay down."""
    window.page.reload()
    card = window.page.get_by_role("article", name=title)
    expect(card).to_contain_text(words)
    card.get_by_role("button", name="Dismiss the appeal").click()
    expect(card).to_have_count(0)


@contextmanager
def shown_gallery(
    front_end: FrontEnd, other: FrontEnd, administrator: FrontEnd, made: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """A gallery with the picture of each job, of which another maker has reported one, and one is taken down.

    Returns the published picture of each tool.
    """
    front_end.call("PUT", "/v1/account/profile", json={"name": "Rosa Lindqvist"})
    other.account()
    published = {}
    for tool, job_id in made.items():
        publication = {"title": TITLES[tool], "tags": ["paper craft", tool], "licence": "cc-by-4.0"}
        answer = front_end.call("POST", f"/v1/jobs/{job_id}/images/0/publication", json=publication)
        assert answer.status_code == 201, answer.text
        published[tool] = answer.json()
    down, reported = (f"gallery/pictures/{published[tool]['picture_id']}" for tool in ("lineart", "cutout"))
    for caller, path, body in (
        (other, f"/v1/{reported}/report", {"reason": "copyright", "words": STATEMENT}),
        (administrator, f"/v1/admin/{down}/takedown", {"reason": "spam", "words": "It is an ad."}),
    ):
        answer = caller.call("PUT", path, json=body)
        assert answer.status_code == 200, answer.text
    try:
        yield published
    finally:
        assert administrator.call("POST", f"/v1/admin/{reported}/dismissal").is_success


TITLES = {
    "pattern": "Leaves for wrapping paper",
    "clipart": "A fox for stickers",
    "variations": "Green apple",
    "outpaint": "Ball with room around it",
    "upscale": "Ball, ready for a poster",
    "cutout": "Ball without its background",
    "lineart": "A ball to colour in",
    "sticker-sheet": "A sheet of balls",
}
STATEMENT = "It is the logo of my shop, and nobody has asked me."
