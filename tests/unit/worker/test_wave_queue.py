"""The order of waves: which model is loaded when, and how long an image waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from craftspark.errors import ModelUnavailable
from craftspark.errors.worker import DeviceLost
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.wave_queue import MAX_WAITING, Wanted, Wave, WaveQueue
from tests.fakes import FakeHandle, FakeRenderer, a_batch, a_job

MAX_WAIT_S, WAVE_S, LOAD_S = 30.0, 4.0, 10.0


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


class Swapping(FakeRenderer):
    """Has room for some models. Loading one takes LOAD_S."""

    def __init__(self, clock: Clock, *, room: int = 1, broken: Sequence[str] = (), wave_size: int = 2) -> None:
        super().__init__(wave_size=wave_size)
        self.clock, self.room, self.broken = clock, room, broken
        self.held: list[str] = []
        self.loads: list[float] = []

    def is_loaded(self, model: str) -> bool:
        return model in self.held

    def load(self, model: str) -> None:
        self.clock.seconds += LOAD_S
        if model in self.broken:
            raise ModelUnavailable(f"{model} is damaged")
        self.loads.append(self.clock.seconds)
        self.held = [*self.held, model][-self.room :]


def a_claim(
    model: str,
    number: int = 0,
    *,
    images: int = 1,
    suspect: bool = False,
    maker: str = "maker-1",
    lane: str = "interactive",
) -> Claim:
    job = a_job(job_id=f"{number:026}", model=model, seeds=tuple(range(images)), maker=maker, lane=lane)
    return Claim(FakeHandle(a_batch(job, images), suspect=suspect), job, stored=())


def models(wave: Wave | None) -> str:
    assert wave
    return "".join(order.model for _, order in wave)


def test_waves_of_the_loaded_model_go_first() -> None:
    clock = Clock()
    queue = WaveQueue(Swapping(clock), MAX_WAIT_S, now=clock)
    queue.add(a_claim(model, number) for number, model in enumerate("abababb"))

    assert [models(queue.pop()) for _ in range(4)] == ["aa", "a", "bb", "bb"]
    assert queue.pop() is None


def test_images_of_two_models_never_share_a_wave() -> None:
    queue = WaveQueue(FakeRenderer(wave_size=4), MAX_WAIT_S)
    queue.add(a_claim(model, number) for number, model in enumerate("abab"))

    assert [models(queue.pop()) for _ in range(2)] == ["aa", "bb"]


def jobs(wave: Wave | None) -> list[int]:
    assert wave
    return [int(order.job_id) for _, order in wave]


def test_interactive_images_go_before_bulk_images_which_fill_the_rest_of_their_waves() -> None:
    queue = WaveQueue(FakeRenderer(wave_size=2), MAX_WAIT_S)
    queue.add([a_claim("a", 1, images=3, lane="bulk"), a_claim("a", 2, images=3)])

    assert [jobs(queue.pop()) for _ in range(3)] == [[2, 2], [2, 1], [1, 1]]


def test_an_interactive_image_of_another_model_goes_before_bulk_images_of_the_loaded_one() -> None:
    clock = Clock()
    renderer = Swapping(clock, wave_size=1)
    renderer.held = ["a"]
    queue = WaveQueue(renderer, MAX_WAIT_S, now=clock)
    queue.add([a_claim("a", 1, images=2, lane="bulk"), a_claim("b", 2)])

    assert [models(queue.pop()) for _ in range(3)] == ["b", "a", "a"]


@pytest.mark.parametrize("wave_size", [1, 3])
def test_makers_take_turns_within_a_wave_and_from_wave_to_wave(wave_size: int) -> None:
    queue = WaveQueue(FakeRenderer(wave_size=wave_size), MAX_WAIT_S)
    queue.add([a_claim("a", 1, images=4, maker="busy"), a_claim("a", 2, images=4, maker="busy")])
    queue.add([a_claim("a", 3, images=2, maker="other"), a_claim("a", 4, images=1, maker="third")])

    order = [job for _ in range(-(-11 // wave_size)) for job in jobs(queue.pop())]

    assert order == [1, 3, 4, 1, 3, 1, 1, 2, 2, 2, 2]


def test_a_maker_who_had_the_last_turn_waits_for_one_who_comes() -> None:
    queue = WaveQueue(FakeRenderer(wave_size=1), MAX_WAIT_S)
    queue.add([a_claim("a", 1, maker="busy"), a_claim("a", 2, maker="other")])
    assert [jobs(queue.pop()) for _ in range(2)] == [[1], [2]]

    queue.add([a_claim("a", 3, maker="other"), a_claim("a", 4, maker="busy")])

    assert [jobs(queue.pop()) for _ in range(2)] == [[4], [3]]


def test_a_wave_that_stopped_is_the_next_of_its_lane() -> None:
    queue = WaveQueue(FakeRenderer(wave_size=1), MAX_WAIT_S)
    queue.add([a_claim("a", 1, lane="bulk"), a_claim("a", 2, lane="bulk")])
    wave = queue.pop()
    queue.add([a_claim("a", 3)])

    assert wave
    queue.put_back(wave)

    assert [jobs(queue.pop()) for _ in range(3)] == [[3], [1], [2]]


@pytest.mark.parametrize(
    ("lanes", "wanted"),
    [([], Wanted(bulk=True)), (["bulk"], Wanted(bulk=False)), (["bulk", "interactive"], None), (["interactive"], None)],
)
def test_while_bulk_images_wait_only_interactive_batches_are_wanted(lanes: list[str], wanted: Wanted | None) -> None:
    queue = WaveQueue(FakeRenderer(), MAX_WAIT_S)
    queue.add(a_claim("a", number, lane=lane) for number, lane in enumerate(lanes))

    assert queue.wanted == wanted


def test_an_image_that_waited_too_long_goes_before_the_loaded_model() -> None:
    clock = Clock()
    queue = WaveQueue(Swapping(clock, wave_size=1), MAX_WAIT_S, now=clock)
    queue.add([a_claim("a", 1, images=4), a_claim("b", 2)])

    first = models(queue.pop())
    clock.seconds += MAX_WAIT_S - 0.1
    second = models(queue.pop())
    clock.seconds += 0.1

    assert [first, second, models(queue.pop()), models(queue.pop())] == ["a", "a", "b", "a"]


def test_a_model_that_was_just_loaded_keeps_its_turn_although_others_have_waited() -> None:
    clock = Clock()
    renderer = Swapping(clock, wave_size=1)
    queue = WaveQueue(renderer, MAX_WAIT_S, now=clock)
    queue.add([a_claim("a", 1, images=3), a_claim("b", 2, images=3)])
    clock.seconds += 10 * MAX_WAIT_S

    assert [models(queue.pop()) for _ in range(6)] == list("aaabbb")
    assert len(renderer.loads) == 2


def test_two_models_that_fit_need_no_turns() -> None:
    clock = Clock()
    renderer = Swapping(clock, room=2, wave_size=1)
    queue = WaveQueue(renderer, MAX_WAIT_S, now=clock)
    queue.add(a_claim(model, number) for number, model in enumerate("abab"))
    renderer.held = ["a", "b"]

    assert [models(queue.pop()) for _ in range(4)] == list("abab")
    assert not renderer.loads


def test_a_model_that_cannot_be_loaded_fails_its_own_images_by_name() -> None:
    clock = Clock()
    queue = WaveQueue(Swapping(clock, broken=["a"]), MAX_WAIT_S, now=clock)
    bad, good = a_claim("a", 1), a_claim("b", 2)
    queue.add([bad, good])

    assert models(queue.pop()) == "b"
    assert [str(answer) for answer in bad.handle.answers] == ["a is damaged"]  # type: ignore[attr-defined]
    assert good.open


def test_an_unnamed_error_of_a_load_returns_the_batch_for_another_attempt() -> None:
    class Torn(Swapping):
        def load(self, model: str) -> None:
            raise OSError("the disk is full")

    queue = WaveQueue(Torn(Clock()), MAX_WAIT_S)
    claim = a_claim("a")
    queue.add([claim])

    assert queue.pop() is None
    assert [type(answer) for answer in claim.handle.answers] == [OSError]  # type: ignore[attr-defined]


def test_a_lost_device_is_not_the_model_s_fault() -> None:
    class Lost(Swapping):
        def load(self, model: str) -> None:
            raise DeviceLost("gone")

    queue = WaveQueue(Lost(Clock()), MAX_WAIT_S)
    claim = a_claim("a")
    queue.add([claim])

    with pytest.raises(DeviceLost):
        queue.pop()
    assert queue.claims == [claim]


def test_more_batches_are_wanted_while_only_other_models_have_work_up_to_a_limit() -> None:
    clock = Clock()
    renderer = Swapping(clock)
    queue = WaveQueue(renderer, MAX_WAIT_S, now=clock)
    renderer.held = ["a"]

    assert queue.wanted == Wanted(bulk=True)
    queue.add([a_claim("b", 1)])
    assert queue.wanted == Wanted(bulk=True)
    queue.add([a_claim("a", 2)])
    assert queue.wanted is None
    queue.pop()
    queue.add([a_claim("b", number) for number in range(3, MAX_WAITING + 3)])
    assert queue.wanted is None


@dataclass
class Run:
    """What happened to images: when each came, when its wave started, and when models were loaded."""

    came: dict[int, float] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)
    forced: int = 0
    loads: int = 0
    seconds: float = 0.0


def run(arrivals: Sequence[tuple[str, float]]) -> Run:
    """Render images that arrive one after the other, each with its model and its distance in seconds."""
    clock, result = Clock(), Run()
    renderer = Swapping(clock)
    queue = WaveQueue(renderer, MAX_WAIT_S, now=clock)
    due, at = [], 0.0
    for number, (model, distance) in enumerate(arrivals):
        at += distance
        due.append((at, a_claim(model, number)))
        result.came[number] = at
    while due or queue:
        if not queue:
            clock.seconds = max(clock.seconds, due[0][0])
        while due and due[0][0] <= clock.seconds:
            queue.add([due.pop(0)[1]])
        held, models_waiting = list(renderer.held), {claim.job.model for claim in queue.claims}
        before = len(renderer.loads)
        wave = queue.pop()
        result.forced += len(renderer.loads) > before and bool(models_waiting & set(held))
        for claim, _ in wave or ():
            result.began[int(claim.job.job_id)] = clock.seconds
        clock.seconds += WAVE_S
    result.loads, result.seconds = len(renderer.loads), clock.seconds
    return result


ARRIVALS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 12)), min_size=1, max_size=60)


@given(ARRIVALS)
def test_no_image_starves_and_the_age_limit_bounds_the_swaps(arrivals: Sequence[tuple[str, float]]) -> None:
    result = run(arrivals)

    assert result.began.keys() == result.came.keys()
    # While a model has work, another is loaded at most once per limit.
    assert result.forced <= result.seconds / MAX_WAIT_S
    # Before an image's own model, each other model has at most one turn, and the images of the same model that came
    # earlier are drawn first.
    turn_s = MAX_WAIT_S + LOAD_S + WAVE_S
    for number, (model, _) in enumerate(arrivals):
        earlier = sum(
            other == model and result.came[number] >= result.came[place] and result.began[place] >= result.came[number]
            for place, (other, _) in enumerate(arrivals)
        )
        turns = 3 * (1 + earlier * WAVE_S / MAX_WAIT_S)
        assert result.began[number] - result.came[number] <= turns * turn_s


def test_a_steady_stream_of_one_model_does_not_starve_another() -> None:
    result = run([("a", 1.0)] * 20 + [("b", 1.0)] + [("a", 1.0)] * 200)

    assert result.began[20] - result.came[20] <= MAX_WAIT_S + LOAD_S + 2 * WAVE_S
