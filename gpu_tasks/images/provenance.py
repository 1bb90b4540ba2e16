"""Provenance of a picture, written into its file: the recipe, and that a model generated it.

PNG, SVG and PDF have the same XMP packet: IPTC's digital source type, and the recipe as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import zip_longest
from typing import Any, Self
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import ElementTree
from PIL import Image

from craftspark.models.terms import Terms, find_terms
from craftspark.tools import TOOLS
from craftspark.tools.request import EXCLUDED_FIELDS, WORD_FIELDS
from craftspark.version import VERSION
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import PICTURE_FILE

PNG_KEYWORD = "XML:com.adobe.xmp"
# Around the packet of a PDF, whose metadata is not compressed.
PACKET_START, PACKET_END = b"<x:xmpmeta", b"</x:xmpmeta>"
NAMESPACE = "urn:craftspark:recipe:1"
# IPTC's vocabulary of digital source types, https://cv.iptc.org/newscodes/digitalsourcetype/
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ALL_GENERATED = SOURCE_TYPES + "trainedAlgorithmicMedia"
PARTLY_GENERATED = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
ALTERED = SOURCE_TYPES + "algorithmicallyEnhanced"


class RecipeMissing(Exception):
    """The file contains no Craftspark recipe."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All inputs of an image. `seed` is the requested seed, `drawn_with` the seed of the delivered drawing.

    `file` is the name of the file that contains the recipe, such as `picture.png` or `cut.svg`.

    `model_sha256` is the hash that identifies the model. `networks` are the upscaler and the matting network, if they
    worked on the picture or on a drawing that was not kept: the hashes that identify them, by name. `words` are the
    maker's own, if the maker agreed. `sources` is the number of source pictures, which are not part of the recipe.
    """

    file: str
    tool: str
    model: str
    model_sha256: str
    networks: Mapping[str, str]
    seed: int
    drawn_with: int
    settings: Mapping[str, Any]
    words: Mapping[str, Any] | None
    style_version: str | None
    sources: int
    digital_source_type: str

    @classmethod
    def of(cls, order: ImageOrder, drawing: Drawing, model: str, model_sha256: str) -> Self:
        """Make the recipe of a drawing, for its picture."""
        request = order.request
        shared = (
            {name: request[name] for name in WORD_FIELDS if name in request} if request.get("share_prompt") else None
        )
        settings = TOOLS[order.tool].request.remove_sources(request)
        return cls(
            file=PICTURE_FILE,
            tool=order.tool,
            model=model,
            model_sha256=model_sha256,
            networks=dict(drawing.networks),
            seed=order.seed,
            drawn_with=drawing.seed,
            settings={name: value for name, value in settings.items() if name not in EXCLUDED_FIELDS},
            words=shared,
            style_version=order.pin.version if order.pin else None,
            sources=len(order.sources),
            digital_source_type=find_source_type(order, drawing.sources),
        )

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read the recipe from a PNG, an SVG or a PDF file. Raises RecipeMissing."""
        try:
            found = ElementTree.fromstring(_packet(content)).find(f".//{{{NAMESPACE}}}Recipe")
            return cls(**json.loads((found is not None and found.text) or ""))
        except (ParseError, TypeError, ValueError):
            raise RecipeMissing(
                "this file has no recipe; it is not from Craftspark, its metadata was removed, or it is a DXF or EPS "
                "file, which has no place for one: use the PNG, SVG or PDF file of the same image"
            ) from None

    def xmp(self) -> str:
        """Return the XMP packet, with the terms of the picture. The same recipe always has the same packet.

        The JSON is ASCII with escapes: XML 1.0 has no control characters and no lone surrogates, and a reader may
        change line ends.
        """
        recipe = escape(json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True))
        return (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"'
            ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
            f"<xmp:CreatorTool>{creator_tool()}</xmp:CreatorTool>"
            f"<Iptc4xmpExt:DigitalSourceType>{self.digital_source_type}</Iptc4xmpExt:DigitalSourceType>"
            f"{write_terms(find_terms(self.model, self.settings.get('style')))}"
            f'<r:Recipe xmlns:r="{NAMESPACE}">{recipe}</r:Recipe>'
            "</rdf:Description></rdf:RDF></x:xmpmeta>"
        )


def find_source_type(order: ImageOrder, files: Sequence[bytes]) -> str:
    """Return IPTC's digital source type of an image from its order and the different PNG files that it was made from.

    A tool without a diffusion model adds no content: an image has the type of its sources if all have the same, and an
    upload of the maker is then altered by an algorithm. A tool that draws keeps a part of an upload, or of a picture
    made from one.
    """
    different = list(dict.fromkeys(order.sources))
    origins = {
        ALTERED if source.bucket == "uploads" else _read_source_type(file)
        for source, file in zip_longest(different, files[: len(different)])
    } or {ALL_GENERATED}
    if len(origins) > 1:
        return PARTLY_GENERATED
    [origin] = origins
    if TOOLS[order.tool].network:
        return origin
    return ALL_GENERATED if origin == ALL_GENERATED else PARTLY_GENERATED


def _read_source_type(source: bytes | None) -> str:
    """Return the type that the recipe of an earlier image states."""
    try:
        return Recipe.read(source or b"").digital_source_type
    except RecipeMissing:
        return ALL_GENERATED


def write_terms(terms: Terms) -> str:
    """Return the XMP properties of the terms that IPTC's photo metadata standard uses for rights and credit.

    Many countries give no copyright to a picture that only a model made, so nothing states a copyright.
    """

    def write(name: str, text: str) -> str:
        return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt></{name}>'

    parts = [write("dc:rights", terms.text), write("xmpRights:UsageTerms", terms.text)]
    if terms.licences:
        parts.append(f"<xmpRights:WebStatement>{escape(terms.licences[0].source)}</xmpRights:WebStatement>")
    if terms.credit:
        parts.append(f"<photoshop:Credit>{escape(terms.credit)}</photoshop:Credit>")
    return "".join(parts)


def creator_tool() -> str:
    """Return the name and version of Craftspark."""
    return f"Craftspark {VERSION}"


def _packet(content: bytes) -> str | bytes:
    """Return the XML that contains the recipe: the packet of a PNG or a PDF, or a whole SVG."""
    if content.startswith(b"\x89PNG"):
        with Image.open(BytesIO(content), formats=("PNG",)) as image:
            return str(image.info.get(PNG_KEYWORD, ""))
    if content.startswith(b"%PDF"):
        start, end = content.find(PACKET_START), content.find(PACKET_END)
        return content[start : end + len(PACKET_END)] if 0 <= start < end else b""
    return content
