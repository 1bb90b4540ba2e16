"""What a push copies to the models bucket, decided and checked before weights are downloaded."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from craftspark.models.catalogue import CATALOGUE
from craftspark.models.licences import Licence
from craftspark.models.networks import Does
from gpu_tasks.inference import adapters, matting, upscaler_networks
from gpu_tasks.inference.encoders import two_towers
from gpu_tasks.inference.families import family_of_pipeline, find_family, list_pipelines
from gpu_tasks.inference.manifests import is_about, is_picture
from gpu_tasks.inference.model_folder import INDEX, ModelFiles, NoModel, check_paths, read_json
from gpu_tasks.inference.weight_files import ANY_INDEX, PICKLES, count_parameters, plan_weights
from gpu_tasks.push.licences import list_encoder_licences, read_licences

# What each library calls its files of weights.
LIBRARIES = {"diffusers": "diffusion_pytorch_model", "transformers": "model"}
DENOISERS = ("transformer", "unet")
# The service checks every image with its own classifier, which is smaller.
SAFETY_CHECKER = ("safety_checker", "feature_extractor")
CHECKER = ("safety_checker", "stable_diffusion", "StableDiffusionSafetyChecker")
# Settings that make the libraries run code of the model, or load weights with libraries that workers do not have.
CODE = ("auto_map", "custom_pipeline", "custom_pipelines")
QUANTIZATION = "quantization_config"
# Components of these kinds have only settings.
_WITHOUT_WEIGHTS = ("Tokenizer", "TokenizerFast", "Scheduler", "ImageProcessor", "FeatureExtractor", "Processor")
_SETTINGS = (".json", ".txt", ".model", ".jinja")


@dataclass(frozen=True, kw_only=True)
class PushPlan:
    """`copied` maps names in the bucket to paths in the source, `written` to new contents.

    `pipeline` is the class of a pipeline, `does` what another network does, and `adapter` the facts of an adapter; the
    others are None. `parameters` are the numbers of
    parameters of each component by safetensors' names of types. `left_out` gives the reason for each part that is not
    copied.
    """

    pipeline: str | None
    does: Does | None = None
    adapter: adapters.Adapter | None = None
    copied: Mapping[str, str]
    written: Mapping[str, bytes]
    licences: tuple[Licence, ...]
    stated: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    variants: Mapping[str, str | None] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def plan_push(
    files: ModelFiles, *, variant: str | None = None, safety_checker: bool = False, licensed: bool = False
) -> PushPlan:
    """Decide what to copy. Reads only small files and the headers of weights. Raises NoModel or LicenceRefused."""
    check_paths(files.sizes)
    if INDEX in files.sizes:
        return _plan_pipeline(files, variant=variant, safety_checker=safety_checker, licensed=licensed)
    if {two_towers.CONFIG, two_towers.PICTURES} <= set(files.sizes):
        return _plan_encoder(files, variant=variant, licensed=licensed)
    if {upscaler_networks.CONFIG, upscaler_networks.WEIGHTS} <= set(files.sizes):
        return _plan_upscaler(files, licensed=licensed)
    if {matting.CONFIG, matting.GRAPH} <= set(files.sizes):
        return _plan_matting(files, licensed=licensed)
    return _plan_adapter(files, licensed=licensed)


def _plan_upscaler(files: ModelFiles, *, licensed: bool) -> PushPlan:
    settings = read_json(files, upscaler_networks.CONFIG)
    try:
        upscaler_networks.read_config(settings)
    except ValueError as error:
        raise NoModel(f"not an upscaler: {error}") from None
    parameters = count_parameters(upscaler_networks.WEIGHTS, files.read_tensors(upscaler_networks.WEIGHTS))
    own = (upscaler_networks.CONFIG, upscaler_networks.WEIGHTS)
    return _plan_network(files, "enlarge", own, {"network": parameters}, licensed=licensed)


def _plan_matting(files: ModelFiles, *, licensed: bool) -> PushPlan:
    settings = read_json(files, matting.CONFIG)
    try:
        matting.read_config(settings)
    except ValueError as error:
        raise NoModel(f"not a matting network: {error}") from None
    return _plan_network(files, "cut", (matting.CONFIG, matting.GRAPH), {}, licensed=licensed)


def _plan_encoder(files: ModelFiles, *, variant: str | None, licensed: bool) -> PushPlan:
    settings = [path for path in files.sizes if "/" not in path and _is_settings_name(path)]
    for path in settings:
        if path.endswith("config.json"):
            _check_config(path, read_json(files, path))
    try:
        two_towers.read_family(read_json(files, two_towers.CONFIG))
    except ValueError as error:
        raise NoModel(f"not an encoder: {error}") from None
    if not two_towers.has_tokenizer(settings):
        raise NoModel(f"not an encoder: {two_towers.TOKENIZERS[0][0]} is missing")
    weights = plan_weights("", two_towers.STEM, files, variant=variant, native="fp16")
    plan = _plan_network(files, "embed", settings, {"network": weights.parameters}, licensed=licensed)
    return replace(
        plan,
        copied={**plan.copied, **weights.copied},
        written=weights.written,
        variants={"network": weights.variant},
    )


def _plan_network(
    files: ModelFiles,
    does: Does,
    own: Collection[str],
    parameters: Mapping[str, Mapping[str, int]],
    *,
    licensed: bool,
) -> PushPlan:
    stated, licences = read_licences(files, licensed=licensed)
    return PushPlan(
        pipeline=None,
        does=does,
        copied={name: name for name in files.sizes if name in own or is_about(name)},
        written={},
        licences=licences,
        stated=stated,
        parameters=parameters,
    )


def _plan_adapter(files: ModelFiles, *, licensed: bool) -> PushPlan:
    missing = [name for name in (adapters.FACTS, adapters.WEIGHTS) if name not in files.sizes]
    if missing:
        pickles = [name for name in files.sizes if name.endswith(PICKLES)]
        beside = f"; {pickles[0]} is a pickle, which can run code when it is loaded" if pickles else ""
        raise NoModel(
            f"not a model: {INDEX} is missing; not an upscaler: {upscaler_networks.CONFIG} or "
            f"{upscaler_networks.WEIGHTS} is missing; not an adapter: {' and '.join(missing)} missing{beside}"
        )
    try:
        facts = adapters.parse_facts(read_json(files, adapters.FACTS))
    except ValueError as error:
        raise NoModel(f"not an adapter: {error}") from None
    _check_changes(files.read_tensors(adapters.WEIGHTS), facts)
    own = (adapters.FACTS, adapters.WEIGHTS)
    copied = {name: name for name in files.sizes if name in own or is_about(name) or is_picture(name)}
    stated, licences = read_licences(files, licensed=licensed)
    return PushPlan(pipeline=None, adapter=facts, copied=copied, written={}, licences=licences, stated=stated)


def _check_changes(tensors: Collection[str], facts: adapters.Adapter) -> None:
    """Raise NoModel if an adapter changes another part of a pipeline than the denoising network of its model."""
    entry = CATALOGUE.get(facts.base)
    if entry is None:
        raise NoModel(f"{adapters.FACTS} is for the model {facts.base}, and the catalogue has {', '.join(CATALOGUE)}")
    denoiser = find_family(entry.family).denoiser
    if other := sorted(name for name in tensors if not name.startswith(f"{denoiser}.")):
        raise NoModel(f"{adapters.WEIGHTS} changes {other[0]}; an adapter of {facts.base} changes only its {denoiser}")


def _plan_pipeline(files: ModelFiles, *, variant: str | None, safety_checker: bool, licensed: bool) -> PushPlan:
    index = read_json(files, INDEX)
    pipeline = _check_class(index)
    left_out: dict[str, str] = {}
    if not safety_checker and index.get("safety_checker") not in (None, [None, None]):
        left_out = dict.fromkeys(SAFETY_CHECKER, "the worker checks every image with its own classifier")
        index |= {name: [None, None] for name in SAFETY_CHECKER} | {"requires_safety_checker": False}
    stated, licences = read_licences(files, licensed=licensed)
    components = _components(index)
    _check_complete(pipeline, components)
    settings = _check_settings(components, files)
    native = "bf16" if "transformer" in components else "fp16"
    weights = {
        name: plan_weights(name, LIBRARIES.get(library, "model"), files, variant=variant, native=native)
        for name, (library, kind) in components.items()
        if not kind.endswith(_WITHOUT_WEIGHTS)
    }
    if variant and all(each.variant != variant for each in weights.values()):
        offered = sorted(frozenset().union(*(each.offered for each in weights.values())))
        raise NoModel(f"no component has the variant {variant}; the model has {', '.join(offered) or 'no variants'}")
    copied = {path: path for path in files.sizes if is_about(path) or _is_settings(path, components)}
    written = {INDEX: (json.dumps(index, indent=2, sort_keys=True) + "\n").encode()} if left_out else {}
    for each in weights.values():
        copied |= each.copied
        written |= each.written
    if not left_out:
        copied[INDEX] = INDEX
    return PushPlan(
        pipeline=pipeline,
        copied=copied,
        written=written,
        licences=tuple(dict.fromkeys([*licences, *list_encoder_licences(components)])),
        stated=stated,
        parameters={name: each.parameters for name, each in weights.items()},
        variants={name: each.variant for name, each in weights.items()},
        left_out=left_out,
        settings=settings,
    )


def _check_class(index: Mapping[str, Any]) -> str:
    """The pipeline's class. Raises NoModel if workers do not load it or it runs code of the model."""
    _refuse_code(INDEX, index)
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str):
        raise NoModel(f"{INDEX} names no pipeline class of Diffusers but {pipeline!r}; code of a model is never run")
    if pipeline not in (supported := list_pipelines()):
        raise NoModel(f"workers do not load {pipeline}; they load {', '.join(supported)}")
    return pipeline


