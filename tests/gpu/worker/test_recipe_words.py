"""A maker's words in a delivered file, read with independent code: PNG chunks, then an XML parser."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_tasks.images.credentials import Signer, read_credentials
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.output import MEDIA_TYPES, Png, Svg, encode_file
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.images.vectors.svg import write_svg
from gpu_tasks.renderers.tool_renderers import ProvenanceEncoder
from gpu_tasks.tools.cutting.cut_file import CutOptions, make_cut_file
from local_cloud.launcher.signing import new_signing_secret
from tests.gpu.rendering import an_order_of, render, studio

CASES = Path(__file__).parents[2] / "cases"
XMP_KEYWORD = b"XML:com.adobe.xmp"
RECIPE = "{urn:craftspark:recipe:1}Recipe"
DIGITAL_SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
HARD = (
    "café cat",
    r"\d \g<0> \1 \u00e9 \\",
    "one\nline\r\nand\rmore\u2028\x85end",
    "]]> <!-- -- --> <![CDATA[ </metadata> </svg> <?x?>",
    "{} {prompt} {0} %s %(a)s $x ${y}",
    "&amp; &eacute; &#10; <b a='\"'>",
    "\x00\x01\x0b\x1f\x7f\x80\ufffe\uffff",
    "🐈‍⬛ 👩🏽‍🎨 \u202eright to left",
    "\ud800 alone \udfff",
    "</r:Recipe><r:Recipe xmlns:r='urn:craftspark:recipe:1'>",
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
PICTURE = np.zeros((4, 4, 3), np.uint8)


def a_thing() -> np.ndarray[Any, np.dtype[np.uint8]]:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[8:32, 8:32] = (200, 30, 10, 255)
    return pixels


CUT = write_svg(make_cut_file(a_thing(), CutOptions()).page)


def xmp_of(png: bytes) -> str:
    """The text of the one XMP chunk."""
    packets, at = [], 8
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"iTXt" and body.startswith(XMP_KEYWORD + b"\0"):
            # keyword, compression flag and method, language, translated keyword, text
            packets.append(body[len(XMP_KEYWORD) + 1 :].split(b"\0", 4)[-1])
        at += 12 + length
    [packet] = packets
    return packet.decode()


def recipe_in(xml: str | bytes) -> dict[str, Any]:
    root = ElementTree.fromstring(xml)
    [element] = root.iter(RECIPE)
    [source_type] = root.iter(DIGITAL_SOURCE_TYPE)
    recipe: dict[str, Any] = json.loads(element.text or "")
    assert recipe["digital_source_type"] == source_type.text
    return recipe


def recipe_with(prompt: str, negative_prompt: str = "", also: tuple[str, ...] = ()) -> Recipe:
    order = an_order_of("pattern", 3, '{"prompt": "a", "share_prompt": true}')
    words = {"prompt": prompt, "negative_prompt": negative_prompt, "also": also}
    return Recipe.of(
        replace(order, request={**order.request, **words}), Drawing(pixels=PICTURE, seed=3), "model", "0" * 64
    )


def assert_reads_back(recipe: Recipe) -> None:
    png = encode_file(Png(pixels=PICTURE), recipe.xmp())
    svg = encode_file(Svg(text=CUT), recipe.xmp())

    for found in (recipe_in(xmp_of(png)), recipe_in(svg)):
        assert recipe.words is not None
        assert found["words"] == {**recipe.words, "also": list(recipe.words["also"])}
        assert found["settings"] == json.loads(json.dumps(dict(recipe.settings)))
    assert Recipe.read(png) == Recipe.read(svg)
    assert Recipe.read(svg).words == found["words"]
    plain = ElementTree.fromstring(CUT)
    marked = ElementTree.fromstring(svg)
    assert [child.tag for child in marked][1:] == [child.tag for child in plain]


@pytest.mark.parametrize("words", HARD, ids=ascii)
def test_words_that_mean_something_to_a_template_or_to_xml_read_back_exactly(words: str) -> None:
    assert_reads_back(recipe_with(words, words, (words, words)))


@given(ANY_TEXT, ANY_TEXT, st.tuples(ANY_TEXT, ANY_TEXT))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_words_read_back_exactly(prompt: str, negative_prompt: str, also: tuple[str, ...]) -> None:
    assert_reads_back(recipe_with(prompt, negative_prompt, also))


def test_shared_words_with_an_accent_are_delivered_in_both_files() -> None:
    case = json.loads((CASES / "clipart-shared-accent.json").read_text())
    order = an_order_of("clipart", 3, json.dumps({**case, "steps": 4, "width_mm": 25}))

    done = studio().finish(order, render(order)[0])

    assert recipe_in(xmp_of(done.png))["words"]["prompt"] == "café cat"
    assert recipe_in(done.files["cut.svg"])["words"]["prompt"] == "café cat"


def test_credentials_leave_hard_words_as_they_are() -> None:
    words = "\n".join(HARD[:6])
    order = an_order_of("clipart", 3, '{"prompt": "apple", "share_prompt": true, "width_mm": 25}')
    [drawn] = render(order)
    done = studio()._renderer(order).finish(order, drawn)
    order = replace(order, request={**order.request, "prompt": words})
    signer = Signer.from_secret(new_signing_secret())

    marked = ProvenanceEncoder(model="m", model_sha256="0", signer=signer).encode(done, order, drawn)

    for content, read, kind in ((marked.png, xmp_of, Png), (marked.files["cut.svg"], bytes, Svg)):
        assert recipe_in(read(content))["words"]["prompt"] == words
        credentials = read_credentials(content, MEDIA_TYPES[kind])
        assert credentials
        assert credentials["state"] == "Valid"
