"""Real faults of a GPU. Each runs in a separate process, because a fault ends all work of its process on the GPU."""

import subprocess
import sys

import pytest

ORDERS = """
import numpy as np
import torch
from craftspark.errors import ImageFlawed
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.isolation import DeviceLost
from gpu_tasks.tools.picture import PictureRenderer
from tests.gpu.rendering import an_order_of, silent, studio

BAD = 2
orders = [an_order_of("picture", seed, '{"prompt": "red apple", "steps": 2}') for seed in range(4)]
good = [order for order in orders if order.seed != BAD]
wanted = studio().render(good, silent)
plain = PictureRenderer.render


def breaking(fault):
    def render(self, wave, on_step):
        drawn = plain(self, wave, on_step)
        if any(order.seed == BAD for order in wave):
            fault()
        return drawn
    PictureRenderer.render = render


def same(drawings):
    return all(np.array_equal(one.pixels, other.pixels) for one, other in zip(drawings, wanted, strict=True))
"""

OUT_OF_MEMORY = """
breaking(lambda: torch.empty(1 << 42, dtype=torch.uint8, device="cuda"))
drawn = studio().render(orders, silent)
assert isinstance(drawn[BAD], torch.OutOfMemoryError), drawn[BAD]
assert same([each for place, each in enumerate(drawn) if place != BAD])
"""

MEMORY_TAKEN = """
torch.cuda.empty_cache()
torch.cuda.set_per_process_memory_fraction(1e-4)
drawn = studio().render(good, silent)
assert all(isinstance(each, torch.OutOfMemoryError) for each in drawn), drawn
torch.cuda.set_per_process_memory_fraction(1.0)
assert same(studio().render(good, silent))
"""

# The kernel detects an index out of bounds, and the next call that checks reports it: here a cuBLAS product.
LOST = """
def fault():
    torch.zeros(4, device="cuda")[torch.tensor([9], device="cuda")]
    torch.ones(64, 64, device="cuda", dtype=torch.float16) @ torch.ones(64, 64, device="cuda", dtype=torch.float16)
    torch.cuda.synchronize()

breaking(fault)
try:
    drawn = studio().render(orders, silent)
except DeviceLost:
    print("lost")
else:
    raise AssertionError(drawn)
"""


@pytest.mark.parametrize(
    "fault", [OUT_OF_MEMORY, MEMORY_TAKEN, LOST], ids=["an order takes too much", "another has taken it", "lost"]
)
def test_a_fault_of_the_gpu_takes_no_more_than_it_must(fault: str) -> None:
    ended = subprocess.run([sys.executable, "-c", ORDERS + fault], capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr[-3000:]
