"""Studio in a browser, with real jobs: what a maker does, from the words to the files."""

import io
import re
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.makers import DEMO_MAKER, PASSWORD
from tests.e2e.front_end import FrontEnd
from tests.e2e.studio_browser import Studio, launched, opened
from tests.e2e.waiting import HANGS_AFTER_S

# Much longer than any machine needs.
expect.set_options(timeout=HANGS_AFTER_S * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def front_end(cloud: LocalCloud) -> FrontEnd:
    """A maker of these tests, as the API sees them."""
    return FrontEnd(cloud, cloud.sign_in(f"{uuid.uuid4().hex}@craftspark.example"))


@pytest.fixture(scope="module")
def picture(front_end: FrontEnd) -> str:
    """The ended job of a picture."""
    job_id = front_end.accepted(count=1)
    front_end.ended(job_id)
    return job_id


@pytest.fixture
def studio(browser: Browser, cloud: LocalCloud, front_end: FrontEnd) -> Iterator[Studio]:
    """A window of that maker. No page may fail or break the policy of the site."""
    studio = opened(browser, cloud.api_url, front_end.token)
    yield studio
    studio.page.context.close()
    assert not studio.faults


def words(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your words")


def test_a_maker_makes_a_picture_watches_it_and_downloads_it(studio: Studio) -> None:
    page = studio.open("/")
    page.get_by_role("link", name="A picture of what you describe").click()
    words(page).fill("a red apple")
    page.get_by_role("radio", name="2", exact=True).check(force=True)
    expect(page.get_by_label("Price and time")).to_contain_text("2 credits")
    expect(page.get_by_label("Price and time")).to_contain_text("Ready in about")
    page.reload()
    expect(words(page)).to_have_value("a red apple")

    page.get_by_role("button", name="Make it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("a red apple")
    expect(page.get_by_role("button", name="Picture 2")).to_be_visible()
    expect(page.get_by_role("link", name="Make more like this")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Picture, PNG").click()
    assert download.value.suggested_filename.endswith(".png")
    with Image.open(download.value.path()) as saved:
        assert saved.size == (512, 512)


def test_a_job_that_fails_says_why_and_that_nothing_was_charged(studio: Studio) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "png")
    page = studio.open("/make/lineart")
    page.locator("input[type=file]").set_input_files(
        {"name": "noise.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    expect(page.get_by_text(re.compile("256 . 256 pixels"))).to_be_visible()

    page.get_by_role("button", name="Make it").click()

    expect(page.get_by_role("alert")).to_contain_text("You were not charged.")
    expect(page.get_by_role("alert")).to_contain_text("noise")


def test_a_maker_signs_in_and_loses_no_words_when_the_sign_in_ends(browser: Browser, cloud: LocalCloud) -> None:
    cloud.create_people()
    visitor = opened(browser, cloud.api_url, None)
    page = visitor.open("/make/picture")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    sign_in(page)
    words(page).fill("a blue bird")
    expect(page.get_by_label("Price and time")).to_contain_text("Ready in about")
    visitor.use_token("a.forged.token")

    page.get_by_role("button", name="Make it").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign in again").click()
    sign_in(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Picture")
    expect(words(page)).to_have_value("a blue bird")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert not visitor.faults
    page.context.close()


def sign_in(page: Page) -> None:
    """Fill in the page of the user pool."""
    page.locator("input[name=username]").fill(DEMO_MAKER)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_what_is_refused_names_its_field_before_anything_is_charged(studio: Studio) -> None:
    page = studio.open("/make/pattern")
    words(page).fill("leaf")
    page.get_by_text("Sheet to print", exact=True).click()
    page.get_by_role("spinbutton", name="Width").fill("500")

    expect(page.get_by_role("alert")).to_contain_text("check the marked fields")
    expect(page.get_by_role("spinbutton", name="Width")).to_have_attribute("aria-invalid", "true")


def test_a_lost_connection_recovers(studio: Studio, picture: str) -> None:
    page = studio.open("/jobs")
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline")).to_be_visible()
    page.get_by_role("link", name="a red apple").first.click()

    page.context.set_offline(False)

    expect(page.get_by_text("You are offline")).to_be_hidden()
    expect(page.get_by_role("link", name="Picture, PNG")).to_be_visible()


def test_a_frame_is_moved_by_keyboard_and_by_numbers(studio: Studio, picture: str) -> None:
    page = studio.open(f"/make/outpaint?source={picture}/0")
    edge = page.get_by_role("slider", name="Room on the right")
    before = int(edge.get_attribute("aria-valuenow") or 0)
    edge.press("ArrowRight")
    edge.press("Shift+ArrowRight")
    expect(edge).to_have_attribute("aria-valuenow", str(before + 9))

    page.get_by_role("spinbutton", name="Room above").fill("0")
    page.get_by_role("spinbutton", name="Room below").fill("0")
    page.get_by_role("spinbutton", name="Room on the left").fill("30")

    expect(page.get_by_text(re.compile(f"The result has {512 + before + 9 + 30} . 512 pixels"))).to_be_visible()
    expect(page.get_by_label("Price and time")).to_contain_text("Ready in about")


def test_the_lines_of_a_cut_file_are_drawn_over_the_picture(studio: Studio, front_end: FrontEnd) -> None:
    request = {"prompt": "fox", "count": 1, "seed": 3, "cut": "outline", "outline_mm": 2}
    job_id = front_end.call("POST", "/v1/tools/clipart/jobs", json=request).raise_for_status().json()["job_id"]
    front_end.ended(job_id)
    page = studio.open(f"/jobs/{job_id}")

    page.get_by_role("radio", name="Cut lines").check(force=True)

    expect(page.get_by_role("img", name="The lines of the cut file")).to_be_visible()
    expect(page.get_by_label("Layers of the cut file").get_by_role("listitem")).to_have_text(
        ["Border of the sticker", "Cut outline #000000"]
    )
    assert not studio.look("cut")


def test_pages_are_accessible_and_fit_every_screen(studio: Studio, picture: str) -> None:
    pages = {
        "make": "/",
        "tool": "/make/pattern",
        "outpaint": f"/make/outpaint?source={picture}/0",
        "jobs": "/jobs",
        "job": f"/jobs/{picture}",
        "credits": "/credits",
        "gallery": "/gallery",
        "search": "/search?words=apple",
        "missing": "/nowhere",
    }
    found = []
    for name, path in pages.items():
        page = studio.open(path)
        page.wait_for_load_state("networkidle")
        found += studio.look(name)

    assert not found


def test_a_published_picture_is_found_liked_remixed_reported_and_taken_down(
    browser: Browser, cloud: LocalCloud, studio: Studio, picture: str
) -> None:
    title = f"<b>Apple</b> {uuid.uuid4().hex[:8]}"
    page = studio.open(f"/jobs/{picture}")
    page.get_by_role("button", name="Publish in the gallery").click()
    page.get_by_role("textbox", name="Title").fill(title)
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)

    visitor = opened(browser, cloud.api_url, None)
    visitor.open("/gallery").get_by_role("link", name=title).click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(title)
    found = visitor.look("picture")

    other = opened(browser, cloud.api_url, cloud.sign_in(f"{uuid.uuid4().hex}@craftspark.example"))
    like = other.open(urlsplit(page.url).path).get_by_role("button", name=re.compile("Like, "))
    expect(like).to_have_attribute("aria-pressed", "false")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    other.page.get_by_role("button", name="Report this picture").click()
    other.page.get_by_role("textbox", name="More about it").fill("it is my drawing")
    other.page.reload()
    expect(other.page.get_by_role("textbox", name="More about it")).to_have_value("it is my drawing")
    other.page.get_by_role("button", name="Send the report").click()
    expect(other.page.get_by_text("Thank you.")).to_be_visible()
    other.page.get_by_role("button", name="Remix").click()
    other.page.get_by_role("link", name="A new one in its way").click()
    expect(other.page.get_by_role("link", name=f"A remix of “{title}”")).to_be_visible()

    administrator = opened(browser, cloud.api_url, cloud.service_token("Administrator"))
    report = administrator.open("/admin").get_by_role("article", name=title)
    found += administrator.look("reports")
    report.get_by_role("button", name="Take down").click()
    administrator.page.get_by_role("dialog").get_by_role("button", name="Take down").click()
    expect(report).to_have_count(0)

    visitor.page.reload()
    expect(visitor.page.get_by_text("This picture is not public")).to_be_visible()
    expect(studio.open("/published").get_by_text("Taken down:")).to_be_visible()
    found += studio.look("published")
    assert not found
    assert not [*visitor.faults, *other.faults, *administrator.faults]


def test_a_job_of_somebody_else_is_not_there(browser: Browser, cloud: LocalCloud, picture: str) -> None:
    other = opened(browser, cloud.api_url, cloud.sign_in(f"{uuid.uuid4().hex}@craftspark.example"))

    page = other.open(f"/jobs/{picture}")

    expect(page.get_by_text("This job does not exist")).to_be_visible()
