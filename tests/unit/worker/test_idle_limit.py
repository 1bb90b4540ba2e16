from craftspark.aws.jobs.speed import AWAKE_S
from gpu_tasks.worker.idle_limit import IdleLimit

IDLE_S, LEAVE_S = 30.0, 75.0


class Scene:
    """A clock, the time of the last work, and what the worker announced."""

    def __init__(self, *, reachable: bool = True, idle_s: float = IDLE_S) -> None:
        self.now = self.worked_at = 0.0
        self.announced: list[bool] = []
        self.reachable = reachable
        self.limit = IdleLimit(
            idle_s=idle_s,
            leave_s=LEAVE_S,
            idle=lambda: self.now - self.worked_at,
            announcements=self,
            now=lambda: self.now,
        )

    def announce(self, *, awake: bool) -> bool:
        self.announced.append(awake)
        return self.reachable

    def reached_at(self, now: float) -> bool:
        self.now = now
        return self.limit.reached()


def test_a_worker_without_patience_stays_while_it_works() -> None:
    scene = Scene(idle_s=0)
    scene.limit.start()

    assert not scene.reached_at(0)
    assert scene.announced == [True]


def test_a_worker_withdraws_after_a_while_and_leaves_later() -> None:
    scene = Scene()
    scene.limit.start()

    assert not scene.reached_at(IDLE_S - 1)
    assert scene.announced == [True]
    assert not scene.reached_at(IDLE_S)
    assert scene.announced == [True, False]
    assert not scene.reached_at(IDLE_S + LEAVE_S - 1)
    assert scene.reached_at(IDLE_S + LEAVE_S)
    assert scene.announced == [True, False]


def test_a_worker_that_finds_work_while_it_leaves_stays_and_says_so() -> None:
    scene = Scene()
    scene.limit.start()
    scene.reached_at(IDLE_S)
    scene.worked_at = scene.now = IDLE_S + 10

    scene.limit.start()

    assert scene.announced == [True, False, True]
    assert not scene.reached_at(scene.worked_at + IDLE_S)
    assert not scene.reached_at(scene.worked_at + IDLE_S + LEAVE_S - 1)


def test_a_worker_that_cannot_withdraw_stays_until_its_report_is_too_old_to_count() -> None:
    scene = Scene(reachable=False)
    scene.limit.start()
    scene.reached_at(IDLE_S)

    assert not scene.reached_at(IDLE_S + LEAVE_S + AWAKE_S - 1)
    assert scene.reached_at(IDLE_S + LEAVE_S + AWAKE_S)
