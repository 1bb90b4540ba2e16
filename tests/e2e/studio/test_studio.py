"""Studio in a browser, with real jobs: what a maker does, from the words to the files."""

import re
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.makers import ADMINISTRATOR, DEMO_MAKER
from tests.e2e.front_end import FrontEnd
from tests.e2e.studio import steps
from tests.e2e.studio.browser import Studio, launched, opened
from tests.e2e.studio.looks import examine, look, route_of, routes, shifts_of
from tests.e2e.studio.steps import words
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


@pytest.fixture(scope="module")
def made(browser: Browser, cloud: LocalCloud, front_end: FrontEnd) -> dict[str, str]:
    """A job of each tool but `picture`, sent by its form. All of them have ended."""
    source = front_end.uploaded(steps.png(steps.ball()))["source"]
    window = opened(browser, cloud.api_url, front_end.token)
    made = {tool: steps.send(window, tool, source) for tool in steps.PROMPTS}
    window.page.context.close()
    assert not window.faults
    for job_id in made.values():
        front_end.ended(job_id)
    return made


@pytest.fixture
def studio(browser: Browser, cloud: LocalCloud, front_end: FrontEnd) -> Iterator[Studio]:
    """A window of that maker. No page may fail or break the policy of the site."""
    studio = opened(browser, cloud.api_url, front_end.token)
    yield studio
    studio.page.context.close()
    assert not studio.faults


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


def test_each_tool_makes_a_picture(studio: Studio, made: dict[str, str]) -> None:
    for job_id in made.values():
        page = studio.open(f"/jobs/{job_id}")
        expect(page.get_by_role("link", name="Picture, PNG")).to_be_visible()


def test_a_job_that_fails_says_why_and_that_nothing_was_charged(studio: Studio) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    page = studio.open("/make/lineart")
    page.locator("input[type=file]").set_input_files(steps.as_file(Image.fromarray(noise)))
    expect(page.get_by_text(re.compile("256 . 256 pixels"))).to_be_visible()
    expect(page.get_by_role("img", name="The chosen picture")).to_have_js_property("naturalWidth", 256)

    page.get_by_role("button", name="Make it").click()

    expect(page.get_by_role("alert")).to_contain_text("You were not charged.")
    expect(page.get_by_role("alert")).to_contain_text("noise")


def test_a_maker_signs_in_and_loses_no_words_when_the_sign_in_ends(browser: Browser, cloud: LocalCloud) -> None:
    cloud.create_people()
    visitor = opened(browser, cloud.api_url, None)
    page = visitor.open("/make/picture")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    visitor.sign_in(DEMO_MAKER)
    words(page).fill("a blue bird")
    expect(page.get_by_label("Price and time")).to_contain_text("Ready in about")
    visitor.use_token("a.forged.token")

    page.get_by_role("button", name="Make it").click()
    found = look(visitor, "signed-out")
    page.get_by_role("dialog").get_by_role("button", name="Sign in again").click()
    visitor.sign_in(DEMO_MAKER)

    expect(page.get_by_role("heading", level=1)).to_have_text("Picture")
    expect(words(page)).to_have_value("a blue bird")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert not [*found, *visitor.faults]
    page.context.close()


def test_what_is_refused_names_its_field_before_anything_is_charged(studio: Studio) -> None:
    page = studio.open("/make/pattern")
    words(page).fill("leaf")
    page.get_by_text("Sheet to print", exact=True).click()
    page.get_by_role("spinbutton", name="Width", exact=True).fill("500")

    expect(page.get_by_role("alert")).to_contain_text("check the marked fields")
    expect(page.get_by_role("spinbutton", name="Width", exact=True)).to_have_attribute("aria-invalid", "true")


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
    assert not look(studio, "job-cut")


