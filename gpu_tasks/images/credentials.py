"""C2PA content credentials: a signed statement in a file about how it was made (https://c2pa.org)."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import c2pa

from craftspark.errors import SigningKeyUnusable
from craftspark.version import VERSION
from gpu_tasks.activity import TrackedBytes
from gpu_tasks.images.provenance import Recipe

ALGORITHMS = {algorithm.name.lower(): algorithm for algorithm in c2pa.C2paSigningAlg}
# Manifests contain no thumbnail.
SETTINGS = {"builder": {"thumbnail": {"enabled": False}}}


class Signer:
    """Signs PNG and SVG files with one key. Each signature has random salts, so two signatures of one file differ."""

    def __init__(self, *, algorithm: str, certificates: str, private_key: str) -> None:
        """Make a signer. `certificates` is the chain in PEM, with the signer's own certificate first. `private_key` is
        its PKCS#8 key in PEM.

        Raises SigningKeyUnusable if the key cannot sign.
        """
        try:
            info = c2pa.C2paSignerInfo(ALGORITHMS[algorithm], certificates.encode(), private_key.encode(), None)
            self._signer = c2pa.Signer.from_info(info)
            self._context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS))
        except (KeyError, c2pa.C2paError) as error:
            raise SigningKeyUnusable(f"the signing key of content credentials cannot be used: {error}") from None

    @classmethod
    def from_secret(cls, secret: str) -> Signer:
        """Make a signer from a JSON object with the arguments of `__init__`. Raises SigningKeyUnusable."""
        try:
            fields: dict[str, str] = json.loads(secret)
            return cls(**fields)
        except (TypeError, ValueError):
            raise SigningKeyUnusable(
                "the secret of content credentials must be a JSON object with algorithm, certificates and private_key"
            ) from None

    def sign(self, content: bytes, media_type: str, recipe: Recipe, sources: Sequence[bytes] = ()) -> bytes:
        """Return the file with its credentials. `sources` are the PNG files that the image was made from: the hash and
        the own credentials of each become an ingredient, its pixels do not.
        """
        signed = TrackedBytes()
        ingredients = list_ingredients(len(sources))
        builder = c2pa.Builder(json.dumps(build_manifest(recipe, ingredients)), context=self._context)
        for ingredient, source in zip(ingredients, sources, strict=True):
            builder.add_ingredient(json.dumps(ingredient), "image/png", TrackedBytes(source))
        builder.sign(self._signer, media_type, TrackedBytes(content), signed)
        return signed.getvalue()


def list_ingredients(sources: int) -> list[Mapping[str, str]]:
    """Return the C2PA ingredients of an image with this number of sources. An image has one parent at most, and several
    sources are its components.
    """
    if sources == 1:
        return [{"title": "source", "relationship": "parentOf", "label": "source"}]
    names = [f"source-{number + 1}" for number in range(sources)]
    return [{"title": name, "relationship": "componentOf", "label": name} for name in names]


def build_manifest(recipe: Recipe, ingredients: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
    """Return the C2PA manifest of a recipe. An image with one source was opened and edited. Another one was created,
    and its sources were placed on it.
    """
    kind, labels = recipe.digital_source_type, [ingredient["label"] for ingredient in ingredients]
    if len(labels) == 1:
        actions: list[Mapping[str, Any]] = [
            {"action": "c2pa.opened", "parameters": {"ingredientIds": labels}},
            {"action": "c2pa.edited", "digitalSourceType": kind},
        ]
    else:
        placed = [{"action": "c2pa.placed", "parameters": {"ingredientIds": [label]}} for label in labels]
        actions = [{"action": "c2pa.created", "digitalSourceType": kind}, *placed]
    return {
        "claim_generator_info": [{"name": "Craftspark", "version": VERSION}],
        "title": recipe.tool,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def read_credentials(content: bytes, media_type: str) -> Mapping[str, Any] | None:
    """Return a file's credentials, with C2PA's validation state as `state`. Returns None for a file without
    credentials.
    """
    try:
        with c2pa.Reader(media_type, io.BytesIO(content)) as reader:
            said: dict[str, Any] = json.loads(reader.json())
            return {**said["manifests"][said["active_manifest"]], "state": str(reader.get_validation_state())}
    except c2pa.C2paError.ManifestNotFound:
        return None
