"""Tiny text encoders with their tokenizers, by their names in a pipeline."""

from __future__ import annotations

from typing import Any

import transformers
from tokenizers.pre_tokenizers import ByteLevel

from gpu_tasks.inference.model_store import BUILT_IN

TOKENIZER = BUILT_IN / "craftspark-clipart-128/tokenizer"
CLIP_TOKENS = 77
BYTES = sorted(ByteLevel.alphabet())
CHAT_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] if message['content'] is string"
    " else message['content'] | map(attribute='text') | join('') }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LETTERS = "abcdefghijklmnopqrstuvwxyz,.-'0123456789"


def clip_tokenizer() -> Any:
    tokenizer = transformers.CLIPTokenizer.from_pretrained(TOKENIZER)
    tokenizer.model_max_length = CLIP_TOKENS
    return tokenizer


def clip_encoder(kind: Any = transformers.CLIPTextModel, hidden: int = 32) -> Any:
    size = len(clip_tokenizer())
    config = transformers.CLIPTextConfig(
        vocab_size=size,
        hidden_size=hidden,
        intermediate_size=32,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=32,
        bos_token_id=size - 2,
        eos_token_id=size - 1,
        pad_token_id=size - 1,
        max_position_embeddings=CLIP_TOKENS,
    )
    return kind(config).eval()


def clip(suffix: str = "", **options: Any) -> dict[str, Any]:
    """A CLIP text encoder with its tokenizer, by their names in a pipeline."""
    return {f"tokenizer{suffix}": clip_tokenizer(), f"text_encoder{suffix}": clip_encoder(**options)}


def t5(suffix: str = "") -> dict[str, Any]:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in LETTERS)]
    config = transformers.T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4)
    return {
        f"tokenizer{suffix}": transformers.T5Tokenizer(vocab=pieces, extra_ids=4, model_max_length=512),
        f"text_encoder{suffix}": transformers.T5EncoderModel(config).eval(),
    }


def chat_tokenizer() -> Any:
    vocabulary = {letter: number for number, letter in enumerate((*BYTES, *CHAT_TOKENS))}
    tokenizer = transformers.Qwen2Tokenizer(
        vocab=vocabulary, merges=[], additional_special_tokens=list(CHAT_TOKENS[1:]), model_max_length=1024
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def qwen3(kind: Any, layers: int) -> dict[str, Any]:
    config = transformers.Qwen3Config(
        vocab_size=300,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=1024,
    )
    return {"tokenizer": chat_tokenizer(), "text_encoder": kind(config).eval()}


def gemma(layers: int) -> dict[str, Any]:
    specials = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁")
    pieces = (*specials, *LETTERS, *LETTERS[:26].upper(), *':;()\n"')
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    config = transformers.Gemma2Config(
        vocab_size=128,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=1,
    )
    return {
        "tokenizer": transformers.GemmaTokenizer(vocab=vocabulary, merges=[], model_max_length=512),
        "text_encoder": transformers.Gemma2Model(config).eval(),
    }
