"""The page: valid HTML, with every figure and every plot."""

from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from simulation.demand import Demand
from simulation.engine import simulate
from simulation.policies.reactive import Reactive
from simulation.reports.page import write_page
from simulation.reports.plots import draw_series
from simulation.reports.summary import build_summary
from simulation.reports.table import COLUMNS
from simulation.scenarios import CaseResult
from simulation.series import build_series
from tests.unit.simulation.results import SERIES, days, figures, result

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Checks that every element is closed in order, and collects what the page shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[str] = []
        self.texts: list[str] = []
        self.goals: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert len(values) == len(attrs)
        if tag == "img":
            assert values["alt"]
            self.pictures.append(values["src"] or "")
        if (values.get("class") or "").split()[:1] == ["goal"]:
            self.goals.append(values["class"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def write(folder: Path, results: Sequence[CaseResult]) -> Page:
    text = write_page(results, build_summary(results), folder, "note <1>").read_text()
    page = Page(text)
    assert text.startswith("<!doctype html>\n<html lang=")
    assert page.open == []
    return page


POLICIES = ("fleet", "plain reactive", "KEDA", "clairvoyant")


def test_the_page_has_every_goal_figure_and_plot(tmp_path: Path) -> None:
    results = [
        result(days(policy, seed), figures(), series=SERIES if seed == 301 and policy == "fleet" else None)
        for seed in (301, 302)
        for policy in POLICIES
    ]

    page = write(tmp_path, results)

    assert page.pictures == ["days.png", "days-fleet.png"]
    for name in page.pictures:
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 800
    assert [*COLUMNS] == [text for text in page.texts if text in COLUMNS]
    assert {text for text in page.texts if text in POLICIES} == set(POLICIES)
    assert len(page.goals) == len(build_summary(results))
    assert "goal met" in page.goals


def test_a_missed_goal_is_shown_as_missed(tmp_path: Path) -> None:
    page = write(tmp_path, [result(days("fleet"), figures(cost=9.0))])

    assert "goal missed" in page.goals
    assert "missed" in page.texts
    assert any(text.startswith("goal ≤ 1.15") for text in page.texts)


def test_names_from_outside_are_text_and_not_html(tmp_path: Path) -> None:
    case = replace(days("fleet", scenario='<script>alert("a")</script> & more.csv'), series=True)

    page = write(tmp_path, [result(case, figures(), series=SERIES)])

    assert case.scenario in page.texts
    assert page.pictures == ["script-alert-a-script-more-csv-fleet.png"]


def test_scenarios_of_names_that_look_alike_have_their_own_plots(tmp_path: Path) -> None:
    results = [result(days("fleet", scenario=name), figures(), series=SERIES) for name in ("a b.csv", "a-b.csv")]

    page = write(tmp_path, results)

    assert len(set(page.pictures)) == 2


@pytest.mark.parametrize("length_s", [1.0, 3600.0, 10 * 86_400.0])
def test_a_demand_without_jobs_has_a_plot(tmp_path: Path, length_s: float) -> None:
    series = build_series(simulate(Reactive(), Demand(name="none", jobs=[], length_s=length_s)))

    draw_series(series, "none", tmp_path / "none.png")

    assert max(series.demand) == max(series.p99) == 0.0
    assert (tmp_path / "none.png").stat().st_size > 1000
