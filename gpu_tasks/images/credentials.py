"""C2PA content credentials: a signature over a file and over what it says of itself (https://c2pa.org)."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import c2pa

from craftspark.errors import ModelUnavailable
from craftspark.version import VERSION
from gpu_tasks.activity import MovingBytes
from gpu_tasks.images.provenance import Recipe

ALGORITHMS = {algorithm.name.lower(): algorithm for algorithm in c2pa.C2paSigningAlg}
# A manifest is not to carry a second, smaller picture.
SETTINGS = {"builder": {"thumbnail": {"enabled": False}}}


class Signer:
    """Signs PNG and SVG with one key. Each signature has random salts, so two of the same file differ."""

    def __init__(self, *, algorithm: str, certificates: str, private_key: str) -> None:
        """`certificates` is the chain, the signer's own first, and `private_key` its PKCS#8 key, both in PEM.

        Raises ModelUnavailable for a key that cannot sign.
        """
        try:
            info = c2pa.C2paSignerInfo(ALGORITHMS[algorithm], certificates.encode(), private_key.encode(), None)
            self._signer = c2pa.Signer.from_info(info)
            self._context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS))
        except (KeyError, c2pa.C2paError) as error:
            raise ModelUnavailable(f"the signing key of content credentials cannot be used: {error}") from None

    @classmethod
    def from_secret(cls, secret: str) -> Signer:
        """A signer of a JSON object with the fields of `__init__`; raises ModelUnavailable."""
        try:
            fields: dict[str, str] = json.loads(secret)
            return cls(**fields)
        except (TypeError, ValueError):
            raise ModelUnavailable(
                "the secret of content credentials must be a JSON object with algorithm, certificates and private_key"
            ) from None

    def sign(self, content: bytes, media_type: str, recipe: Recipe) -> bytes:
        """The file with its credentials inside."""
        signed = MovingBytes()
        builder = c2pa.Builder(json.dumps(manifest_of(recipe)), context=self._context)
        builder.sign(self._signer, media_type, MovingBytes(content), signed)
        return signed.getvalue()


def manifest_of(recipe: Recipe) -> Mapping[str, Any]:
    created = {"action": "c2pa.created", "digitalSourceType": recipe.digital_source_type}
    return {
        "claim_generator_info": [{"name": "Craftspark", "version": VERSION}],
        "title": recipe.tool,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }


def credentials_in(content: bytes, media_type: str) -> Mapping[str, Any] | None:
    """What a file's credentials say, with `state` as C2PA names it; None for a file without any."""
    try:
        with c2pa.Reader(media_type, io.BytesIO(content)) as reader:
            said: dict[str, Any] = json.loads(reader.json())
            return {**said["manifests"][said["active_manifest"]], "state": str(reader.get_validation_state())}
    except c2pa.C2paError.ManifestNotFound:
        return None
