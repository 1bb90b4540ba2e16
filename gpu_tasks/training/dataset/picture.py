"""One picture of a dataset, as in its manifest."""

from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class CaptionedPicture:
    """A picture: its file in the dataset's folder, its content, and its licence."""

    id: Text
    file: Text
    name: Text
    synonyms: tuple[Text, ...] = ()
    group: str = ""
    style: str = ""
    licence: Text
    attribution: str = ""
    source: str = ""


PICTURE = TypeAdapter(CaptionedPicture)
