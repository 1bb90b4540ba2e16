"""The GPUs of EC2 instance families."""

import re
from typing import NamedTuple


class Gpu(NamedTuple):
    """A GPU: the memory that CUDA reports, in GiB, and whether it computes in bfloat16, as NVIDIA's do since Ampere."""

    name: str
    memory_gib: float
    bfloat16: bool


# By instance family: https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
GPUS = {
    "g4dn": Gpu("T4", 14.6, bfloat16=False),
    "g5": Gpu("A10G", 22.1, bfloat16=True),
    "g6": Gpu("L4", 22.0, bfloat16=True),
    "gr6": Gpu("L4", 22.0, bfloat16=True),
    "g6e": Gpu("L40S", 44.5, bfloat16=True),
    "p3dn": Gpu("V100", 31.7, bfloat16=False),
    "p4d": Gpu("A100", 39.4, bfloat16=True),
    "p4de": Gpu("A100", 79.3, bfloat16=True),
    "p5": Gpu("H100", 79.2, bfloat16=True),
}


def name_gpu(reported: str) -> str:
    """The name of a GPU in the device tables, from the name that CUDA reports, such as `NVIDIA H100 80GB HBM3`.

    A GPU of no EC2 family keeps its reported name, in characters that a file name can have.
    """
    words = re.split(r"[^A-Za-z0-9]+", reported.strip())
    known = {gpu.name for gpu in GPUS.values()}
    return next((word for word in words if word in known), "-".join(filter(None, words)))


def gpu_of(instance_type: str) -> Gpu:
    """The GPU of an instance type such as `g5.xlarge`. Raises KeyError for an unknown family."""
    return GPUS[instance_type.partition(".")[0]]
