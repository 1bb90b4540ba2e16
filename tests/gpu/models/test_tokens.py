"""The submission counts the same tokens as the tokenizer of the model."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from craftspark.errors import InvalidInput
from craftspark.models.catalogue import CATALOGUE
from craftspark.models.model import Model
from craftspark.models.tokens import DATA, tokenizer
from gpu_tasks.inference import model_store
from gpu_tasks.inference.adapters import FACTS
from gpu_tasks.inference.diffusion import DrawingSettings, Sketch
from tests.gpu.rendering import MODEL, an_order_of, silent, studio

BUILT_IN = model_store.BUILT_IN / "craftspark-clipart-128" / "tokenizer"
# The letters that CLIP uses for bytes, in the order of its vocabulary.
BYTES = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]


def merges_of(name: str) -> list[str]:
    return gzip.decompress((DATA / f"{name}.txt.gz").read_bytes()).decode().splitlines()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Transformers' own tokenizers, by the name of their merges."""
    folder = tmp_path_factory.mktemp("clip")
    merges = merges_of("clip")
    words = [*BYTES, *(f"{letter}</w>" for letter in BYTES), *("".join(merge.split()) for merge in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    clip = CLIPTokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
    return {"clip": clip, "craftspark-clipart-128": CLIPTokenizer.from_pretrained(BUILT_IN)}


def count_of(tokens: Any, text: str) -> int:
    return len(tokens(text, truncation=False, verbose=False).input_ids) - 2


PHRASES = (
    "a red apple",
    "don't won't it's WE'LL 'S ''s",
    "naïve café e\u0301te\u0301 ﬁ ß İstanbul ΑΣ Σ",
    "123 4th ½ Ⅷ ² #1 @home __x__",
    "... !!! --- ,;: \\d {prompt}",
    "猫 ネコ हिन्दी العربية",
    "❤️ 👩🏽‍🎨 🐈‍⬛",
    "<|endoftext|> a<|startoftext|>b <|END|>",
    "<|ENDOFTEXT|>!! !!<|EndOfText|>é <|STARTOFTEXT|>",
    "one\ttwo\nthree\u00a0four\u3000five",
    "supercalifragilisticexpialidocious " * 3,
    "",
)
# Characters in every installed version of Unicode. A newer letter can be a symbol in an older table.
LETTERS = st.characters(max_codepoint=0x1F6FF, exclude_categories=("Cc", "Cs", "Cn", "Co"))
TEXTS = st.one_of(
    st.text(LETTERS, max_size=80),
    st.lists(st.sampled_from(" ".join(PHRASES).split()), max_size=30).map(" ".join),
    st.text("abcdefghijstvlmr '.,-19<|>\t", max_size=120),
)


@pytest.mark.parametrize("name", sorted({model.tokenizer for model in CATALOGUE.values() if model.tokenizer}))
@pytest.mark.parametrize("text", PHRASES, ids=ascii)
def test_a_phrase_has_as_many_tokens_as_transformers_makes_of_it(theirs: dict[str, Any], name: str, text: str) -> None:
    assert tokenizer(name).count(text) == count_of(theirs[name], text)


@given(text=TEXTS)
@settings(max_examples=600, deadline=None, derandomize=True)
def test_any_text_has_as_many_tokens_as_transformers_makes_of_it(theirs: dict[str, Any], text: str) -> None:
    for model in (model for model in CATALOGUE.values() if model.tokenizer):
        assert model.tokenizer
        count = count_of(theirs[model.tokenizer], text)
        assert tokenizer(model.tokenizer).count(text) == count
        assert model.tokens_over(text) == (count if count > model.max_prompt_tokens else None)


def test_the_merges_of_the_built_in_model_are_those_beside_it() -> None:
    merges = json.loads((BUILT_IN / "tokenizer.json").read_text())["model"]["merges"]

    assert merges_of("craftspark-clipart-128") == [" ".join(pair) for pair in merges]


def test_the_limit_of_the_built_in_model_is_its_tokenizer_s() -> None:
    tokens = CLIPTokenizer.from_pretrained(BUILT_IN)

    assert MODEL.max_prompt_tokens == tokens.model_max_length - tokens.num_special_tokens_to_add()


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.name)
def test_a_built_in_style_has_the_word_of_its_adapter(model: Model) -> None:
    for style in model.styles:
        kind, _, folder = style.source.partition(":")
        assert kind == "built-in"
        facts = json.loads((model_store.BUILT_IN / folder / FACTS).read_text())
        assert facts["word"] == style.word


# The worker.


def too_long(tool: str, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Any:
    """An order from a release that counted tokens differently."""
    monkeypatch.setattr(Model, "tokens_over", lambda *_: None)
    order = an_order_of(tool, 3, json.dumps({"prompt": "red apple", "steps": 1, **fields}))
    monkeypatch.undo()
    return order


@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ("picture", {"prompt": "very " * 30 + "apple"}),
        ("picture", {"negative_prompt": "very " * 30 + "apple"}),
        ("clipart", {"prompt": "very " * 30 + "apple"}),
        ("pattern", {"also": ["very " * 30 + "apple"]}),
        ("pattern", {"way": "painted", "prompt": "very " * 30 + "apple"}),
    ],
)
def test_words_that_the_model_would_not_read_fail_that_order_alone(
    tool: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    way = {"way": fields["way"]} if "way" in fields else {}
    good = an_order_of(tool, 4, json.dumps({"prompt": "red apple", "steps": 1, **way}))
    bad = too_long(tool, monkeypatch, **fields)

    first, second = studio().render([good, bad], silent)

    assert not isinstance(first, InvalidInput)
    assert isinstance(second, InvalidInput)
    assert "31 tokens" in second.detail
    assert "reads 30" in second.detail


def test_as_many_tokens_as_the_model_reads_are_drawn() -> None:
    diffusion = studio()._renderers["picture"]._diffusion  # type: ignore[attr-defined]
    settings = DrawingSettings(size=(128, 128), steps=1, guidance=4.0)

    def draw(words: int) -> Any:
        return diffusion.draw([Sketch(prompt="apple " * words, negative_prompt="", seed=1)], settings, silent)

    assert draw(30)[0] is not None
    with pytest.raises(InvalidInput, match="31 tokens"):
        draw(31)


def test_the_data_of_the_tokens_is_all_that_is_used() -> None:
    assert {path.name for path in Path(DATA).iterdir()} == {
        f"{model.tokenizer}.txt.gz" for model in CATALOGUE.values() if model.tokenizer
    }
