"""Measures a model: its load, and its drawings by capability, size and number of images in a call."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from craftspark.models.capabilities import Capability
from craftspark.models.model import Model
from craftspark.tools.request import sides
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.adapters import AdapterCache
from gpu_tasks.inference.device import name_device
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.families import find_family
from gpu_tasks.inference.model_store import load_folder
from gpu_tasks.profile.accelerations import choose_acceleration, describe, measure_accelerations, records_of
from gpu_tasks.profile.timing import Clock, describe_machine, drop_from_cache, round_to
from gpu_tasks.profile.wave_size import choose_wave_size

WAVE_SIZES = (1, 2, 4, 8)
MEASURED: tuple[Capability, ...] = ("draw", "redraw", "repaint", "seamless")
# Prompts of different lengths: in some models, a longer prompt in the same call changes the others' drawings.
PROMPTS = ("sunflower", "a red apple on a plate", "bee", "a small house with a blue door and two round windows")
SEED = 7

Table = dict[str, dict[str, dict[str, float]]]  # seconds by capability, size and wave size


def measure_model(
    entry: Model, folder: Path, device: str, wave_sizes: Sequence[int] = WAVE_SIZES, kept: int | None = None
) -> dict[str, Any]:
    """Return the record of a model whose files are in a folder. `kept` is a wave size that does not change, and with
    it the device's acceleration stays.

    Raises ModelUnavailable if the model does not load or does not fulfil its entry.
    """
    clock = Clock(device)
    torch.zeros(1, device=device)  # the first use of a GPU takes seconds, which are the machine's and not the model's
    drop_from_cache(folder)
    cold_s, pipeline = clock.time(lambda: load_folder(folder, entry, device))
    del pipeline
    gc.collect()
    clock.forget_memory()
    timed = measure_accelerations(entry, folder, clock, partial(_drawing_of, clock=clock))
    known = entry.on(name_device(device)).acceleration
    entry = replace(entry, faster=choose_acceleration(timed) if kept is None else known)
    warm_s, pipeline = clock.time(lambda: load_folder(folder, entry, device))
    bench = DrawingBench(pipeline, entry, clock)
    first_s, _ = clock.time(bench.diffusion(1).check_drawings)
    image_s, peak_memory_gib = bench.measure_all(wave_sizes)
    exact = [size for size in bench.fitting if size > 1 and bench.is_exact(size)]
    base = bench.capabilities[0]
    chosen = choose_wave_size(
        {int(size): seconds for size, seconds in image_s[base][entry.default_size].items()}, exact
    )
    seconds = bench.measure_units(kept or chosen)
    reason = {"wave_reason": f"kept, for the same pixels as before; {chosen} would be chosen"}
    return {
        "source": describe_machine(device),
        "load_s": {"cold": round_to(cold_s), "warm": round_to(warm_s), "first_drawings": round_to(first_s)},
        "wave_size": kept or chosen,
        **(reason if kept not in (None, chosen) else {}),
        "exact_wave_sizes": [1, *exact],
        "acceleration": describe(entry.acceleration),
        "accelerations": records_of(timed),
        "seconds": seconds,
        "steps": entry.default_steps,
        "image_s": image_s,
        "peak_memory_gib": peak_memory_gib,
    }


def _drawing_of(pipeline: Any, entry: Model, *, clock: Clock) -> Callable[[], None]:
    """Return the drawing of one image, with the first capability and in the default size."""
    bench = DrawingBench(pipeline, entry, clock)
    return partial(bench.draw_once, bench.capabilities[0])


class DrawingBench:
    """Draws with one pipeline in calls of several sizes. `fitting` are the wave sizes that the memory is enough for."""

    def __init__(self, pipeline: Any, entry: Model, clock: Clock) -> None:
        self.entry = entry
        self.capabilities = [each for each in MEASURED if each in entry.capabilities]
        self.fitting: list[int] = []
        self._pipeline = pipeline
        self._clock = clock
        self._family = find_family(entry.family)
        # The profile is of drawings without a style.
        component = self._family.denoiser
        self._adapters = AdapterCache(getattr(pipeline, component), "", Path, component=component)
        self._diffusions: dict[int, Diffusion] = {}

    def diffusion(self, wave_size: int) -> Diffusion:
        """Return what draws in calls of this size."""
        if wave_size not in self._diffusions:
            entry = replace(self.entry, wave=wave_size)
            self._diffusions[wave_size] = Diffusion(self._pipeline, entry, self._adapters)
        return self._diffusions[wave_size]

    def measure_all(self, wave_sizes: Sequence[int]) -> tuple[Table, dict[str, float]]:
        """Return the seconds of an image by capability, size and wave size, and the peak memory by wave size.

        A wave size that needs more memory than the device has is left out.
        """
        table: Table = {capability: {size: {} for size in self.entry.sizes} for capability in self.capabilities}
        peak_memory_gib: dict[str, float] = {}
        for wave_size in sorted(wave_sizes):
            if wave_size > 1 and self._family.one_image_per_call:
                break
            self._clock.forget_memory()
            try:
                for capability in self.capabilities:
                    for size in self.entry.sizes:
                        call_s = self.measure(capability, size, self.entry.default_steps, wave_size)
                        table[capability][size][str(wave_size)] = round_to(call_s / wave_size)
            except torch.OutOfMemoryError:
                for sizes in table.values():
                    for seconds in sizes.values():
                        seconds.pop(str(wave_size), None)
                break
            self.fitting.append(wave_size)
            peak_memory_gib[str(wave_size)] = round_to(self._clock.peak_memory_gib())
        return table, peak_memory_gib

    def draw_once(self, capability: Capability) -> None:
        """Draw one image with the entry's default settings."""
        sketches = self._sketches(capability, self.entry.default_size, 1)
        self.draw(capability, self.entry.default_size, self.entry.default_steps, 1, sketches)

    def measure(self, capability: Capability, size: str, steps: int, wave_size: int) -> float:
        """Return the seconds of a call of `wave_size` images."""
        sketches = self._sketches(capability, size, wave_size)
        return self._clock.median(partial(self.draw, capability, size, steps, wave_size, sketches))

    def measure_units(self, wave_size: int) -> dict[str, float]:
        """Return the seconds of each unit of a Profile that the model takes, in calls of this size.

        Steps and calls come from drawings with two numbers of steps, the others from the difference to a drawing.
        """
        entry, base = self.entry, self.capabilities[0]
        few, many = max(entry.min_steps, min(2, entry.max_steps)), max(entry.default_steps, entry.min_steps + 2)
        many = min(many, entry.max_steps)
        size = entry.default_size
        call_s = {steps: self.measure(base, size, steps, wave_size) for steps in {few, many}}
        step_s = (call_s[many] - call_s[few]) / (many - few) if many > few else 0.0
        if step_s <= 0:  # a pause of the machine can be longer than the steps of a small model
            step_s = call_s[many] / many
        rest_s = max(0.0, call_s[many] - many * step_s)
        units = {"step_s": step_s, "seamless_step_s": step_s, "call_s": rest_s}
        for capability in self.capabilities:
            if capability == base:
                continue
            seconds = self.measure(capability, size, many, wave_size)
            if capability == "seamless":
                units["seamless_step_s"] = max(step_s, (seconds - rest_s) / many)
            else:
                units[f"{capability}_s"] = max(0.0, seconds - call_s[many])
        return {name: round_to(value) for name, value in units.items()}

    def is_exact(self, wave_size: int) -> bool:
        """Return whether an image's pixels depend neither on its place in a call of this size nor on the other images.

        Each place is compared with the next by one image, and a full call with a padded one. Kernels whose rounding
        depends on the place change many of an image's bytes.
        """
        for capability in self.capabilities:
            sketches = self._sketches(capability, self.entry.default_size, wave_size)
            draw = partial(self.draw, capability, self.entry.default_size, self.entry.default_steps, wave_size)
            there = draw(sketches)
            moved = draw([*sketches[-1:], *sketches[:-1]])
            [alone] = draw(sketches[:1])
            if not all(map(_are_same, there, [*moved[1:], moved[0]])) or not _are_same(there[0], alone):
                return False
        return True

    def draw(
        self, capability: Capability, size: str, steps: int, wave_size: int, sketches: Sequence[Sketch]
    ) -> list[Pixels | None]:
        """Draw with one capability. Pictures are redrawn and repainted completely."""
        from_picture = capability in ("redraw", "repaint")
        settings = DrawingSettings(
            size=sides(size),
            steps=steps,
            guidance=self.entry.guidance.default,
            strength=1.0 if from_picture else None,
            repeat="straight" if capability == "seamless" else None,
        )
        return self.diffusion(wave_size).draw(sketches, settings, lambda _share: None)

    def _sketches(self, capability: Capability, size: str, count: int) -> list[Sketch]:
        width, height = sides(size)
        inputs: Mapping[str, Any] = {}
        if capability in ("redraw", "repaint"):
            ramp = np.linspace(0, 255, width * height * 3).reshape(height, width, 3).astype(np.uint8)
            inputs = {"start": ramp}
        if capability == "repaint":
            unknown = np.zeros((height, width), np.uint8)
            unknown[:, width // 2 :] = 1
            inputs = {**inputs, "unknown": unknown}
        return [
            Sketch(prompt=PROMPTS[number % len(PROMPTS)], negative_prompt="", seed=SEED + number, **inputs)
            for number in range(count)
        ]


def _are_same(one: Pixels | None, other: Pixels | None) -> bool:
    return one is not None and other is not None and np.array_equal(one, other)
