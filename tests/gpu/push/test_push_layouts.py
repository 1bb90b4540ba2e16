"""Pipelines as Diffusers saves them, with variants and shards, load after a push without a variant."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    DiffusionPipeline,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from gpu_tasks.inference.families import family_of_pipeline, find_family
from gpu_tasks.inference.manifests import check
from gpu_tasks.inference.model_folder import FolderFiles, NoModel
from gpu_tasks.inference.model_store import BUILT_IN, open_pipeline
from gpu_tasks.push.plan import plan_push
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.model_layouts import CARD, write
from tests.gpu.pushing import push_folder
from tests.gpu.tiny_models import BUILDERS

TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def a_tiny_sdxl() -> Any:
    """Stable Diffusion XL: a UNet and two text encoders of Transformers, with vocabularies in two files."""
    text = CLIPTextConfig(
        vocab_size=4217,
        hidden_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=32,
    )
    tokenizer = CLIPTokenizer.from_pretrained(BUILT_IN / "craftspark-clipart-128/tokenizer")
    unet = UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=8,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=64,
        attention_head_dim=(2, 4),
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32,
        use_linear_projection=True,
    )
    return StableDiffusionXLPipeline(
        vae=AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, sample_size=64),
        text_encoder=CLIPTextModel(text),
        text_encoder_2=CLIPTextModelWithProjection(text),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler(),
        add_watermarker=False,
    )


def a_tiny_klein() -> Any:
    """FLUX.2 klein: a transformer and a language model, whose tokenizer has a chat template."""
    vocabulary = {chr(33 + number): number for number in range(90)}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary | {"<|endoftext|>": 90}, merges=[])
    tokenizer.chat_template = TEMPLATE
    text = Qwen3Config(
        vocab_size=300,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=48,
        timestep_guidance_channels=32,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    return Flux2KleinPipeline(
        transformer=transformer,
        vae=AutoencoderKLFlux2(
            block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4
        ),
        text_encoder=Qwen3ForCausalLM(text),
        tokenizer=tokenizer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        is_distilled=True,
    )


@pytest.mark.parametrize(
    ("build", "variant", "dtype"),
    [
        (a_tiny_sdxl, None, torch.float32),
        (a_tiny_sdxl, "fp16", torch.float16),
        (a_tiny_klein, "bf16", torch.bfloat16),
        (a_tiny_klein, None, torch.bfloat16),
    ],
)
def test_a_pushed_pipeline_loads_without_a_variant(
    models_bucket: FolderBucket, tmp_path: Path, build: Callable[[], Any], variant: str | None, dtype: torch.dtype
) -> None:
    saved = build().to(dtype=dtype)
    saved.save_pretrained(tmp_path / "saved", variant=variant, max_shard_size="40KB")
    write(tmp_path / "saved/README.md", CARD)

    push_folder(tmp_path / "saved")

    arrived = models_bucket.root / "new"
    check(arrived)
    loaded = DiffusionPipeline.from_pretrained(arrived, dtype=dtype, local_files_only=True)
    assert type(loaded) is type(saved)
    assert any("-of-" in path.name for path in arrived.rglob("*.safetensors"))
    for name, part in saved.components.items():
        assert type(loaded.components[name]) is type(part)
        if isinstance(part, torch.nn.Module):
            there = loaded.components[name].state_dict()
            assert all(torch.equal(tensor, there[key]) for key, tensor in part.state_dict().items())
    assert getattr(loaded.tokenizer, "chat_template", None) == getattr(saved.tokenizer, "chat_template", None)


# One of each pipeline class that workers draw with.
NAMES = (
    *("sd-1.5", "sd-1.5-lcm", "sd-1.5-inpainting", "sdxl", "sdxl-inpainting", "sd-3", "flux-schnell", "flux2-klein"),
    *("chroma", "z-image", "qwen-image", "sana", "sana-sprint", "pixart-sigma", "lumina2"),
)


@pytest.mark.filterwarnings("ignore:`FluxPosEmbed` is deprecated:FutureWarning")
@pytest.mark.parametrize("name", NAMES)
def test_a_folder_with_a_full_copy_and_a_variant_in_shards_arrives_as_one_copy_that_loads(
    models_bucket: FolderBucket, tmp_path: Path, name: str
) -> None:
    saved = BUILDERS[name]()
    saved.save_pretrained(tmp_path / "saved", max_shard_size="40KB")
    saved.to(dtype=torch.bfloat16).save_pretrained(tmp_path / "saved", variant="bf16", max_shard_size="40KB")
    write(tmp_path / "saved/README.md", CARD)
    family = find_family(family_of_pipeline(type(saved).__name__) or "")

    push_folder(tmp_path / "saved")

    loaded = open_pipeline(models_bucket.root / "new", torch.bfloat16, family)
    assert type(loaded) is type(saved)
    assert not [*(models_bucket.root / "new").rglob("*bf16*")]
    for component, part in saved.components.items():
        if isinstance(part, torch.nn.Module):
            there = loaded.components[component].state_dict()
            assert all(torch.equal(tensor, there[key]) for key, tensor in part.state_dict().items())


@pytest.mark.filterwarnings("ignore:`FluxPosEmbed` is deprecated:FutureWarning")
@pytest.mark.parametrize("name", NAMES)
def test_a_pipeline_without_one_of_its_components_is_refused(
    tmp_path: Path, tiny_model: Callable[[str], Path], name: str
) -> None:
    folder = shutil.copytree(tiny_model(name), tmp_path / "model")
    (folder / "manifest.json").unlink()
    write(folder / "README.md", CARD)
    index = json.loads((folder / "model_index.json").read_text())
    used = [component for component, kind in index.items() if isinstance(kind, list) and any(kind)]

    assert plan_push(FolderFiles(folder))
    for component in used:
        write(folder / "model_index.json", json.dumps(index | {component: [None, None]}))
        with pytest.raises(NoModel, match=rf"model_index\.json has no {component}, which a"):
            plan_push(FolderFiles(folder))
