"""Licences of models: what each one allows, what it requires, and where its text is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# In the name of a licence that is not in the table.
_NON_COMMERCIAL = re.compile(r"\b(nc|non-?commercial|research)\b")
# The number of characters at the start of a file that contain a licence's heading.
_HEADING = 3000

LicenceName = Literal[
    "apache-2.0",
    "mit",
    "bsd-3-clause",
    "cc0-1.0",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nc-nd-4.0",
    "creativeml-openrail-m",
    "openrail++",
    "gemma",
    "stabilityai-ai-community",
    "stabilityai-nc-research-community",
    "sai-nc-community",
    "flux-1-dev-non-commercial-license",
    "flux-non-commercial-license",
    "qwen-research",
]


@dataclass(frozen=True, kw_only=True)
class Licence:
    """A licence of weights.

    `name` is its SPDX identifier or its tag on the Hugging Face Hub, in lower case. `commercial` says whether a service
    that earns money may use the model. `condition` is what that depends on, apart from how the model is used.
    `restrictions` are uses that it forbids to the service and to its users. `attribution` is what must be shown or
    kept. `heading` is a phrase near the start of its text, in lower case.
    """

    name: LicenceName
    title: str
    commercial: bool
    attribution: str
    source: str
    heading: str = ""
    condition: str = ""
    restrictions: str = ""


_KEEP_NOTICES = "Keep the copyright notice and the licence text with copies of the weights."
_CREDIT = "Name the authors, link to the licence and say what was changed."
_ATTACHMENT_A = "The uses in Attachment A are forbidden, and the terms for users must forbid them too."

LICENCES: Mapping[LicenceName, Licence] = {
    licence.name: licence
    for licence in (
        Licence(
            name="apache-2.0",
            title="Apache License 2.0",
            commercial=True,
            attribution="Keep the licence text, the copyright notices and the NOTICE file with copies of the weights.",
            source="https://www.apache.org/licenses/LICENSE-2.0",
            heading="apache license version 2.0",
        ),
        Licence(
            name="mit",
            title="MIT License",
            commercial=True,
            attribution=_KEEP_NOTICES,
            source="https://opensource.org/license/mit",
            heading="permission is hereby granted, free of charge, to any person obtaining a copy",
        ),
        Licence(
            name="bsd-3-clause",
            title="BSD 3-Clause License",
            commercial=True,
            attribution=f"{_KEEP_NOTICES} Do not advertise with the authors' names.",
            source="https://opensource.org/license/bsd-3-clause",
            heading="neither the name of the copyright holder nor the names of its contributors",
        ),
        Licence(
            name="cc0-1.0",
            title="CC0 1.0 Universal",
            commercial=True,
            attribution="None.",
            source="https://creativecommons.org/publicdomain/zero/1.0/",
            heading="cc0 1.0 universal",
        ),
        Licence(
            name="cc-by-4.0",
            title="Creative Commons Attribution 4.0",
            commercial=True,
            attribution=_CREDIT,
            source="https://creativecommons.org/licenses/by/4.0/",
            heading="attribution 4.0 international",
        ),
        Licence(
            name="cc-by-sa-4.0",
            title="Creative Commons Attribution-ShareAlike 4.0",
            commercial=True,
            attribution=f"{_CREDIT} Weights that are trained from these have the same licence.",
            source="https://creativecommons.org/licenses/by-sa/4.0/",
            heading="attribution-sharealike 4.0 international",
        ),
        Licence(
            name="cc-by-nc-4.0",
            title="Creative Commons Attribution-NonCommercial 4.0",
            commercial=False,
            attribution=_CREDIT,
            source="https://creativecommons.org/licenses/by-nc/4.0/",
            heading="attribution-noncommercial 4.0 international",
        ),
        Licence(
            name="cc-by-nc-sa-4.0",
            title="Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
            commercial=False,
            attribution=_CREDIT,
            source="https://creativecommons.org/licenses/by-nc-sa/4.0/",
            heading="attribution-noncommercial-sharealike 4.0 international",
        ),
        Licence(
            name="cc-by-nc-nd-4.0",
            title="Creative Commons Attribution-NonCommercial-NoDerivatives 4.0",
            commercial=False,
            attribution=_CREDIT,
            source="https://creativecommons.org/licenses/by-nc-nd/4.0/",
            heading="attribution-noncommercial-noderivatives 4.0 international",
        ),
        Licence(
            name="creativeml-openrail-m",
            title="CreativeML Open RAIL-M",
            commercial=True,
            attribution=_KEEP_NOTICES,
            source="https://huggingface.co/spaces/CompVis/stable-diffusion-license",
            heading="creativeml open rail-m",
            restrictions=_ATTACHMENT_A,
        ),
        Licence(
            name="openrail++",
            title="CreativeML Open RAIL++-M",
            commercial=True,
            attribution=_KEEP_NOTICES,
            source="https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
            heading="creativeml open rail++-m",
            restrictions=_ATTACHMENT_A,
        ),
        Licence(
            name="gemma",
            title="Gemma Terms of Use",
            commercial=True,
            attribution="Show: Gemma is provided under and subject to the Gemma Terms of Use found at "
            "ai.google.dev/gemma/terms.",
            source="https://ai.google.dev/gemma/terms",
            heading="gemma terms of use",
            restrictions="The Gemma Prohibited Use Policy holds, and the terms for users must include it.",
        ),
        Licence(
            name="stabilityai-ai-community",
            title="Stability AI Community License",
            commercial=True,
            attribution="Show: Powered by Stability AI.",
            source="https://stability.ai/license",
            heading="stability ai community license agreement",
            condition="it is free only for organizations with up to 1,000,000 USD of revenue in a year",
            restrictions="You must register with Stability AI, and its Acceptable Use Policy holds.",
        ),
        Licence(
            name="stabilityai-nc-research-community",
            title="Stability AI Non-Commercial Research Community License",
            commercial=False,
            attribution=_KEEP_NOTICES,
            source="https://stability.ai/license",
            heading="stability ai non-commercial research community license agreement",
        ),
        Licence(
            name="sai-nc-community",
            title="Stability AI Non-Commercial Community License",
            commercial=False,
            attribution=_KEEP_NOTICES,
            source="https://stability.ai/license",
            heading="stability ai non-commercial community license agreement",
        ),
        Licence(
            name="flux-1-dev-non-commercial-license",
            title="FLUX.1 [dev] Non-Commercial License",
            commercial=False,
            attribution=_KEEP_NOTICES,
            source="https://huggingface.co/black-forest-labs/FLUX.1-dev/blob/main/LICENSE.md",
            heading="flux.1 [dev] non-commercial license",
        ),
        Licence(
            name="flux-non-commercial-license",
            title="FLUX Non-Commercial License",
            commercial=False,
            attribution=_KEEP_NOTICES,
            source="https://huggingface.co/black-forest-labs/FLUX.2-klein-9B/blob/main/LICENSE.md",
            heading="flux non-commercial license",
        ),
        Licence(
            name="qwen-research",
            title="Qwen Research License",
            commercial=False,
            attribution=_KEEP_NOTICES,
            source="https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE",
            heading="qwen research license agreement",
        ),
    )
}


class LicenceRefused(Exception):
    """A model has no licence that allows commercial use."""


def find_licence(stated: str) -> Licence | None:
    """The licence with this SPDX identifier or hub tag, or None if the table does not have it."""
    name = re.sub(r"[\s_]+", "-", stated.strip().lower())
    return next((licence for licence in LICENCES.values() if licence.name == name), None)


def recognise_licence(text: str) -> Licence | None:
    """The licence that a file's text is, or None."""
    start = " ".join(re.sub(r"[#*_=]", " ", text.lower()).split())[:_HEADING]
    found = [licence for licence in LICENCES.values() if licence.heading in start]
    # One heading may be part of another one.
    return max(found, key=lambda licence: len(licence.heading), default=None)