def _components(index: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The library and class of each component. A component that the pipeline does not have is [null, null]."""
    components = {}
    for name, kind in index.items():
        if name.startswith("_") or not isinstance(kind, list) or not any(kind):
            continue
        if not name.isidentifier() or len(kind) != 2 or not all(isinstance(part, str) for part in kind):
            raise NoModel(f"{INDEX} has an invalid component: {name}: {kind}")
        library, cls = kind
        if library not in LIBRARIES and (name, library, cls) != CHECKER:
            raise NoModel(
                f"the component {name} is of the library {library}; workers have only {' and '.join(LIBRARIES)}, and "
                "code of a model is never run"
            )
        components[name] = (library, cls)
    if not components:
        raise NoModel(f"not a model: {INDEX} has no components")
    return components


def _check_complete(pipeline: str, components: Collection[str]) -> None:
    family = find_family(family_of_pipeline(pipeline) or "")
    if missing := [name for name in family.list_components(pipeline) if name not in components]:
        raise NoModel(f"not a model: {INDEX} has no {', '.join(missing)}, which a {pipeline} needs")


def _check_settings(components: Mapping[str, tuple[str, str]], files: ModelFiles) -> dict[str, dict[str, Any]]:
    """The config.json of each component with weights. Raises NoModel if a component's settings are missing."""
    missing = [
        f"{name}/{wanted}" for name, (_, kind) in components.items() for wanted in _missing_settings(name, kind, files)
    ]
    if missing:
        raise NoModel(f"not a model: files are missing: {', '.join(missing)}")
    settings = {}
    for path in files.sizes:
        component, _, name = path.partition("/")
        if component in components and name.endswith("config.json"):
            values = read_json(files, path)
            _check_config(path, values)
            if name == "config.json":
                settings[component] = values
    return settings


def _missing_settings(name: str, kind: str, files: ModelFiles) -> list[str]:
    own = {path.removeprefix(f"{name}/") for path in files.sizes if path.startswith(f"{name}/")}
    if kind.endswith(("Tokenizer", "TokenizerFast")):
        whole = "tokenizer.json" in own or any(path.endswith(".model") for path in own)
        return [] if whole or {"vocab.json", "merges.txt"} <= own else ["tokenizer.json"]
    wanted = "config.json"
    if kind.endswith("Scheduler"):
        wanted = "scheduler_config.json"
    elif kind.endswith(_WITHOUT_WEIGHTS):
        wanted = "preprocessor_config.json"
    return [] if wanted in own else [wanted]


def _check_config(path: str, values: Mapping[str, Any]) -> None:
    _refuse_code(path, values)
    if values.get(QUANTIZATION):
        raise NoModel(f"{path} has a {QUANTIZATION}; workers load only weights that are not quantized")


def _refuse_code(name: str, values: Mapping[str, Any]) -> None:
    if asked := [key for key in CODE if values.get(key)]:
        raise NoModel(f"{name} has {asked[0]}, which runs code of the model; code of a model is never run")


def _is_settings(path: str, components: Mapping[str, object]) -> bool:
    pure = PurePosixPath(path)
    return pure.parts[0] in components and len(pure.parts) > 1 and _is_settings_name(pure.name)


def _is_settings_name(name: str) -> bool:
    return PurePosixPath(name).suffix in _SETTINGS and not ANY_INDEX.fullmatch(name)
