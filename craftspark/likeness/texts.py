"""The text part of the encoder: CLIP's text transformer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from craftspark.models.tokens import Tokenizer

Array = NDArray[np.float32]

START, END = "<|startoftext|>", "<|endoftext|>"
EPSILON = 1e-5


class TextNetwork:
    """Maps texts to the states at their end-of-text tokens.

    `weights` and `config` are those of a CLIPTextModel, `vocabulary` has the number of each token.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        config: Mapping[str, Any],
        tokenizer: Tokenizer,
        vocabulary: Mapping[str, int],
    ) -> None:
        self._weights = weights
        self._layers, self._heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self._length = int(config["max_position_embeddings"])
        self._tokenizer, self._vocabulary = tokenizer, vocabulary

    def embed(self, texts: Sequence[str]) -> Array:
        """Return the states (N, width), neither centred nor normalised.

        What does not fit the network's length is cut.
        """
        numbered = [self._number(text) for text in texts]
        states = np.empty((len(texts), self._weights["final_layer_norm.bias"].size), np.float32)
        # Texts of one length are computed together. In a causal network, a state does not depend on later ones, so
        # there is no padding.
        for length in set(map(len, numbered)):
            places = [place for place, numbers in enumerate(numbered) if len(numbers) == length]
            states[places] = self._compute(np.array([numbered[place] for place in places]))
        return states

    def _number(self, text: str) -> list[int]:
        """Return the numbers of the tokens of a text, with the tokens of its start and end."""
        words = self._tokenizer.split(text)
        if END in words:
            words = words[: words.index(END)]
        return [self._vocabulary[token] for token in (START, *words[: self._length - 2], END)]

    def _compute(self, tokens: NDArray[np.int64]) -> Array:
        """Return the last states (N, width) of texts (N, length)."""
        states = self._weights["embeddings.token_embedding.weight"][tokens]
        states = states + self._weights["embeddings.position_embedding.weight"][: tokens.shape[1]]
        for layer in range(self._layers):
            place = f"encoder.layers.{layer}"
            states = states + self._attend(self._normalize(states, f"{place}.layer_norm1"), f"{place}.self_attn")
            inner = gelu(self._project(self._normalize(states, f"{place}.layer_norm2"), f"{place}.mlp.fc1"))
            states = states + self._project(inner, f"{place}.mlp.fc2")
        return self._normalize(states[:, -1], "final_layer_norm")

    def _attend(self, states: Array, place: str) -> Array:
        """Causal self-attention of states (N, length, width)."""
        number, length, width = states.shape
        query, key, value = (
            self._project(states, f"{place}.{name}_proj").reshape(number, length, self._heads, -1).swapaxes(1, 2)
            for name in ("q", "k", "v")
        )
        scores = query @ key.swapaxes(2, 3) / np.float32(math.sqrt(width / self._heads))
        scores = np.where(np.tri(length, dtype=bool), scores, np.float32(-np.inf))
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        seen = (shares @ value).swapaxes(1, 2).reshape(number, length, width)
        return self._project(seen, f"{place}.out_proj")

    def _project(self, states: Array, place: str) -> Array:
        projected: Array = states @ self._weights[f"{place}.weight"].T + self._weights[f"{place}.bias"]
        return projected

    def _normalize(self, states: Array, place: str) -> Array:
        centred = states - states.mean(-1, keepdims=True)
        normal = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(EPSILON))
        scaled: Array = normal * self._weights[f"{place}.weight"] + self._weights[f"{place}.bias"]
        return scaled


def gelu(values: Array) -> Array:
    """Return each value times the normal distribution up to it. NumPy has no error function: this one is the
    approximation 7.1.26 of the Handbook of Mathematical Functions, to 1.5e-7.
    """
    size = np.abs(values) / np.float32(math.sqrt(2))
    part = 1 / (1 + 0.3275911 * size)
    series = part * (
        0.254829592 + part * (-0.284496736 + part * (1.421413741 + part * (-1.453152027 + part * 1.061405429)))
    )
    error = np.sign(values) * (1 - series * np.exp(-size * size))
    result: Array = (values * (1 + error) / 2).astype(np.float32)
    return result
