"""What a request becomes in its job: source, seeds, defaults and style; and requests that are rejected."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from craftspark.errors import InvalidInput, PromptRefused
from craftspark.styles.releases import Pin
from craftspark.tools.sources import Source
from tests.unit.jobs.submitting import FakeRefusals, FakeReleases, FakeSources, a_counter, ask, submit


def test_a_source_is_looked_up_kept_and_priced() -> None:
    submissions, acceptance, _ = a_counter()

    job = ask(submissions, "outpaint", width=400, height=64, prompt="a", steps=50)

    assert acceptance.jobs[job.job_id].sources == (FakeSources.source,)
    # Its canvas is so elongated that it is drawn in several parts.
    assert job.credits_per_image > ask(a_counter()[0], "outpaint", aspect="2:1", prompt="a", steps=50).credits_per_image
    assert ask(a_counter()[0], "outpaint", aspect="2:1").request["width"] == 128


@pytest.mark.parametrize(
    ("tool", "fields", "field"),
    [
        ("outpaint", {"width": 80}, "width"),
        ("outpaint", {"height": 63}, "height"),
        ("outpaint", {"width": 2049}, "width"),
        ("outpaint", {"aspect": "90:1"}, "aspect"),
        ("outpaint", {"aspect": "3:2"}, "aspect"),
        ("outpaint", {"aspect": "2:1", "width": 192}, "aspect"),
        ("outpaint", {"aspect": "0:1"}, "aspect"),
        ("outpaint", {"source": "https://example.com/a.png"}, "source"),
        ("variations", {"strength": 1.0}, "strength"),
        ("variations", {"preset": "oils"}, "preset"),
        ("variations", {"preset": "watercolour"}, "preset"),
        ("pattern", {"way": "tossed", "repeat": "mirror"}, "repeat"),
        ("pattern", {"way": "painted", "repeat": "mirror", "sheet": {"height": 2, "repeat": 9}}, "sheet.repeat"),
        ("pattern", {"palette": ["red"]}, "palette.0"),
        ("pattern", {"palette": ["#000000"] * 7}, "palette"),
        ("pattern", {"way": "painted", "strength": 0.05}, "strength"),
        ("pattern", {"source": None}, "prompt"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "strength": 0.5}, "strength"),
        ("pattern", {"source": None, "prompt": "a", "repeat": "x"}, "repeat"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "also": ["b"]}, "also"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "toss": {}}, "toss"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "background": "transparent"}, "background"),
        ("pattern", {"source": None, "prompt": "a", "background": "red"}, "background"),
        ("pattern", {"source": None, "prompt": "a", "sheet": {"width": 151}}, "sheet.width"),
        ("pattern", {"source": None, "prompt": "a", "sheet": {"repeat": 0.2}}, "sheet.repeat"),
        ("pattern", {"source": None, "prompt": "a", "sheet": {"width": 60, "repeat": 50}}, "sheet.repeat"),
        ("upscale", {"factor": 3}, "factor"),
        ("upscale", {"count": 2}, "count"),
    ],
)
def test_a_request_that_does_not_fit_is_rejected_with_its_field_and_reserves_nothing(
    tool: str, fields: dict[str, Any], field: str
) -> None:
    submissions, acceptance, intake = a_counter()

    with pytest.raises(InvalidInput) as refused:
        ask(submissions, tool, **fields)

    assert refused.value.field == field
    assert (acceptance.jobs, intake.orders) == ({}, [])


def test_a_result_that_is_too_large_is_refused() -> None:
    submissions, _, _ = a_counter()
    submissions.sources.source = replace(FakeSources.source, width=2049, height=100)  # type: ignore[attr-defined]

    with pytest.raises(InvalidInput) as refused:
        ask(submissions, "upscale", factor=4)
    assert refused.value.field == "factor"


def test_another_maker_s_picture_is_rejected_like_a_missing_one() -> None:
    submissions, acceptance, _ = a_counter()

    with pytest.raises(InvalidInput) as refused:
        ask(submissions, "upscale", maker="maker-2")
    assert refused.value.field == "source"
    assert acceptance.jobs == {}


def test_a_repeated_request_gets_the_same_random_seed() -> None:
    assert submit(a_counter()[0]).seeds == submit(a_counter()[0]).seeds


def test_a_given_seed_is_the_first_image_s() -> None:
    job = submit(a_counter()[0], '{"prompt": "x", "count": 3, "seed": 4294967295}')

    assert job.seeds == (4294967295, 0, 1)


def test_defaults_come_from_the_model_and_the_price_follows_the_steps() -> None:
    plain = submit(a_counter()[0], '{"prompt": "x", "count": 2}')
    long = submit(a_counter()[0], '{"prompt": "x", "count": 2, "steps": 50}')

    assert plain.request["size"] == "128x128"
    assert (plain.price, long.price) == (2, 4)


def test_a_registered_style_is_pinned_to_its_current_version() -> None:
    submissions, _, _ = a_counter()
    releases = FakeReleases()
    submissions = replace(submissions, releases=releases)

    first = submit(submissions, '{"prompt": "x", "style": "sunny"}')
    releases.release = replace(releases.release, stable="v2")

    assert first.pin == Pin(style="sunny", version="v1")
    assert submit(submissions, '{"prompt": "x", "style": "sunny"}') == first
    later = submit(submissions, '{"prompt": "x", "style": "sunny"}', key="key-2").pin
    assert later
    assert later.version == "v2"


def test_a_request_without_a_registered_style_does_not_read_the_registry() -> None:
    releases = FakeReleases()
    submissions = replace(a_counter()[0], releases=releases)

    plain = submit(submissions)
    built_in = submit(submissions, '{"prompt": "x", "style": "bold-flat"}', key="key-2")

    assert (plain.pin, built_in.pin, releases.asked) == (None, None, [])


@pytest.mark.parametrize("release", [{"style": "other"}, {"stable": ""}, {"model": "another"}])
def test_an_unknown_style_is_rejected_with_its_field(release: dict[str, Any]) -> None:
    releases = FakeReleases()
    releases.release = replace(releases.release, **release)
    submissions = replace(a_counter()[0], releases=releases)

    with pytest.raises(InvalidInput, match="bold-flat") as refused:
        submit(submissions, '{"prompt": "x", "style": "sunny"}')
    assert refused.value.field == "style"


@pytest.mark.parametrize(
    ("tool", "body", "field"),
    [
        ("picture", {"prompt": "a dragon"}, "prompt"),
        ("pattern", {"prompt": "a rose", "also": ["leaf", "dragon"]}, "also.1"),
        ("variations", {"source": FakeSources.source.reference, "prompt": "dragon"}, "prompt"),
    ],
)
def test_refused_words_reserve_nothing_and_are_recorded_without_the_words(
    tool: str, body: dict[str, Any], field: str
) -> None:
    submissions, acceptance, _ = a_counter()
    FakeRefusals.kept.clear()

    for call in (submissions.quote, lambda *asked: submissions.submit(*asked, idempotency_key="k")):
        with pytest.raises(PromptRefused) as refused:
            call("maker-1", tool, json.dumps(body))
        assert refused.value.field == field
        assert refused.value.facts["words"] == ["dragon"]
        assert "dragon " not in refused.value.detail  # details are logged

    assert acceptance.jobs == {}
    assert [(each.maker, each.field, each.objections) for each in FakeRefusals.kept] == [
        ("maker-1", field, ("dragons",))
    ] * 2
    assert "dragon " not in str(FakeRefusals.kept)


def test_a_negative_prompt_is_not_moderated() -> None:
    assert submit(a_counter()[0], '{"prompt": "a rose", "negative_prompt": "dragon"}')


def test_each_source_of_a_job_is_looked_up_once_and_kept_in_order() -> None:
    submissions, acceptance, _ = a_counter()
    asked: list[str] = []

    class Transparent(FakeSources):
        def find(self, maker: str, reference: str, until: datetime, *, field: str) -> Source:
            asked.append(field)
            if maker != "maker-1":
                raise InvalidInput("none", field=field)
            return replace(self.source, reference=reference, alpha=True)

    object.__setattr__(submissions, "sources", Transparent())
    references = [f"{'b' * 26}/0", FakeSources.source.reference, f"{'b' * 26}/0"]
    body = json.dumps({"stickers": [{"source": reference} for reference in references]})

    job = submissions.submit("maker-1", "sticker-sheet", body, idempotency_key="k")

    assert [source.reference for source in acceptance.jobs[job.job_id].sources] == references
    assert asked == ["stickers.0.source", "stickers.1.source"]
    with pytest.raises(InvalidInput) as refused:
        submissions.submit("maker-2", "sticker-sheet", body, idempotency_key="k")
    assert refused.value.field == "stickers.0.source"
