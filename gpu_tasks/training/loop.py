"""The training loop of all networks: resumable, deterministic, and stopped by a loss that is not finite."""

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
from craftspark.errors.training import LossNotFinite, RecipeUnfit
from gpu_tasks.training.checkpoint import Learner, Run, find_trainable
from gpu_tasks.training.hooks import Hooks

LossAt = Callable[[nn.Module, int, int], Tensor]
OnSample = Callable[[nn.Module, int], None]
NO_HOOKS = Hooks()


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The step sizes. Every field changes the result, so all are in the recipe."""

    steps: int
    rate: float
    parts: int = 2  # of a step's batch, each on its own thread
    warm_up: int = 100
    last_rate: float = 0.01  # of `rate`
    average_decay: float = 0.999
    weight_decay: float = 0.01
    gradient_norm: float = 1.0

    def check(self, batch: int) -> None:
        """Raise RecipeUnfit if there are no steps, or if the batch cannot be divided evenly."""
        if self.steps < 1 or self.parts < 1 or batch < 1 or batch % self.parts:
            raise RecipeUnfit(f"--steps must be at least 1, and --batch {batch} a multiple of --parts {self.parts}")

    def rate_at(self, step: int) -> float:
        """Return the learning rate: a warm-up, then half a cosine. It depends on the step and not on time, so a resumed
        run has the same rates.
        """
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.rate * min(1.0, (step + 1) / self.warm_up) * (self.last_rate + (1 - self.last_rate) * cosine)

    def decay_at(self, step: int) -> float:
        """Return the decay of the average. It is low at first, so that the average follows the network."""
        return min(self.average_decay, (step + 1) / (step + 10))


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """How often the loop writes, in steps. The result does not depend on it."""

    checkpoint: int = 250
    report: int = 25
    sample: int = 500


def print_line(line: str) -> None:
    """Print a line immediately, also to a file or a pipe."""
    print(line, flush=True)


def train(
    network: nn.Module,
    loss_at: LossAt,
    run: Run,
    schedule: Schedule,
    rhythm: Intervals,
    *,
    on_sample: OnSample = lambda _average, _step: None,
    hooks: Hooks = NO_HOOKS,
    say: Callable[[str], None] = print_line,
    threads: int | None = None,
) -> nn.Module:
    """Train from the run's latest checkpoint to the last step. Returns the averaged network.

    Only parameters that need a gradient are trained, averaged and saved. The average shares the others.
    `loss_at(network, step, part)` returns the loss of one part of a step's batch, with all randomness from the step and
    the part (see `generator_at`): a run that was killed and resumed has the same weights, bit for bit, as one without
    interruption.

    The parts run in parallel on as many threads, or on `threads`. Unlike two threads inside each operation, they do not
    wait for each other after each operation, which matters on a busy machine.

    Raises LossNotFinite, CheckpointBroken, RecipeChanged, DiskTooSmall, and SpotInterrupted if the hooks stop the run.
    """
    learner = Learner(
        network=network,
        average=copy_average(network),
        optimizer=torch.optim.AdamW(
            find_trainable(network).values(),
            lr=schedule.rate,
            betas=(0.9, 0.98),
            weight_decay=schedule.weight_decay,
            fused=True,
        ),
    )
    run.check_disk_space(learner)
    first = run.resume(learner)
    run.drop_metrics_after(first)
    if first:
        say(f"resumed after step {first}")
    log = Log(run, schedule.steps, say, done=first)
    with open_threads(threads or schedule.parts) as pool:
        for step in range(first, schedule.steps):
            for group in learner.optimizer.param_groups:
                group["lr"] = schedule.rate_at(step)
            log.add(take_step(learner, loss_at, schedule, step, pool, run))
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
    """Take one optimizer step and return the loss. Raises LossNotFinite before the weights are affected."""
    network = learner.network.train()
    trained = learner.trainable()
    weights: list[Tensor] = list(trained.values())

    def compute_gradient(part: int) -> tuple[float, Sequence[Tensor]]:
        loss = loss_at(network, step, part)
        # Some networks do not use the last layers of their prompts.
        return loss.item(), torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)

    parts = list(threads.map(compute_gradient, range(schedule.parts)))
    value = sum(loss for loss, _ in parts) / len(parts)
    # Always in the order of the parts, so that the sum is the same.
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


def copy_average(network: nn.Module) -> nn.Module:
    """Copy the network as its average, sharing frozen parameters."""
    frozen = {id(parameter): parameter for parameter in network.parameters() if not parameter.requires_grad}
    return copy.deepcopy(network, frozen).eval().requires_grad_(False)


def generator_at(seed: int, *place: int | str) -> torch.Generator:
    """Return the generator of one place in a run, such as a step. It does not depend on earlier draws."""
    digest = hashlib.sha256(repr((seed, place)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


@contextmanager
def open_threads(parts: int) -> Iterator[ThreadPoolExecutor]:
    """Open threads for the parts of a step. Inside, torch uses one thread for each operation."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(parts, initializer=torch.set_num_threads, initargs=(1,)) as threads:
            yield threads
    finally:
        torch.set_num_threads(before)


class Log:
    """Metrics since the last report, and the remaining time."""

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
