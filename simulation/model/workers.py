"""What tasks do: they take batches, render their images, and return what they cannot finish."""

from collections.abc import Callable, Mapping

from simulation.demand import BULK, INTERACTIVE
from simulation.model.events import Events
from simulation.model.outcomes import Outcomes
from simulation.model.pools import Pool
from simulation.model.queues import Batch
from simulation.model.tasks import BUSY, IDLE, Task

ROUNDING_S = 1e-6


class Workers:
    """The work of all tasks.

    A wave is one image, as on a GPU. A task takes interactive work before bulk work, also between two images of a bulk
    batch. `rendered_s` is the GPU time of finished images. `cut_off` has the times at which images were cut off, and
    the GPU time that this lost.
    """

    def __init__(
        self,
        events: Events,
        pools: Mapping[str, Pool],
        outcomes: Outcomes,
        *,
        on_idle: Callable[[Task], None],
        on_left: Callable[[Task], None],
    ) -> None:
        self._events, self._pools, self._outcomes = events, pools, outcomes
        self._on_idle, self._on_left = on_idle, on_left
        self.rendered_s = 0.0
        self.cut_off: list[tuple[float, float]] = []

    def work(self, task: Task) -> None:
        """Give a free task its next work: interactive, then the bulk batch that it holds, then bulk."""
        now, pool = self._events.now, self._pools[task.pool]
        interactive, bulk = pool.lanes
        task.epoch += 1
        if interactive.waiting:
            batch = interactive.take(now)
        elif task.held:
            batch, task.held = task.held, None
        elif bulk.waiting:
            batch = bulk.take(now)
        else:
            task.state, task.idle_since = IDLE, now
            pool.add_idle(task)
            self._on_idle(task)
            return
        self._outcomes.start(batch.index, now)
        task.state, task.batch, task.started, task.end = BUSY, batch, now, now + batch.work_s
        lane = batch.job.lane
        pool.count_work(lane, task.end, 1)
        pause = now + batch.job.image_s if lane == BULK and batch.images > 1 else task.end
        self._events.at(pause, self._finish_images, task, batch, task.epoch)

    def offer(self, pool: Pool) -> None:
        """A batch was added to the pool's queues: a task that is idle takes it."""
        if task := pool.take_idle():
            self.work(task)

    def finish_what_fits(self, task: Task, batch: Batch, stop: float) -> None:
        """Render the images that end before `stop`, and leave then. An image that does not fit is cut off."""
        images = min(batch.images, int((stop - task.started) / batch.job.image_s + ROUNDING_S))
        done_at = task.started + images * batch.job.image_s
        task.epoch += 1
        self._events.at(done_at if done_at > self._events.now else stop, self._leave, task, batch, images)

    def put_back(self, batch: Batch, busy_s: float) -> None:
        """Return the rest of a batch to its queue."""
        pool = self._pools[batch.job.pool]
        queue = pool.lanes[batch.job.lane]
        queue.finish(batch, self._events.now, busy_s)
        queue.put(batch, self._events.now, again=True)
        self.offer(pool)

    def _finish_images(self, task: Task, batch: Batch, epoch: int) -> None:
        """The task has finished its batch, or one image of a bulk batch."""
        if task.epoch != epoch:
            return
        now = self._events.now
        if now >= task.end - ROUNDING_S:
            self._stop_work(task, batch, batch.images)
            self._finish_batch(batch, now - task.started)
            self.work(task)
        elif self._pools[task.pool].lanes[INTERACTIVE].waiting:
            self._stop_work(task, batch, round((now - task.started) / batch.job.image_s))
            task.held = batch
            self.work(task)
        else:
            following = now + batch.job.image_s
            at = following if following < task.end - ROUNDING_S else task.end
            self._events.at(at, self._finish_images, task, batch, epoch)

    def _leave(self, task: Task, batch: Batch, images: int) -> None:
        busy_s = self._events.now - task.started
        lost_s = busy_s - images * batch.job.image_s
        if lost_s > ROUNDING_S:
            self.cut_off.append((self._events.now, lost_s))
        self._stop_work(task, batch, images)
        if batch.images:
            self.put_back(batch, busy_s)
        else:
            self._finish_batch(batch, busy_s)
        self._on_left(task)

    def _stop_work(self, task: Task, batch: Batch, images: int) -> None:
        """The task stops its work on a batch, of which it has rendered these images."""
        self._pools[task.pool].count_work(batch.job.lane, task.end, -1)
        batch.images -= images
        self.rendered_s += images * batch.job.image_s
        task.batch = None

    def _finish_batch(self, batch: Batch, busy_s: float) -> None:
        self._pools[batch.job.pool].lanes[batch.job.lane].finish(batch, self._events.now, busy_s)
        self._outcomes.end_batch(batch.index, self._events.now)
