import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from craftspark.jobs.job import Job
from craftspark.models.catalogue import find_model
from craftspark.models.networks import BUILT_IN_NETWORKS
from craftspark.parsing.json_values import parse_request
from craftspark.tools import TOOLS, UPLOAD, find_tool
from craftspark.tools.picture import PictureRequest
from craftspark.tools.sources import Source
from gpu_tasks.worker.pace import MAX_RATIO, Pace
from tests.fakes import NOON, a_job

MODEL = find_model("craftspark-clipart-128")


class SpeedRecords:
    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[tuple[dict[str, float], float | None]] = []
        self.awake: list[bool] = []
        self._error = error

    def write(self, paces: dict[str, float], launch_s: float | None, now: float, *, awake: bool) -> None:
        if self._error:
            raise self._error
        self.told.append((paces, launch_s))
        self.awake.append(awake)

    def withdraw(self) -> None:
        if self._error:
            raise self._error
        self.awake.append(False)


def a_pace(
    records: SpeedRecords, *, launched: bool = False, device: str = "cpu", clock: Callable[[], float] = time.time
) -> Pace:
    requested_at = NOON if launched else None
    return Pace(device=device, networks=BUILT_IN_NETWORKS, records=records, requested_at=requested_at, clock=clock)


def a_picture_job(**changes: Any) -> Job:
    request = PictureRequest(prompt="a").for_model(MODEL)
    return a_job(request=request.model_dump(), **changes)


def expected_s(images: int = 4, device: str = "cpu") -> float:
    model = MODEL.on(device)
    return model.profile.render_s(PictureRequest(prompt="a").for_model(model).load(model, (), images))


@pytest.mark.parametrize("device", ["cpu", "A10G"])
def test_a_worker_as_fast_as_its_profile_has_speed_1_on_each_device(device: str) -> None:
    records = SpeedRecords()
    pace = a_pace(records, device=device)

    pace.measure([a_picture_job()] * 4, expected_s(4, device))
    pace.report(0)

    assert records.told[0][0]["picture"] == pytest.approx(1.0)


def test_a_repeatedly_slow_worker_lowers_the_speed() -> None:
    records = SpeedRecords()
    pace = a_pace(records)

    for _ in range(12):
        pace.measure([a_picture_job()] * 4, 3 * expected_s())
        pace.report(0)

    paces = [told["picture"] for told, _ in records.told]
    assert paces == sorted(paces)
    assert paces[0] == pytest.approx(2.0)
    assert paces[-1] == pytest.approx(3.0, rel=0.05)


def test_an_outlier_does_not_change_the_speed() -> None:
    records = SpeedRecords()
    pace = a_pace(records)

    pace.measure([a_picture_job()] * 4, 1e6)
    pace.report(0)

    assert records.told[0][0]["picture"] <= MAX_RATIO


def test_a_launched_worker_reports_the_time_from_its_request_to_its_first_wave() -> None:
    records = SpeedRecords()
    job = a_picture_job(created_at=NOON - timedelta(hours=1), started_at=NOON + timedelta(seconds=1))

    for launched in (False, True):
        now = iter([NOON.timestamp() + 20, NOON.timestamp() + 600])
        pace = a_pace(records, launched=launched, clock=partial(next, now))
        pace.measure([job], 3.0)
        pace.measure([job], 3.0)
        pace.report(0)

    assert [launch_s for _, launch_s in records.told] == [None, 17.0]


def test_a_request_from_a_clock_that_is_ahead_is_a_launch_without_delay() -> None:
    records = SpeedRecords()
    pace = a_pace(records, launched=True, clock=lambda: NOON.timestamp() - 5)

    pace.measure([a_picture_job()], 1.0)
    pace.report(0)

    assert records.told[0][1] == 0.0


@pytest.mark.parametrize("side", [64, 1000])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_wave_of_each_tool_is_measured_even_if_its_profile_counts_no_time_of_the_device(tool: str, side: int) -> None:
    records = SpeedRecords()
    pace = a_pace(records, launched=True)
    request = parse_request(find_tool(tool).request, json.dumps(find_tool(tool).example))
    source = Source(reference=UPLOAD, bucket="uploads", key="k", width=side, height=side, alpha=True)
    if request.wanted_sources:
        request = request.for_sources((source,))
    model = find_tool(tool).served_by(MODEL)
    job = a_job(tool=tool, model=model, request=request.model_dump(), sources=(source,))

    pace.measure([job], 1.0)
    pace.report(0)

    [(paces, launch_s)] = records.told
    assert paces.keys() <= {tool}
    assert launch_s is not None


def test_an_error_in_a_measurement_does_not_stop_the_work() -> None:
    pace = a_pace(SpeedRecords(error=RuntimeError("throttled")))

    pace.measure([replace(a_picture_job(), tool="unknown")], 1.0)
    pace.measure([a_picture_job()], 1.0)
    pace.report(0)


def test_a_worker_reports_a_sign_of_life_before_its_first_image() -> None:
    records = SpeedRecords()
    pace = a_pace(records)

    pace.start()
    pace.stop()

    assert records.told == [({}, None)]


def test_a_launched_worker_is_awake_from_its_first_take_until_it_withdraws() -> None:
    records = SpeedRecords()
    pace = a_pace(records, launched=True)

    pace.report(0)
    assert pace.announce(awake=True)
    pace.report(1)
    assert pace.announce(awake=False)
    pace.report(2)

    assert records.awake == [False, True, True, False]


def test_a_report_that_is_not_withdrawn_is_known_to_be_there() -> None:
    assert not a_pace(SpeedRecords(OSError("unreachable"))).announce(awake=False)
