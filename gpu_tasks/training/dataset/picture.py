"""One picture of a dataset, as its manifest has it."""

from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture: where its file lies in the dataset's folder, what it shows, and whose it is."""

    id: Text
    file: Text
    name: Text
    synonyms: tuple[Text, ...] = ()
    group: str = ""
    style: str = ""
    licence: Text
    attribution: str = ""
    source: str = ""


PICTURE = TypeAdapter(Picture)
