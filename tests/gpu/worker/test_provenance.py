"""The metadata of a delivered file, and the same picture rendered again from it."""

import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from defusedxml import ElementTree
from PIL import Image, ImageCms

from craftspark.errors import InvalidInput, ModelUnavailable, SigningKeyUnusable
from craftspark.models.terms import find_terms
from craftspark.styles.releases import Pin
from craftspark.tools.sources import Source
from gpu_tasks import recipe as command
from gpu_tasks.images.credentials import Signer, read_credentials
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, Png, encode_file, encode_image, finish_unchanged
from gpu_tasks.images.provenance import ALL_GENERATED, ALTERED, PARTLY_GENERATED, Recipe, RecipeMissing
from gpu_tasks.inference.manifests import identify
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.recipe import render_again
from gpu_tasks.renderers.tool_renderers import ProvenanceEncoder
from local_cloud.launcher.signing import new_signing_secret
from tests.gpu.rendering import an_order_of, pixels_in, render, studio, studio_with

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RIGHTS = (("http://purl.org/dc/elements/1.1/", "rights"), ("http://ns.adobe.com/xap/1.0/rights/", "UsageTerms"))
PRIVATE = "secret words of mine"


# A motif of this width needs no second enlargement, which takes seconds.
SMALL = {"clipart": {"width_mm": 25}}


def made(tool: str = "picture", seed: int = 3, **fields: Any) -> tuple[ImageOrder, EncodedImage]:
    order, drawn = drew(tool, seed, json.dumps({"prompt": "red apple", **SMALL.get(tool, {}), **fields}))
    return order, studio().finish(order, drawn)


@cache
def drew(tool: str, seed: int, body: str) -> tuple[ImageOrder, Drawing]:
    """An order and its drawing. Many tests finish the same one."""
    order = an_order_of(tool, seed, body)
    return order, render(order)[0]


def names_with_recipe(done: EncodedImage) -> list[str]:
    return [name for name in done.files if name.endswith((".png", ".svg", ".pdf"))]


