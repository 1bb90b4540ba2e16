import time
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.items import job_item, job_key
from craftspark.aws.jobs.backlog import SAMPLE, BacklogIndex, place_of
from craftspark.aws.jobs.job_table import read_record
from craftspark.aws.jobs.speed import AWAKE_S, FLEET, MAX_AGE_S, SpeedTable, partition, read_pool
from craftspark.jobs.backlog import Backlog
from craftspark.jobs.job import job_id_of
from craftspark.jobs.pools import ServingPool, ServingPools
from craftspark.models.catalogue import find_model
from craftspark.models.prices import credits_for_steps
from craftspark.settings import variable_of
from tests.aws.api import account, call, settle, store, submit
from tests.aws.conftest import JOBS, put_jobs
from tests.fakes import a_job

POOL = "draw"

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def test_a_quote_costs_nothing_and_names_the_price() -> None:
    answer = call("quote_job", path={"tool": "picture"}, body={"prompt": "a", "count": 3, "steps": 50})

    assert (answer.status, answer.body["price"], answer.body["cheaper"][0]) == (
        200,
        6,
        {"changes": {"steps": 8}, "price": 3, "estimated_render_s": 2},
    )
    assert account()["reserved"] == 0


@pytest.mark.parametrize("device", ["T4", "A10G"])
def test_prices_follow_the_device_of_the_pool(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = find_model("sdxl-lightning").on(device)
    pool = ServingPool(name="draw", tools={"picture": there.name}, device=device, min_tasks=1, launch_s=60)
    monkeypatch.setenv(variable_of("pools"), ServingPools(networks=there.networks, pools=(pool,)).to_text())
    price = credits_for_steps(there, there.default_steps)

    quote = call("quote_job", path={"tool": "picture"}, body={"prompt": "a", "count": 1}).body
    [picture, *_] = call("list_tools").body["tools"]

    assert price == {"T4": 16, "A10G": 7}[device]
    assert (quote["price"], picture["credits_per_image"]) == (price, price)


def test_a_quote_is_rejected_as_the_job_would_be() -> None:
    refused = call("quote_job", path={"tool": "upscale"}, body={"source": f"{'a' * 26}/0"})

    assert (refused.status, refused.body["field"]) == (422, "source")


def a_worker(*, name: str = "worker-1", launched: bool = False) -> SpeedTable:
    return SpeedTable(client=clients.dynamodb(), jobs_table=JOBS, pool=POOL, worker=name, launched=launched)


def backlog() -> Backlog:
    return BacklogIndex(client=clients.dynamodb(), jobs_table=JOBS, pool=POOL).read(max_age_s=0)[0]


def quoted(**request: Any) -> Any:
    return call("quote_job", path={"tool": "picture"}, body={"prompt": "a", **request}).body


def test_a_quote_counts_the_waiting_work_and_not_its_batches() -> None:
    for name in ("a", "b"):
        a_worker(name=name).write({}, None, time.time())
    for guidance in (3, 4, 5):
        assert submit(count=1, steps=50, guidance=guidance).status == 202

    # Each is a separate wave of 50 steps, which takes as long as one of four images. Two workers share the waves.
    assert quoted()["estimated_wait_s"] in (5, 6, 7)


def test_jobs_that_share_a_wave_wait_for_one_wave() -> None:
    for name in ("a", "b"):
        a_worker(name=name).write({}, None, time.time())
    for _ in range(3):
        assert submit(count=1, steps=50).status == 202

    assert quoted()["estimated_wait_s"] in (2, 3)


def test_stored_images_and_ended_jobs_do_not_count_as_waiting() -> None:
    a_worker().write({}, None, time.time())
    started, ended = (submit(count=2, steps=50).body["job_id"] for _ in range(2))
    waiting = [(job.images, job.stored, job.running) for job in backlog().jobs]
    assert waiting == [(2, 0, False)] * 2

    store(started, 0)
    settle(ended)

    assert [(job.images, job.stored, job.running) for job in backlog().jobs] == [(2, 1, True)]


def test_a_wait_that_is_too_long_is_rejected_with_retry_after() -> None:
    a_worker().write({}, None, time.time())
    for _ in range(2):
        submit(count=2, steps=50)

    refused = submit(max_wait_s=1)

    assert (refused.status, refused.body["type"], refused.body["field"]) == (
        409,
        "/problems/WaitTooLong",
        "max_wait_s",
    )
    assert refused.body["estimated_wait_s"] > 1
    assert int(refused.headers["Retry-After"]) == refused.body["estimated_wait_s"] - 1
    assert account()["active_jobs"] == 2


def test_a_job_that_cannot_end_in_time_is_rejected_with_its_fields_and_a_fix() -> None:
    source = submit(count=1).body["job_id"]
    store(source, 0, side=8)
    settle(source)
    before = account()
    # So elongated that it is drawn in many parts.
    asked = {"source": f"{source}/0", "prompt": "a", "width": 2048, "count": 8, "steps": 50}

    for function in ("submit_job", "quote_job"):
        refused = call(function, path={"tool": "outpaint"}, body=asked)

        assert (refused.status, refused.body["type"]) == (422, "/problems/RenderTooLong")
        assert refused.body["estimated_render_s"] > 480
        fixes = {error["field"]: error["detail"] for error in refused.body["errors"]}
        assert list(fixes) == ["steps", "width", "height"]
    assert account() == before


def test_the_backlog_is_cached() -> None:
    now = 0.0
    readings = BacklogIndex(client=clients.dynamodb(), jobs_table=JOBS, pool=POOL, clock=lambda: now)
    assert len(readings.read(max_age_s=1)[0].jobs) == 0

    submit()
    now = 0.9

    first, age = readings.read(max_age_s=1)
    assert (len(first.jobs), age) == (0, 0.9)
    now = 1.1
    second, age = readings.read(max_age_s=1)
    assert (len(second.jobs), age) == (1, 0.0)


def test_a_large_backlog_is_estimated_from_a_sample() -> None:
    jobs = 20 * SAMPLE
    put_jobs(job_item(a_job(job_id=job_id_of("maker", str(number)), work_s=number % 7)) for number in range(jobs))

    sample = backlog()

    assert len(sample.jobs) <= 2 * SAMPLE
    work_s = sample.work_s("interactive", workers=1, wave_size=4)
    assert work_s == pytest.approx(jobs * 3, rel=0.25)


def test_ids_are_placed_as_the_table_sorts_them() -> None:
    ids = [job_id_of("maker", str(number)) for number in range(500)]

    assert sorted(ids) == sorted(ids, key=place_of)
    assert place_of("2" * 26) == pytest.approx(0, abs=1e-9)
    assert place_of("z" * 26) == 1


def test_a_launched_worker_counts_while_it_takes_batches_from_the_queue() -> None:
    now, launched, other = time.time(), a_worker(name="a", launched=True), a_worker(name="a")

    def awake() -> int:
        return read_pool(clients.dynamodb(), JOBS, POOL, now + 1)[0].awake

    launched.write({}, None, now, awake=False)
    assert awake() == 0
    launched.write({}, None, now)
    other.write({}, None, now)
    assert awake() == 2
    launched.withdraw()
    assert awake() == 1


def test_a_worker_withdraws_only_its_own_report() -> None:
    now, gone, present = time.time(), a_worker(name="ab"), a_worker(name="ba")  # both have the same item
    gone.write({}, None, now)
    present.write({}, None, now)

    gone.withdraw()

    assert read_pool(clients.dynamodb(), JOBS, POOL, now + 1)[0].awake == 1


def test_items_of_others_in_the_partition_of_a_pool_are_no_reports() -> None:
    now = time.time()
    a_worker().write({"picture": 2.0}, None, now)
    for item in (FLEET, "market#us-east-1a#g5"):
        clients.dynamodb().put_item(TableName=JOBS, Item=job_key(partition(POOL), item))

    speed, _ = read_pool(clients.dynamodb(), JOBS, POOL, now + 1)

    assert (speed.awake, speed.pace("picture")) == (1, 2.0)


def test_measurements_of_workers_are_cached() -> None:
    now = time.time()
    a_worker(name="a").write({"picture": 2.0}, None, now)
    a_worker(name="b").write({"picture": 8.0, "clipart": 1.5}, None, now)
    a_worker(name="c", launched=True).write({}, 20.0, now, awake=False)

    speed, _ = read_pool(clients.dynamodb(), JOBS, POOL, now + 1)

    assert (speed.awake, speed.launch_s) == (2, 20.0)
    assert speed.pace("picture") == pytest.approx(4.0)
    assert speed.pace("clipart") == pytest.approx(1.5)
    assert not read_pool(clients.dynamodb(), JOBS, POOL, now + AWAKE_S + 1)[0].awake
    assert read_pool(clients.dynamodb(), JOBS, POOL, now + MAX_AGE_S + 2)[0].pace("picture") == 1.0


def test_a_slow_worker_lengthens_the_quote_and_a_missing_one_adds_its_launch() -> None:
    cold = quoted(steps=50)

    a_worker().write({"picture": 3.0}, None, time.time())
    slow = quoted(steps=50)

    assert cold["estimated_wait_s"] == slow["estimated_wait_s"] + 12
    assert slow["estimated_render_s"] > 2 * cold["estimated_render_s"]


def test_the_retry_after_of_an_accepted_job_follows_its_estimate() -> None:
    a_worker().write({}, None, time.time())
    soon = submit(count=1)
    a_worker().write({"picture": 20.0}, None, time.time())

    late = submit(count=4, steps=50)

    assert int(soon.headers["Retry-After"]) <= 3
    assert 20 <= int(late.headers["Retry-After"]) <= 30
    job = read_record(clients.dynamodb(), JOBS, late.body["job_id"]).job
    assert job.estimated_render_s > 60
