"""The seconds that models need on each device: measured, or estimated where a comment says so."""

from dataclasses import replace

from craftspark.models.work import Profile

# Fitted to waves of all tools, measured on one thread of a laptop's CPU.
CPU_128 = Profile(
    step_s=0.07,
    call_s=0.12,
    enlarge_s=6.0,
    cut_s=0.04,
    paint_s=0.14,
    image_s=0.02,
    trace_s=0.14,
    write_s=0.09,
)
# A step at 512 pixels with 860 million parameters, compared with one at 128 with 15 million.
CPU_512 = replace(CPU_128, step_s=30.0, call_s=20.0)
# Measured on an NVIDIA H100 80GB by `python -m benchmarks.profiles --device cuda`; the host's CPU cuts and writes. At
# 128 pixels the GPU is busy for a tenth of a step and waits for Python otherwise, so a smaller GPU takes about as long.
GPU_128 = replace(CPU_128, step_s=0.0096, call_s=0.018, enlarge_s=0.08, cut_s=0.14, trace_s=0.18, write_s=0.036)
# At 512 pixels the same H100 takes 0.025 and 0.05 s, and is busy for 0.008 and 0.0125 s per image. The GPUs of a stage
# have about an eighth of its arithmetic, so these values are eight times the busy time.
GPU_512 = replace(GPU_128, step_s=0.064, call_s=0.1)


def estimate_at_1024(*, step_s: float, call_s: float) -> Profile:
    """A profile at 1024 pixels on an NVIDIA A10G or L4, the GPUs of a stage: an estimate, not a measurement."""
    return replace(GPU_128, step_s=step_s, call_s=call_s)