def test_a_png_says_what_it_is_made_of_and_that_a_machine_made_it() -> None:
    order, done = made(steps=4)

    image = Image.open(io.BytesIO(done.png))
    assert ALL_GENERATED in image.info["XML:com.adobe.xmp"]
    profile = ImageCms.getOpenProfile(io.BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    recipe = Recipe.read(done.png)
    assert (recipe.tool, recipe.model, recipe.seed) == ("picture", "craftspark-clipart-128", 3)
    assert recipe.model_sha256 == studio().model_sha256
    assert recipe.settings["steps"] == 4
    assert order.job_id not in image.info["XML:com.adobe.xmp"]


def test_each_file_says_what_may_be_done_with_it_and_whom_to_credit() -> None:
    _, done = made("clipart", prompt="red <apple> & pear")
    terms = find_terms("craftspark-clipart-128")

    for packet in (Image.open(io.BytesIO(done.png)).info["XML:com.adobe.xmp"], done.files["cut.svg"]):
        said = ElementTree.fromstring(packet)
        rights = [said.find(f".//{{{space}}}{name}//{{{RDF}}}li") for space, name in RIGHTS]
        assert [each is not None and each.text for each in rights] == [terms.text, terms.text]
        credit = said.find(".//{http://ns.adobe.com/photoshop/1.0/}Credit")
        assert credit is not None
        assert credit.text == terms.credit


def test_every_file_that_is_kept_has_the_recipe() -> None:
    _, clipart = made("clipart", 11, steps=4)
    _, pattern = made("pattern", 11, steps=4, sheet={"width": 2, "height": 2, "repeat": 2})

    for done in (clipart, pattern):
        recipe = Recipe.read(done.png)
        assert recipe.file == "picture.png"
        for name in names_with_recipe(done):
            assert Recipe.read(done.files[name]) == replace(recipe, file=name)
    assert round(Image.open(io.BytesIO(pattern.files["sheet.png"])).info["dpi"][0]) == 300


@pytest.mark.parametrize("shared", [False, True])
def test_words_go_along_only_where_the_maker_agreed(shared: bool) -> None:
    _, done = made("clipart", 11, prompt=PRIVATE, negative_prompt='and <more> & "more"', share_prompt=shared, steps=2)

    without_recipe = {"cut.dxf", "cut.eps"}
    assert all(PRIVATE.encode() not in done.files[name] for name in without_recipe)
    for content in (done.png, *(done.files[name] for name in done.files.keys() - without_recipe)):
        assert (PRIVATE.encode() in content) is shared
        assert (Recipe.read(content).words or {}).get("prompt") == (PRIVATE if shared else None)
        assert (Recipe.read(content).words or {}).get("negative_prompt") == ('and <more> & "more"' if shared else None)


@pytest.mark.parametrize(
    ("tool", "from_upload", "from_drawing"),
    [
        ("upscale", ALTERED, ALL_GENERATED),
        ("cutout", ALTERED, ALL_GENERATED),
        ("lineart", ALTERED, ALL_GENERATED),
        ("variations", PARTLY_GENERATED, ALL_GENERATED),
        ("outpaint", PARTLY_GENERATED, ALL_GENERATED),
    ],
)
def test_a_picture_of_a_brought_one_says_so(tool: str, from_upload: str, from_drawing: str) -> None:
    """An image of an earlier image says the same as that one."""
    source = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=32, height=32)
    size = {"aspect": "2:1"} if tool == "outpaint" else {}
    order = an_order_of(tool, 1, json.dumps({"source": source.reference, **size}), source)
    again = replace(order, sources=(replace(source, bucket="images"),))
    drawn = Drawing(pixels=np.zeros((8, 8, 3), np.uint8), seed=1)

    def make_file(recipe: Recipe) -> bytes:
        return encode_file(Png(pixels=drawn.pixels), recipe.xmp())

    first = Recipe.of(order, drawn, "m", "0")
    second = Recipe.of(again, replace(drawn, sources=(make_file(first),)), "m", "0")
    picture = make_file(Recipe.of(an_order_of("picture", 1, '{"prompt": "a"}'), drawn, "m", "0"))
    third = Recipe.of(again, replace(drawn, sources=(picture,)), "m", "0")

    assert [each.digital_source_type for each in (first, second, third)] == [from_upload, from_upload, from_drawing]
    assert source.reference not in first.xmp()


def test_a_file_from_elsewhere_has_no_recipe() -> None:
    for content in (encode_file(Png(pixels=np.zeros((8, 8, 3), np.uint8))), b"<svg/>", b"", b"\xff\xfe"):
        with pytest.raises(RecipeMissing):
            Recipe.read(content)


# Content credentials.


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.from_secret(new_signing_secret())


def signed(signer: Signer, tool: str = "clipart") -> EncodedImage:
    order, drawn = drew(tool, 11, json.dumps({"prompt": "red apple", "steps": 4, **SMALL.get(tool, {})}))
    done = studio()._renderer(order).finish(order, drawn)
    return ProvenanceEncoder(model="m", model_sha256="0", signer=signer).encode(done, order, drawn)


def test_credentials_are_valid_and_say_that_a_machine_made_it(signer: Signer) -> None:
    done = signed(signer)

    for content, media_type in ((done.png, "image/png"), (done.files["cut.svg"], "image/svg+xml")):
        credentials = read_credentials(content, media_type)
        assert credentials
        assert credentials["state"] == "Valid"
        assert credentials["signature_info"]["issuer"] == "Craftspark on this machine"
        [actions] = [each for each in credentials["assertions"] if each["label"].startswith("c2pa.actions")]
        assert actions["data"]["actions"][0]["digitalSourceType"] == ALL_GENERATED
        assert Recipe.read(content).tool == "clipart"
    assert pixels_in(done.png).shape[2] == 4


