from typing import get_args

import pytest

from craftspark.models.catalogue import CATALOGUE
from craftspark.models.licences import (
    LICENCES,
    LicenceName,
    LicenceRefused,
    check_licences,
    find_licence,
    recognise_licence,
)
from craftspark.models.model import Model, Style
from craftspark.models.networks import NETWORKS, Network

NON_COMMERCIAL = "FLUX.1 [dev] Non-Commercial License v1.1.1\nBlack Forest Labs, Inc."


def test_the_table_has_every_name_of_the_type() -> None:
    assert set(LICENCES) == set(get_args(LicenceName))


STYLES = [style for model in CATALOGUE.values() for style in model.styles]


@pytest.mark.parametrize("entry", [*CATALOGUE.values(), *NETWORKS.values(), *STYLES], ids=lambda entry: entry.name)
def test_the_licence_of_every_entry_allows_commercial_use(entry: Model | Network | Style) -> None:
    assert LICENCES[entry.licence].commercial


def test_each_licence_says_what_it_requires_and_where_its_text_is() -> None:
    for name, licence in LICENCES.items():
        assert name == name.lower()
        assert licence.attribution.endswith(".")
        assert licence.source.startswith("https://")
        assert licence.heading == licence.heading.lower()


@pytest.mark.parametrize(
    ("stated", "name"),
    [("Apache-2.0", "apache-2.0"), ("MIT", "mit"), ("openrail++", "openrail++"), ("CC BY 4.0", "cc-by-4.0")],
)
def test_a_licence_is_found_however_it_is_written(stated: str, name: str) -> None:
    licence = find_licence(stated)

    assert licence is not None
    assert licence.name == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "              Apache License\n           Version 2.0, January 2004",
            "apache-2.0",
        ),
        ("Copyright (c) 2022\n\nCreativeML Open RAIL++-M License\ndated November 24, 2022", "openrail++"),
        ("Copyright (c) 2022 Robin Rombach\n\nCreativeML Open RAIL-M\ndated August 22, 2022", "creativeml-openrail-m"),
        ("# Attribution-NonCommercial 4.0 International", "cc-by-nc-4.0"),
        ("Attribution-NonCommercial-ShareAlike 4.0 International", "cc-by-nc-sa-4.0"),
        ("## **STABILITY AI COMMUNITY LICENSE AGREEMENT**", "stabilityai-ai-community"),
        (NON_COMMERCIAL, "flux-1-dev-non-commercial-license"),
        ("All rights reserved.", None),
    ],
)
def test_a_licence_file_is_recognised_by_its_text(text: str, name: str | None) -> None:
    licence = recognise_licence(text)

    assert (licence.name if licence else None) == name


REFUSALS: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
    ((), (), "has no licence"),
    ((), ("All rights reserved.",), "not a known licence"),
    (("openrail",), (), "openrail is not known"),
    (("cc-by-nc-4.0",), (), "NonCommercial 4.0"),
    (("some-nc-licence",), (), "some-nc-licence"),
    (("their_non_commercial_licence",), (), "does not allow commercial use"),
    (("qwen-research",), (), "Qwen Research"),
    (("apache-2.0",), (NON_COMMERCIAL,), "Non-Commercial"),
    (("apache-2.0", "mit"), (), "several licences: Apache License 2.0 and MIT License"),
    (("stabilityai-ai-community",), (), "1,000,000 USD"),
]


@pytest.mark.parametrize(("stated", "texts", "reason"), REFUSALS)
def test_a_licence_that_does_not_clearly_allow_commercial_use_is_refused_unless_the_user_has_permission(
    stated: tuple[str, ...], texts: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(LicenceRefused, match=reason):
        check_licences(stated, texts)

    check_licences(stated, texts, licensed=True)


@pytest.mark.parametrize(
    ("stated", "texts"),
    [
        (("apache-2.0",), ()),
        ((), ("Apache License Version 2.0",)),
        (("openrail++",), ("CreativeML Open RAIL++-M License",)),
    ],
)
def test_a_licence_that_allows_commercial_use_is_accepted(stated: tuple[str, ...], texts: tuple[str, ...]) -> None:
    (licence,) = check_licences(stated, texts)

    assert licence.commercial
