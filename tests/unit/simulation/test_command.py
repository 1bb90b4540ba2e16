"""`python -m simulation`: its files, its exit status and its answers to faulty input."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulation.__main__ import main

HEAD = "arrival_s,exec_s\n"
SPOT = {"a/us-east-1a_v100_1": {"gap_seconds": 300, "nodes_up": [4, 4, 0, 4]}}
QUICK = ("--policies", "fleet", "--seeds", "1")


STEADY = "\n".join(f"{number * 10},8" for number in range(120))


def requests(folder: Path, text: str = STEADY) -> str:
    path = folder / "requests.csv"
    path.write_text(HEAD + text)
    return str(path)


def spot(folder: Path, series: Any = None) -> str:
    path = folder / "spot.json"
    path.write_text(json.dumps(SPOT if series is None else series))
    return str(path)


def test_recorded_requests_on_recorded_spot_give_figures_of_each_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out.json"

    status = main(["--requests", requests(tmp_path), "--spot", spot(tmp_path), "--json", str(out), *QUICK])

    content = json.loads(out.read_text())
    assert status == 0
    assert [(each["scenario"], each["policy"], each["span"]) for each in content["figures"]] == [
        ("without spot", "on-demand only", "all"),
        ("spot a/us-east-1", "fleet", "all"),
    ]
    assert {"recorded_spot_cost_over_on_demand"} < {each["name"] for each in content["entries"]}
    [figures] = content["figures"][1]["seeds"]
    assert (figures["jobs"], figures["refused"]) == (120, 0)
    assert set(figures["refused_by_plan"]) == {"free", "plus", "pro", "partner"}
    assert "spot a/us-east-1" in capsys.readouterr().out


def test_without_json_a_page_with_a_summary_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page"

    assert main(["--requests", requests(tmp_path), "--out", str(out), *QUICK]) == 0

    assert sorted(path.name for path in out.iterdir()) == ["index.html", "requests-csv-fleet.png", "summary.json"]
    assert str(out / "index.html") in capsys.readouterr().out


def test_the_limits_of_a_stage_are_those_of_the_fleet_s_policy(tmp_path: Path) -> None:
    busy = requests(tmp_path, "".join(f"{at / 4},8\n" for at in range(4000)))
    refused = []
    for limits in ((), ("--max-tasks", "10"), ("--dollars-per-hour", "3.2")):
        out = tmp_path / "out.json"
        assert main(["--requests", busy, "--json", str(out), *QUICK, *limits]) == 0
        content = json.loads(out.read_text())
        refused.append(content["figures"][0]["seeds"][0]["refused"])

    assert refused[0] == 0
    assert min(refused[1:]) > 1000


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1,8\nnan,8\n", "requests.csv: line 3: arrival_s: expected a number, not 'nan'"),
        ("-1,8\n", "requests.csv: line 2: arrival_s: expected seconds from the start, not '-1'"),
        ("1e300,8\n", "requests.csv: line 2: arrival_s: expected seconds from the start, not '1e300'"),
        ("1,1e300\n", "requests.csv: line 2: exec_s: expected 0 to 86400 s, not '1e300'"),
        ("", "requests.csv: it has no request"),
    ],
)
def test_faulty_requests_end_with_status_2_and_name_file_line_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, fault: str
) -> None:
    out = tmp_path / "out.json"

    assert main(["--requests", requests(tmp_path, text), "--json", str(out), *QUICK]) == 2

    assert fault in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("series", "fault"),
    [
        ({"z": {"gap_seconds": 5, "nodes_up": []}}, "spot.json: z: nodes_up: expected a list of numbers"),
        ({"z": {"gap_seconds": "5", "nodes_up": [1]}}, "spot.json: z: gap_seconds: expected 1 to 86400 s, not '5'"),
        ({"z": {"gap_seconds": 5, "nodes_up": [1e9]}}, "spot.json: z: nodes_up[0]: expected a number of nodes"),
    ],
)
def test_faulty_spot_ends_with_status_2_and_names_file_series_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], series: Any, fault: str
) -> None:
    assert main(["--spot", spot(tmp_path, series), "--json", str(tmp_path / "out.json"), *QUICK]) == 2

    assert fault in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--requests", "--spot"])
def test_a_missing_file_ends_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert main([option, str(tmp_path / "none"), *QUICK]) == 2

    assert "none: No such file" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_ends_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--requests", requests(tmp_path), "--json", str(tmp_path), *QUICK]) == 2

    assert f"{tmp_path}: Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--seeds", "0"), "expected 1 to 100"),
        (("--cold-start", "nan"), "expected 1 to 3600"),
        (("--spot-price", "-1"), "expected 0 to 1000"),
        (("--max-tasks", "1.5"), "expected 0 to 1e+06"),
        (("--policies", "magic"), "invalid choice: 'magic'"),
    ],
)
def test_faulty_arguments_end_with_status_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], fault: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert fault in capsys.readouterr().err


def test_unsorted_arrivals_and_series_of_unequal_lengths_are_no_fault(tmp_path: Path) -> None:
    series = {**SPOT, "a/us-east-1b_v100_1": {"gap_seconds": 60, "nodes_up": [2]}}
    out = tmp_path / "out.json"

    files = ("--requests", requests(tmp_path, "900,8\n5,8\n300,8\n"), "--spot", spot(tmp_path, series))

    status = main([*files, "--json", str(out), *QUICK])

    assert status == 0
    assert json.loads(out.read_text())["figures"][1]["seeds"][0]["jobs"] == 3
