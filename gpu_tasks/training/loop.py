"""The training loop, whatever the network: resumable, deterministic, and stopped by a loss that is no number."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from craftspark.errors import SpotInterrupted
from gpu_tasks.training.checkpoint import Learner, Run, trained_of
from gpu_tasks.training.errors import LossNotFinite, RecipeUnfit
from gpu_tasks.training.hooks import Hooks

LossAt = Callable[[nn.Module, int, int], Tensor]
OnSample = Callable[[nn.Module, int], None]
NO_HOOKS = Hooks()


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How far a step goes; every field changes the result, so all belong to the recipe."""

    steps: int
    rate: float
    parts: int = 2  # of a step's batch, each on a thread of its own
    warm_up: int = 100
    last_rate: float = 0.01  # of `rate`
    average_decay: float = 0.999
    weight_decay: float = 0.01
    gradient_norm: float = 1.0

    def check(self, batch: int) -> None:
        """Raise RecipeUnfit where there is no step to take, or the batch cannot be shared out evenly."""
        if self.steps < 1 or self.parts < 1 or batch < 1 or batch % self.parts:
            raise RecipeUnfit(f"--steps must be at least 1, and --batch {batch} a multiple of --parts {self.parts}")

    def rate_at(self, step: int) -> float:
        """A short rise, then half a cosine; by step and not by time, so that a resumed run follows the same curve."""
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.rate * min(1.0, (step + 1) / self.warm_up) * (self.last_rate + (1 - self.last_rate) * cosine)

    def decay_at(self, step: int) -> float:
        """Short at first: the average of a young run follows it."""
        return min(self.average_decay, (step + 1) / (step + 10))


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How often the loop writes, in steps; the result is the same whatever it is."""

    checkpoint: int = 250
    report: int = 25
    sample: int = 500


def train(
    network: nn.Module,
    loss_at: LossAt,
    run: Run,
    schedule: Schedule,
    rhythm: Rhythm,
    *,
    on_sample: OnSample = lambda _average, _step: None,
    hooks: Hooks = NO_HOOKS,
    say: Callable[[str], None] = print,
) -> nn.Module:
    """Train from the run's latest checkpoint to the last step; answers the averaged network.

    Only parameters that need a gradient are trained, averaged and kept in checkpoints; the average shares the others.

    `loss_at(network, step, part)` is the loss of one part of a step's batch, with all its randomness drawn from the
    step and the part (see `generator_at`): a run that was killed and resumed has the same weights, bit for bit, as one
    that never stopped. The parts run side by side, each on one thread: unlike two threads inside every operation, they
    do not wait for each other at each one, so a busy machine slows them no more than its share.
    Raises LossNotFinite, CheckpointBroken, RecipeChanged, DiskTooSmall, and SpotInterrupted where the hooks say so.
    """
    learner = Learner(
        network=network,
        average=averaged(network),
        optimizer=torch.optim.AdamW(
            trained_of(network).values(),
            lr=schedule.rate,
            betas=(0.9, 0.98),
            weight_decay=schedule.weight_decay,
            fused=True,
        ),
    )
    run.make_room(learner)
    first = run.resume(learner)
    run.forget_metrics_after(first)
    if first:
        say(f"resumed after step {first}")
    log = Log(run, schedule.steps, say, done=first)
    with side_by_side(schedule.parts) as threads:
        for step in range(first, schedule.steps):
            for group in learner.optimizer.param_groups:
                group["lr"] = schedule.rate_at(step)
            log.add(take_step(learner, loss_at, schedule, step, threads, run))
            done, last = step + 1, step + 1 == schedule.steps
            if last or done % rhythm.report == 0:
                log.report(done, rate=schedule.rate_at(step))
            stopping = hooks.stopping() and not last
            if last or stopping or done % rhythm.checkpoint == 0:
                hooks.on_checkpoint(run.keep(learner, done))
            hooks.on_step(done, schedule.steps)
            if stopping:
                raise SpotInterrupted(f"stopped after step {done} of {schedule.steps}")
            if last or done % rhythm.sample == 0:
                on_sample(learner.average, done)
    return learner.average


def take_step(
    learner: Learner, loss_at: LossAt, schedule: Schedule, step: int, threads: ThreadPoolExecutor, run: Run
) -> float:
    """One step of the optimizer; answers the loss. Raises LossNotFinite before it could spoil the weights."""
    network = learner.network.train()
    trained = learner.trained()
    weights: list[Tensor] = list(trained.values())

    def gradient_of(part: int) -> tuple[float, Sequence[Tensor]]:
        loss = loss_at(network, step, part)
        return loss.item(), torch.autograd.grad(loss, weights)

    parts = list(threads.map(gradient_of, range(schedule.parts)))
    value = sum(loss for loss, _ in parts) / len(parts)
    # Added in the parts' order, whichever was ready first.
    for weight, *gradients in zip(weights, *(gradient for _, gradient in parts), strict=True):
        weight.grad = torch.stack(gradients).mean(0) if len(gradients) > 1 else gradients[0]
    norm = nn.utils.clip_grad_norm_(weights, schedule.gradient_norm)
    if not (math.isfinite(value) and math.isfinite(norm.item())):
        good = run.checkpoints()[-1].name if run.checkpoints() else None
        raise LossNotFinite(
            f"the loss of step {step + 1} is {value}, its gradient {norm.item()}; the last good checkpoint is {good}. "
            "Reduce --rate or remove damaged images",
            step=step + 1,
            checkpoint=good,
        )
    learner.optimizer.step()
    with torch.no_grad():
        followers = dict(learner.average.named_parameters())
        averages: list[Tensor] = [followers[name] for name in trained]
        torch._foreach_lerp_(averages, weights, 1 - schedule.decay_at(step))
    return value


def averaged(network: nn.Module) -> nn.Module:
    """A copy to follow the network, which shares with it what is not trained."""
    frozen = {id(parameter): parameter for parameter in network.parameters() if not parameter.requires_grad}
    return copy.deepcopy(network, frozen).eval().requires_grad_(False)


def generator_at(seed: int, *place: int | str) -> torch.Generator:
    """The generator for one place in a run, say its step: the same whatever was drawn before."""
    digest = hashlib.sha256(repr((seed, place)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


@contextmanager
def side_by_side(parts: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for the parts of a step; inside, torch uses one thread for each operation."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(parts, initializer=torch.set_num_threads, initargs=(1,)) as threads:
            yield threads
    finally:
        torch.set_num_threads(before)


class Log:
    """Metrics of the steps since the last report, and how long the rest will take."""

    def __init__(self, run: Run, steps: int, say: Callable[[str], None], *, done: int) -> None:
        self._run = run
        self._steps = steps
        self._say = say
        self._first = done
        self._losses: list[float] = []
        self._began = self._reported = time.monotonic()

    def add(self, loss: float) -> None:
        self._losses.append(loss)

    def report(self, done: int, *, rate: float) -> None:
        now = time.monotonic()
        loss = sum(self._losses) / len(self._losses)
        speed = len(self._losses) / (now - self._reported)
        minutes, seconds = divmod(round((now - self._began) / (done - self._first) * (self._steps - done)), 60)
        self._run.report({"step": done, "loss": loss, "rate": rate, "steps_per_s": speed})
        self._say(
            f"step {done}/{self._steps}  loss {loss:.4f}  rate {rate:.1e}  "
            f"{speed:.2f} steps/s  {minutes}:{seconds:02} left"
        )
        self._losses, self._reported = [], now
