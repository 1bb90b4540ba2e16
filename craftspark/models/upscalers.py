"""Upscalers as models of a tool: what a job and its estimate need to know of them."""

from craftspark.models.capabilities import Guidance
from craftspark.models.model import Model
from craftspark.models.networks import NETWORKS


def find_upscaler(name: str) -> Model | None:
    """The upscaler as a model without sizes, steps and prompts. None if no network of this name enlarges."""
    network = NETWORKS.get(name)
    if network is None or network.does != "enlarge":
        return None
    return Model(
        name=name,
        source=network.source,
        licence=network.licence,
        family=network.family,
        capabilities=frozenset({"enlarge"}),
        dtype="float16",
        gpu_memory_gib=network.gpu_memory_gib,
        sizes=(),
        default_size="",
        min_steps=0,
        max_steps=0,
        default_steps=0,
        guidance=Guidance.fixed(0),
        negative_prompts=False,
        images_per_batch=1,
        tokenizer=None,
        max_prompt_tokens=0,
    )