@pytest.mark.parametrize("tool", ["upscale", "cutout", "lineart", "variations", "outpaint"])
def test_the_source_is_an_ingredient_of_the_credentials(signer: Signer, tool: str) -> None:
    """With the source's own credentials, and without its pixels."""
    own = signed(signer, "picture").png
    small = Image.fromarray(pixels_in(own)).resize((96, 96))
    png = signer.sign(encode_file(Png(pixels=np.asarray(small))), "image/png", Recipe.read(own))
    width, height = small.size
    source = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=width, height=height)
    requests: dict[str, dict[str, Any]] = {
        "upscale": {"factor": 2},
        "cutout": {"width_mm": 20},
        "lineart": {"width_mm": 20, "line_mm": 0.4},
        "variations": {"steps": 2},
        "outpaint": {"aspect": "2:1", "steps": 2},
    }
    order = an_order_of(tool, 1, json.dumps({"source": source.reference, **requests[tool]}), source)
    renderers = studio_with(lambda _: png)
    [drawn] = renderers.render([order], lambda _: None)
    assert isinstance(drawn, Drawing)
    done = renderers._renderer(order).finish(order, drawn)
    encoder = ProvenanceEncoder(model="m", model_sha256="0", signer=signer)

    credentials = read_credentials(encoder.encode(done, order, drawn).png, "image/png")

    assert credentials
    assert credentials["state"] == "Valid"
    [ingredient] = credentials["ingredients"]
    assert (ingredient["title"], ingredient["relationship"]) == ("source", "parentOf")
    assert "active_manifest" in ingredient
    assert "thumbnail" not in ingredient
    [actions] = [each for each in credentials["assertions"] if each["label"].startswith("c2pa.actions")]
    opened, edited = actions["data"]["actions"]
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["digitalSourceType"] == (PARTLY_GENERATED if tool in ("variations", "outpaint") else ALTERED)


def test_several_sources_are_components_with_their_own_credentials(signer: Signer) -> None:
    ours = signed(signer, "picture").png
    theirs = encode_file(Png(pixels=np.zeros((8, 8, 3), np.uint8)))
    recipe = Recipe.read(ours)

    credentials = read_credentials(signer.sign(ours, "image/png", recipe, [ours, theirs]), "image/png")

    assert credentials
    assert credentials["state"] == "Valid"
    assert [each["relationship"] for each in credentials["ingredients"]] == ["componentOf"] * 2
    assert ["active_manifest" in each for each in credentials["ingredients"]] == [True, False]
    [actions] = [each for each in credentials["assertions"] if each["label"].startswith("c2pa.actions")]
    assert [each["action"] for each in actions["data"]["actions"]] == ["c2pa.created", "c2pa.placed", "c2pa.placed"]


def test_a_changed_pixel_is_found_out(signer: Signer) -> None:
    content = bytearray(signed(signer, "picture").png)
    at = content.index(b"IDAT") + 40
    content[at] ^= 1

    credentials = read_credentials(bytes(content), "image/png")

    assert credentials
    assert credentials["state"] == "Invalid"


def test_a_file_without_a_key_has_no_credentials() -> None:
    assert read_credentials(made(steps=1)[1].png, "image/png") is None


@pytest.mark.parametrize("secret", ["", "{}", "[]", '{"algorithm": "rot13", "certificates": "", "private_key": ""}'])
def test_a_key_that_cannot_sign_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(SigningKeyUnusable, match="credentials"):
        Signer.from_secret(secret)


# The same picture again.


@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ("picture", {"style": "bold-flat", "steps": 4}),
        ("clipart", {"outline_mm": 2}),
        ("pattern", {"also": ["leaf"], "sheet": {"width": 1, "height": 1, "repeat": 1}}),
        ("pattern", {"way": "painted", "repeat": "brick", "steps": 4}),
    ],
)
def test_a_recipe_renders_to_the_same_pixels(tool: str, fields: dict[str, Any]) -> None:
    _, done = made(tool, 21, **fields)
    recipe = Recipe.read(done.png)

    words = {"prompt": "red apple", **{name: fields[name] for name in ("also",) if name in fields}}
    drawn = render_again(recipe, studio(), words)

    again = studio().finish(command.build_order(recipe, words, ()), drawn)
    np.testing.assert_array_equal(pixels_in(again.png), pixels_in(done.png))
    for name in names_with_recipe(done):
        made_again = command.find_file(again, Recipe.read(done.files[name]).file)
        assert command.has_same_content(made_again, done.files[name]), name


