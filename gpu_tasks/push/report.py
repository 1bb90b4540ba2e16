"""What a push says at its end: size, licence, and what a stage needs to serve the model."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable

from craftspark.models.catalogue import CATALOGUE
from craftspark.models.gpus import GPUS
from craftspark.models.licences import Licence
from craftspark.models.model import DType, Model
from gpu_tasks.inference.families import family_of_pipeline, find_family
from gpu_tasks.inference.model_folder import ModelFiles
from gpu_tasks.push.plan import DENOISERS, PushPlan

GIB = 1024**3
# Estimates, until a profile measures the model: for the CUDA context and the decoding of an image of 1024 pixels, and
# for a decoder that works in float32.
WORKING_GIB = 2.0
UPCAST_GIB = 2.5
# The fields of a network's entry that depend on what it does.
OPEN_FIELDS = {"enlarge": ("reach", "gpu_memory_gib"), "embed": ("dimension",)}


def served_type(name: str, plan: PushPlan) -> DType:
    """The type of 16 bits to serve the model in: that of its catalogue entry, or else of its family.

    Transformers exceed the range of float16. UNets do not, unless their weights are stored as bfloat16.
    """
    if entry := CATALOGUE.get(name_entry(name)):
        return entry.dtype
    family = family_of_pipeline(plan.pipeline or "")
    if family and find_family(family).denoiser == "transformer":
        return "bfloat16"
    stored = Counter(plan.parameters.get("unet", {"BF16": 1}))
    return "bfloat16" if stored.most_common(1)[0][0] == "BF16" else "float16"


def name_entry(name: str) -> str:
    """The name of a model's entry: what follows in the name of its place is a revision."""
    return name.partition("/")[0]


def estimate_gpu_gib(plan: PushPlan) -> float:
    """The GPU memory that the model needs: its parameters in 16 bits, and a fixed amount to work with. An estimate."""
    parameters = sum(sum(counts.values()) for counts in plan.parameters.values())
    return 2 * parameters / GIB + _working_gib(plan)


def _working_gib(plan: PushPlan) -> float:
    upcast = plan.settings.get("vae", {}).get("force_upcast") is True
    return WORKING_GIB + (UPCAST_GIB if upcast else 0)


def report(name: str, plan: PushPlan, files: ModelFiles, *, commit: str | None = None) -> str:
    """Describe a push in lines of text."""
    size = sum(files.sizes[path] for path in plan.copied.values()) + sum(map(len, plan.written.values()))
    lines = [f"size: {size / GIB:.2f} GiB in {len(plan.copied) + len(plan.written)} files"]
    if commit:
        lines.append(f"commit: {commit}")
    lines += _licence_lines(plan)
    lines += [f"left out: {part}/: {reason}" for part, reason in plan.left_out.items()]
    lines += _weight_lines(plan)
    if plan.pipeline:
        lines += _needs(name, plan, size)
        lines += ["", "Entry for craftspark/models/catalogue.py; complete it from the model's card and a profile:", ""]
        lines += _entry(name, plan)
    if plan.does:
        lines += ["", "Entry for craftspark/models/networks.py; complete it from the card:", ""]
        lines += _network_entry(name, plan)
    if plan.adapter:
        lines.append(f"style: source='s3:{name}' in a Style of {plan.adapter.base} in craftspark/models/catalogue.py")
    return "\n".join(lines)


def _licence_lines(plan: PushPlan) -> Iterable[str]:
    if not plan.licences:
        yield f"licence: {', '.join(plan.stated) or 'none stated'}; you confirmed that you may use it commercially"
    for licence in plan.licences:
        yield f"licence: {licence.title} ({licence.name}), {licence.source}"
        yield f"  commercial use: {_say_commercial(licence)}"
        if licence.restrictions:
            yield f"  restrictions: {licence.restrictions}"
        yield f"  attribution: {licence.attribution}"


def _say_commercial(licence: Licence) -> str:
    if not licence.commercial:
        return "no; you confirmed that you have another licence"
    return f"{licence.condition}; you confirmed that" if licence.condition else "yes"


def _weight_lines(plan: PushPlan) -> Iterable[str]:
    for component, counts in plan.parameters.items():
        kinds = ", ".join(f"{kind} {number / 1e6:,.1f} M" for kind, number in sorted(counts.items()))
        variant = plan.variants.get(component)
        yield f"weights: {component}: {kinds}{f' (variant {variant})' if variant else ''}"


def _needs(name: str, plan: PushPlan, size: int) -> Iterable[str]:
    kind, gib = served_type(name, plan), estimate_gpu_gib(plan)
    yield f"served in: {kind}"
    yield f"GPU memory: {gib:.1f} GiB (estimate: 2 bytes a parameter and {_working_gib(plan):g} GiB to work with)"
    fits = {
        family: gpu for family, gpu in GPUS.items() if gpu.memory_gib >= gib and (gpu.bfloat16 or kind == "float16")
    }
    yield "pool: instance_types of " + (
        ", ".join(f"{family} ({gpu.name}, {gpu.memory_gib:g} GiB)" for family, gpu in fits.items())
        if fits
        else f"a GPU with more than {gib:.1f} GiB; none of {', '.join(GPUS)} has that"
    )
    if kind == "bfloat16":
        yield "pool: not g4dn, whose GPU has no bfloat16"
    yield f"disk: {size / GIB:.1f} GiB on each instance, on its NVMe disk or in the pool's disk_gib"


def _entry(name: str, plan: PushPlan) -> Iterable[str]:
    """The fields that a catalogue entry must have. Those that the files do not contain are left open."""
    known = {
        "name": repr(name_entry(name)),
        "source": repr(f"s3:{name}"),
        "licence": repr(_name_licence(plan)),
        "dtype": repr(served_type(name, plan)),
        "gpu_memory_gib": f"{estimate_gpu_gib(plan):.1f}",
    }
    if plan.pipeline and (family := family_of_pipeline(plan.pipeline)):
        known["family"] = repr(family)
    if size := _native_size(plan):
        known |= {"sizes": repr((size,)), "default_size": repr(size)}
    yield "Model("
    for each in dataclasses.fields(Model):
        required = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
        if each.name in known:
            yield f"    {each.name}={known[each.name]},"
        elif required:
            yield f"    {each.name}=...,"
    yield "),"


def _network_entry(name: str, plan: PushPlan) -> Iterable[str]:
    yield "Network("
    yield f"    name={name_entry(name)!r},"
    yield f"    source={f's3:{name}'!r},"
    yield "    upstream=...,"
    yield "    family=...,"
    yield f"    does={plan.does!r},"
    yield f"    licence={_name_licence(plan)!r},"
    yield "    attribution=...,"
    for field in OPEN_FIELDS.get(plan.does or "", ()):
        yield f"    {field}=...,"
    yield "),"


def _name_licence(plan: PushPlan) -> str:
    return plan.licences[0].name if plan.licences else ", ".join(plan.stated)


def _native_size(plan: PushPlan) -> str | None:
    """The size that the network was trained for, from its configuration, if that says it."""
    denoiser = next((plan.settings[name] for name in DENOISERS if name in plan.settings), {})
    vae = plan.settings.get("vae", {})
    blocks = vae.get("block_out_channels") or vae.get("encoder_block_out_channels")
    latents = denoiser.get("sample_size")
    if not isinstance(latents, int) or not isinstance(blocks, list):
        return None
    side = latents * 2 ** (len(blocks) - 1)
    return f"{side}x{side}"