def check_licences(stated: tuple[str, ...], texts: tuple[str, ...], *, licensed: bool = False) -> tuple[Licence, ...]:
    """Return the known licences of a model. Raises LicenceRefused.

    `stated` are the identifiers on its card, and `texts` are its licence files. `licensed` confirms that the user has
    permission for commercial use, so that nothing is refused.
    """
    by_name = {name: find_licence(name) for name in stated}
    recognised = [licence for text in texts if (licence := recognise_licence(text))]
    known = tuple(dict.fromkeys([*(licence for licence in by_name.values() if licence), *recognised]))
    if not licensed:
        _refuse_unclear([name for name, licence in by_name.items() if not licence], known, has_text=bool(texts))
    return known


def _refuse_unclear(unknown: list[str], known: tuple[Licence, ...], *, has_text: bool) -> None:
    forbidding = [licence.title for licence in known if not licence.commercial]
    forbidding += [name for name in unknown if _NON_COMMERCIAL.search(name.lower().replace("_", "-"))]
    if forbidding:
        raise LicenceRefused(
            f"its licence does not allow commercial use: {', '.join(forbidding)}; "
            "use --licensed if you have another licence"
        )
    if unknown:
        raise LicenceRefused(f"its licence {', '.join(unknown)} is not known; read it, then use --licensed")
    if not known and has_text:
        raise LicenceRefused("its licence file is not a known licence; read it, then use --licensed")
    if not known:
        raise LicenceRefused("the model has no licence; ask its authors, then use --licensed")
    if len(known) > 1:
        titles = " and ".join(licence.title for licence in known)
        raise LicenceRefused(f"it states several licences: {titles}; ask its authors, then use --licensed")
    if condition := known[0].condition:
        raise LicenceRefused(f"its licence is {known[0].title}: {condition}; use --licensed if that holds for you")
