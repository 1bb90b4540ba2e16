"""The queues of the simulation: order, fairness between makers, and what counts as late."""

from simulation.demand import Job
from simulation.fairness import FIRST_IN_FIRST_OUT, simulate_flood
from simulation.model.queues import Batch, Fairness, FairQueue

NOISY, QUIET = 1, 2


def batch(number: int, *, maker: int = QUIET, at: float = 0.0) -> Batch:
    return Batch(Job(at=at, images=1, image_s=10.0, maker=maker), number, 1, number)


def filled(fairness: Fairness, *batches: Batch) -> FairQueue:
    queue = FairQueue(fairness)
    for each in batches:
        queue.put(each, each.job.at)
    return queue


def take_all(queue: FairQueue, now: float) -> list[int]:
    return [queue.take(now).number for _ in range(len(queue))]


def test_without_a_noisy_maker_the_order_is_that_of_submission() -> None:
    queue = filled(Fairness(), *(batch(number, maker=number) for number in range(5)))

    assert take_all(queue, 1.0) == [0, 1, 2, 3, 4]


def test_a_maker_with_thirty_messages_in_flight_comes_after_the_others() -> None:
    noisy = [batch(number, maker=NOISY) for number in range(40)]
    queue = filled(Fairness(), *noisy, batch(40), batch(41))

    taken = [queue.take(1.0).job.maker for _ in range(33)]

    assert taken == [NOISY] * 30 + [QUIET] * 2 + [NOISY]


def test_a_maker_with_a_tenth_of_the_processing_time_comes_after_the_others() -> None:
    queue = filled(Fairness(), *(batch(number, maker=NOISY) for number in range(4)), batch(4), batch(5))
    first = queue.take(0.0)
    queue.finish(first, 10.0, busy_s=10.0)

    assert take_all(queue, 10.0) == [4, 5, 1, 2, 3]


def test_among_noisy_makers_the_one_with_fewest_messages_in_flight_comes_first() -> None:
    everybody = Fairness(share=0.0, in_flight=1)
    queue = filled(everybody, *(batch(number, maker=NOISY) for number in range(3)), batch(3, maker=3))

    # Nothing is in flight, then one message of the first maker, then one of each.
    assert take_all(queue, 0.0) == [0, 3, 1, 2]


def test_a_noisy_maker_that_sends_nothing_for_five_minutes_is_quiet_again() -> None:
    queue = filled(Fairness(), *(batch(number, maker=NOISY) for number in range(3)))
    queue.finish(queue.take(0.0), 10.0, busy_s=10.0)
    queue.put(batch(10, at=20.0), 20.0)
    quiet = queue.take(20.0)
    queue.finish(quiet, 399.0, busy_s=379.0)
    queue.put(batch(11, maker=4, at=400.0), 400.0)

    assert quiet.number == 10
    assert take_all(queue, 400.0) == [1, 2, 11]


def test_with_a_share_of_one_nobody_is_noisy() -> None:
    noisy = [batch(number, maker=NOISY) for number in range(40)]
    queue = filled(FIRST_IN_FIRST_OUT, *noisy, batch(40))

    assert take_all(queue, 1.0) == list(range(41))


def test_late_work_is_that_which_waits_and_not_that_which_was_taken() -> None:
    queue = filled(Fairness(), batch(0, at=0.0), batch(1, at=5.0), batch(2, at=40.0))

    assert queue.age(50.0, 30.0) == 50.0
    assert queue.late_s == 20.0
    queue.take(50.0)
    assert queue.late_s == 10.0
    assert queue.age(50.0, 30.0) == 45.0
    assert queue.waiting_s == 20.0


def test_a_returned_batch_comes_first_and_keeps_its_age() -> None:
    queue = filled(FIRST_IN_FIRST_OUT, batch(0, at=0.0), batch(1, at=1.0))
    returned = queue.take(2.0)
    queue.finish(returned, 50.0, busy_s=48.0)
    queue.put(returned, 50.0, again=True)

    assert queue.age(50.0, 30.0) == 50.0
    assert take_all(queue, 50.0) == [0, 1]


def test_a_flood_of_one_maker_costs_the_others_more_without_fair_queues() -> None:
    fair, plain = (simulate_flood(times=200, seeds=(1,), fairness=each) for each in (Fairness(), FIRST_IN_FIRST_OUT))

    assert fair.calm == plain.calm
    assert fair.flooded[0] < plain.flooded[0] / 2