def test_a_published_picture_is_found_liked_remixed_reported_and_taken_down(
    browser: Browser, cloud: LocalCloud, studio: Studio, picture: str
) -> None:
    cloud.create_people()
    title = f"<b>Apple</b> {uuid.uuid4().hex[:8]}"
    studio.open(f"/jobs/{picture}")
    found = steps.publish(studio, title, "Free if you give credit", shares_words=True)

    visitor = opened(browser, cloud.api_url, None)
    visitor.open("/gallery").get_by_role("link", name=title).click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(title)
    expect(visitor.page.get_by_role("link", name="#fruit")).to_be_visible()

    other = opened(browser, cloud.api_url, cloud.sign_in(f"{uuid.uuid4().hex}@craftspark.example"))
    steps.like(other.open(urlsplit(studio.page.url).path))
    steps.report(other.page)
    found += steps.remix(other, title)

    administrator = opened(browser, cloud.api_url, None)
    administrator.open("/admin").get_by_role("main").get_by_role("button", name="Sign in").click()
    administrator.sign_in(ADMINISTRATOR)
    found += steps.take_down(administrator, title, "This is the mark of a shop.")

    visitor.page.reload()
    expect(visitor.page.get_by_text("This picture is not public")).to_be_visible()
    other.page.reload()
    expect(other.page.get_by_text("A picture that is no longer public")).to_be_visible()
    expect(other.page.get_by_text("Remixes of it cannot be published")).to_be_visible()
    other.open("/jobs").get_by_role("link", name="a red apple").click()
    expect(other.page.get_by_text("You can keep and use this picture, but not publish it")).to_be_visible()
    expect(other.page.get_by_role("button", name="Publish in the gallery")).to_have_count(0)
    own = studio.open("/published").get_by_role("listitem").filter(has_text=title)
    expect(own).to_contain_text("Taken down: Copied from someone: This is the mark of a shop.")
    own.get_by_role("button", name="Object to this").click()
    own.get_by_role("textbox").fill("It is my own shop.")
    own.get_by_role("button", name="Send").click()
    expect(own).to_contain_text("You have objected.")
    steps.dismiss_appeal(administrator, title, "It is my own shop.")
    assert not found
    assert not [*visitor.faults, *other.faults, *administrator.faults]


def test_all_pages_are_accessible_still_and_fit_every_screen(
    browser: Browser, cloud: LocalCloud, front_end: FrontEnd, picture: str, made: dict[str, str]
) -> None:
    email = f"{uuid.uuid4().hex}@craftspark.example"
    other = FrontEnd(cloud, cloud.sign_in(email))
    administrator = FrontEnd(cloud, cloud.service_token("Administrator"))
    [account] = administrator.call("GET", "/v1/admin/makers", params={"email": email}).json()["makers"]
    with steps.shown_gallery(front_end, other, administrator, made) as shown:
        pages = {
            front_end.token: {
                "make": "/",
                "pattern": "/make/pattern",
                "outpaint": f"/make/outpaint?source={picture}/0",
                "jobs": "/jobs",
                "job-pattern": f"/jobs/{made['pattern']}",
                "published": "/published",
                "credits": "/credits",
            },
            administrator.token: {
                "reports": "/admin",
                "accounts": f"/admin/accounts?find={email}",
                "account": f"/admin/accounts/{account['maker']}",
                "audit": "/admin/audit",
            },
            None: {
                "welcome": "/",
                "sign-in-first": "/jobs",
                "signed-in": "/signed-in?error=access_denied",
                "gallery": "/gallery",
                "picture": f"/gallery/{shown['variations']['picture_id']}",
                "maker": f"/makers/{shown['variations']['author']}",
                "search": "/search?words=apple",
                "missing": "/nowhere",
            },
        }
        seen = {route_of(urlsplit(path).path) for visited in pages.values() for path in visited.values()}
        assert seen == set(routes())
        found = []
        for token, visited in pages.items():
            window = opened(browser, cloud.api_url, token)
            if token:  # German words are longer
                window.page.add_init_script("localStorage.setItem('studio.language', 'de')")
            for name, path in visited.items():
                found += examine(window, name, path)
            found += window.faults
            window.page.context.close()

    assert not found


def test_a_page_that_moves_is_found(browser: Browser, cloud: LocalCloud) -> None:
    visitor = opened(browser, cloud.api_url, None)
    page = visitor.open("/nowhere")
    visitor.settle()
    assert not shifts_of(page)

    page.evaluate("document.querySelector('header').style.marginBlockEnd = '50vh'")
    visitor.settle()

    assert shifts_of(page)


def test_a_job_of_somebody_else_is_not_there(browser: Browser, cloud: LocalCloud, picture: str) -> None:
    other = opened(browser, cloud.api_url, cloud.sign_in(f"{uuid.uuid4().hex}@craftspark.example"))

    page = other.open(f"/jobs/{picture}")

    expect(page.get_by_text("This job does not exist")).to_be_visible()
