"""The command that measures: one measurement that fails does not cost the figures of the others."""

import json
from pathlib import Path

import pytest

from benchmarks.entries import Entry
from benchmarks.running import OUT, run_measures


def fast() -> list[Entry]:
    return [Entry(name="share", value=0.5, goal=1, better="lower", unit="ratio")]


def broken() -> list[Entry]:
    raise TimeoutError("none of 3 active jobs ended within 300 s")


def growth() -> list[Entry]:
    return [Entry(name="growth", value=2, goal=1, better="lower", unit="ratio")]


fast.__module__, broken.__module__, growth.__module__ = (
    "benchmarks.handlers.submit",
    "benchmarks.cloud.takedown",
    "benchmarks.growth.measure",
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_measurement_that_fails_is_reported_and_the_others_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_measures([fast, broken, growth], []) == 1

    assert [entry["name"] for entry in json.loads(OUT.read_text())] == ["share", "growth"]
    shown = capsys.readouterr()
    assert "takedown.broken" in shown.out
    assert "none of 3 active jobs ended" in shown.err


def test_only_the_modules_that_are_named_are_measured() -> None:
    assert run_measures([fast, broken, growth], ["growth", "submit"]) == 0

    assert [entry["name"] for entry in json.loads(OUT.read_text())] == ["share", "growth"]


def test_a_module_that_is_unknown_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_measures([fast, growth], ["takedwon"])

    assert "there is no module takedwon; there are submit, growth" in capsys.readouterr().err
