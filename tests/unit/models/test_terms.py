"""Terms of pictures: what a maker may do with them, and whom to credit."""

from dataclasses import replace

import pytest

from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.licences import LICENCES
from craftspark.models.networks import NETWORKS
from craftspark.models.terms import find_terms, terms_of

BUILT_IN = find_model("craftspark-clipart-128")


def test_a_permissive_licence_allows_sales_and_names_whom_to_credit() -> None:
    terms = terms_of(BUILT_IN)

    assert terms.commercial
    assert terms.usage == "You may use, change, print and sell this picture, also on products."
    assert terms.credit == (
        "Credit Twemoji by Twitter, Inc and other contributors (CC-BY-4.0), Noto Emoji by Google (Apache-2.0) and "
        "Fluent Emoji by Microsoft (MIT) if you publish it."
    )
    assert terms.text == f"{terms.usage} {terms.credit}"


def test_a_style_adds_its_licence_and_its_credit() -> None:
    [style] = [replace(each, credit="Leaves by a botanist") for each in BUILT_IN.styles if each.name == "bold-flat"]

    terms = terms_of(replace(BUILT_IN, styles=(style,)), "bold-flat")

    assert [licence.name for licence in terms.licences] == ["apache-2.0", "mit"]
    assert "Twemoji" in terms.credit
    assert "Leaves by a botanist" in terms.credit


@pytest.mark.parametrize("name", [name for name, licence in LICENCES.items() if licence.restrictions])
def test_restricted_uses_are_named_with_the_licence(name: str) -> None:
    usage = terms_of(replace(BUILT_IN, licence=name)).usage  # type: ignore[arg-type]

    assert LICENCES[name].source in usage  # type: ignore[index]


@pytest.mark.parametrize("name", [name for name, licence in LICENCES.items() if not licence.commercial])
def test_a_licence_without_commercial_use_is_said(name: str) -> None:
    terms = terms_of(replace(BUILT_IN, licence=name))  # type: ignore[arg-type]

    assert not terms.commercial
    assert "sell" not in terms.usage
    assert "ask the operator" in terms.usage


def test_one_style_that_forbids_sales_forbids_them_for_the_picture() -> None:
    style = replace(BUILT_IN.styles[0], name="bold-flat", licence="cc-by-nc-4.0")

    assert not terms_of(replace(BUILT_IN, styles=(style,)), "bold-flat").commercial


@pytest.mark.parametrize("name", [*CATALOGUE, *(name for name, each in NETWORKS.items() if each.does == "enlarge")])
def test_every_entry_that_serves_a_tool_has_terms(name: str) -> None:
    assert find_terms(name).licences


def test_a_model_that_left_the_catalogue_allows_nothing_by_itself() -> None:
    terms = find_terms("gone")

    assert not terms.commercial
    assert "no longer listed" in terms.text
