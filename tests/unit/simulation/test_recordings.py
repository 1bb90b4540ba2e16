"""Files of recordings: what they may leave out, and the errors that name what is wrong."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation.demand import BULK, DAY_S
from simulation.recorded import RecordingInvalid
from simulation.recorded.requests import read_requests
from simulation.recorded.spot import read_spot

HEAD = "arrival_s,exec_s,images,steps,model,status\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "requests.csv"
    path.write_text(text)
    return path


def test_requests_become_jobs_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "50,8,4,30,m0,SUCCEED\n20,6,2,30,m1,SUCCEED\n")

    demand = read_requests(path)

    assert [(job.at, job.images, job.image_s, job.pool) for job in demand.jobs] == [
        (20.0, 2, 3.0, "draw"),
        (50.0, 4, 2.0, "draw"),
    ]


def test_a_request_without_a_time_takes_the_median_of_those_alike(tmp_path: Path) -> None:
    rows = "0,10,1,30,m,SUCCEED\n1,20,1,30,m,SUCCEED\n2,30,1,30,m,SUCCEED\n3,90,8,30,m,SUCCEED\n"
    path = write(tmp_path, HEAD + rows + "4,,1,30,m,FAILED\n5,0,1,30,m,FAILED\n6,,,,m,PENDING\n")

    durations = [job.work_s for job in read_requests(path).jobs]

    assert durations[4:] == [20.0, 20.0, 25.0]


def test_a_file_may_state_pools_makers_and_lanes_and_start_on_a_later_day(tmp_path: Path) -> None:
    head = "maker,arrival_s,lane,exec_s,pool,extra\n"
    path = write(tmp_path, head + f"ann,{3 * DAY_S + 5},bulk,8,draw,x\nann,{3 * DAY_S + 9},,8,enlarge,x\n")

    demand = read_requests(path)

    assert demand.pools == ("draw", "enlarge")
    assert [(job.at, job.maker, job.lane) for job in demand.jobs] == [(5.0, 0, BULK), (9.0, 0, 0)]


def test_copies_are_moved_and_have_other_makers(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "1000,8,4,30,m0,SUCCEED\n2000,8,4,30,m0,SUCCEED\n")

    demand = read_requests(path, times=50, jitter_s=30.0, seed=3)

    first = [job for job in demand.jobs if job.at < 1500]
    assert len(demand.jobs) == 100
    assert len({job.maker for job in demand.jobs}) == 100
    assert len({job.at for job in first}) == 50
    assert all(970 <= job.at <= 1030 for job in first)
    assert demand.jobs == read_requests(path, times=50, jitter_s=30.0, seed=3).jobs


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: the column arrival_s is missing"),
        ("arrival_s,images\n1,2\n", "line 1: the column exec_s is missing"),
        (HEAD, "it has no request"),
        (HEAD + "soon,8,4,30,m,SUCCEED\n", "line 2: arrival_s: expected a number, not 'soon'"),
        (HEAD + "nan,8,4,30,m,SUCCEED\n", "line 2: arrival_s: expected a number"),
        (HEAD + "-1,8,4,30,m,SUCCEED\n", "line 2: arrival_s: expected seconds from the start"),
        (HEAD + ",8,4,30,m,SUCCEED\n", "line 2: arrival_s: expected seconds from the start"),
        (HEAD + "1,-8,4,30,m,SUCCEED\n", "line 2: exec_s: expected 0 to 86400 s"),
        (HEAD + "1,8,0,30,m,SUCCEED\n", "line 2: images: expected 1 to 1000"),
        (HEAD + "1,8,4,30,m,SUCCEED,more\n", "line 2: it has more values than line 1 has columns"),
        (HEAD + "1,,4,30,m,SUCCEED\n", "exec_s: no request has an execution time above 0"),
        (HEAD + "1,8,4,30,m,S\n99999999,8,4,30,m,S\n", "arrival_s: the requests span more than 366 days"),
        ("arrival_s,exec_s,lane\n1,8,fast\n", "line 2: lane: expected interactive or bulk, not 'fast'"),
    ],
)
def test_a_faulty_file_of_requests_is_refused_by_line_and_column(tmp_path: Path, text: str, fault: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(RecordingInvalid) as refused:
        read_requests(path)

    assert str(refused.value).startswith(f"{path}: ")
    assert fault in str(refused.value)


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_bytes_are_a_demand_or_a_named_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any"
    for head in (b"", HEAD.encode(), b'{"z": {"gap_seconds": 5, "nodes_up": '):
        path.write_bytes(head + content)
        for read in (read_requests, read_spot):
            with suppress(RecordingInvalid):
                assert read(path)


def test_spot_series_are_grouped_by_folder_and_region_and_scaled_to_tasks(tmp_path: Path) -> None:
    path = tmp_path / "spot.json"
    series = {
        "a/us-east-1a_v100_1": {"gap_seconds": 100, "nodes_up": [0, 4, 4, 2, 0]},
        "a/us-east-1b_v100_1": {"gap_seconds": 100, "nodes_up": [1, 1, 1, 1]},
        "a/us-west-2a_k80_8": {"gap_seconds": 60, "nodes_up": [1]},
    }
    path.write_text(json.dumps(series))

    east, west = read_spot(path)

    assert (east.name, east.nodes, east.length_s) == ("a/us-east-1", 4, 400.0)
    assert west.name == "a/us-west-2"
    assert (east.find_share(), west.find_share()) == (1.0, 1.0)
    first, second = east.scale(40)
    assert (first.name, first.family) == ("us-east-1a", "v100_1")
    assert first.capacity == [(0.0, 0), (100.0, 40), (300.0, 20), (400.0, 0)]
    assert second.capacity == [(0.0, 10)]
    assert east.scale(40, start=250.0)[0].capacity == [(0.0, 40), (50.0, 20), (150.0, 0)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no", "not JSON"),
        ("[]", "expected an object with a series for each zone"),
        ("{}", "expected an object with a series for each zone"),
        ('{"z": 1}', "z: expected an object with gap_seconds and nodes_up"),
        ('{"z": {"nodes_up": [1]}}', "z: gap_seconds: expected 1 to 86400 s, not None"),
        ('{"z": {"gap_seconds": 0, "nodes_up": [1]}}', "z: gap_seconds: expected 1 to 86400 s, not 0"),
        ('{"z": {"gap_seconds": 5, "nodes_up": []}}', "z: nodes_up: expected a list of numbers"),
        ('{"z": {"gap_seconds": 5, "nodes_up": [1, -1]}}', "z: nodes_up[1]: expected a number of nodes, not -1"),
        ('{"z": {"gap_seconds": 5, "nodes_up": [NaN]}}', "z: nodes_up[0]: expected a number of nodes"),
        ('{"z": {"gap_seconds": 5, "nodes_up": [true]}}', "z: nodes_up[0]: expected a number of nodes, not True"),
    ],
)
def test_a_faulty_file_of_spot_is_refused_by_series_and_field(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "spot.json"
    path.write_text(text)

    with pytest.raises(RecordingInvalid) as refused:
        read_spot(path)

    assert f"{path}: {fault}" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for read in (read_requests, read_spot):
        with pytest.raises(RecordingInvalid, match="none: No such file"):
            read(tmp_path / "none")