def test_files_that_differ_in_more_than_their_metadata_are_told_apart(signer: Signer) -> None:
    _, done = made("clipart", 21, steps=4)
    _, other = made("clipart", 22, steps=4)
    svg, pdf = done.files["cut.svg"], done.files["cut.pdf"]

    assert command.has_same_content(signer.sign(svg, "image/svg+xml", Recipe.read(svg)), svg)
    assert not command.has_same_content(other.files["cut.svg"], svg)
    assert not command.has_same_content(svg.replace(b' d="M', b' d="M0 0 M', 1), svg)
    assert not command.has_same_content(other.files["cut.pdf"], pdf)
    assert not command.has_same_content(other.png, done.png)


def test_a_recipe_with_the_name_of_another_file_is_refused() -> None:
    with pytest.raises(RecipeMissing, match=r"no file 'cut\.svg'"):
        command.find_file(made(steps=1)[1], "cut.svg")


def test_a_version_of_a_style_is_part_of_the_recipe() -> None:
    order, drawn = drew("picture", 3, '{"prompt": "red apple", "steps": 1}')
    pinned = replace(order, request={**order.request, "style": "sunny"}, pin=Pin(style="sunny", version="v3"))

    recipe = Recipe.of(pinned, drawn, "craftspark-clipart-128", studio().model_sha256)

    assert command.build_order(recipe, {"prompt": "a"}, ()).pin == Pin(style="sunny", version="v3")


def test_another_model_is_refused() -> None:
    recipe = replace(Recipe.read(made(steps=1)[1].png), model_sha256="f" * 64)

    with pytest.raises(ModelUnavailable, match="made by"):
        render_again(recipe, studio(), {"prompt": "red apple"})


def test_a_recipe_names_the_networks_that_worked_on_the_picture_and_asks_for_them() -> None:
    recipe = Recipe.read(made("clipart", 21)[1].png)

    assert recipe.networks == identify(BUILT_IN / "craftspark-upscaler-x4", "craftspark-upscaler-x4")
    assert Recipe.read(made(steps=1)[1].png).networks == recipe.networks
    for networks in ({"craftspark-upscaler-x4": "f" * 64}, {**recipe.networks, "elsewhere": "0" * 64}):
        with pytest.raises(ModelUnavailable, match="made with"):
            render_again(replace(recipe, networks=networks), studio(), {"prompt": "red apple"})


def test_a_recipe_from_a_picture_asks_for_it() -> None:
    recipe = replace(Recipe.read(made(steps=1)[1].png), sources=1)

    with pytest.raises(InvalidInput) as refused:
        render_again(recipe, studio(), {"prompt": "red apple"})
    assert refused.value.field == "source"


def test_the_command_prints_a_recipe_and_tells_whether_the_pixels_are_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, again, other = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.txt"
    file.write_bytes(made(steps=2, share_prompt=True)[1].png)
    other.write_text("no picture")

    assert command.main([str(file), "--again", str(again)]) == command.SAME
    printed = capsys.readouterr().out
    assert '"prompt": "red apple"' in printed
    assert "the pixels are the same" in printed
    assert command.main([str(file), "--again", str(again), "--prompt", "blue fish"]) == command.DIFFERENT
    assert command.main([str(other)]) == command.REFUSED
    assert "RecipeMissing" in capsys.readouterr().err


def test_the_same_content_is_the_same_bytes() -> None:
    order = an_order_of("picture", 3, '{"prompt": "a", "steps": 1}')
    [drawn] = render(order)

    first, second = (studio().finish(order, drawn) for _ in range(2))

    assert first == second
    assert first.thumbnail_webp == encode_image(finish_unchanged(drawn)).thumbnail_webp
