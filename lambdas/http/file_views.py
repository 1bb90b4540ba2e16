"""Response bodies of files: their names, their terms, and the zip of a job."""

from pydantic import Field

from craftspark.models.terms import Terms
from lambdas.http.schemas import View


class LicenceView(View):
    """A licence of the model or of the style that an image was drawn with."""

    name: str = Field(description="SPDX identifier, or the tag on the Hugging Face Hub, in lower case.")
    title: str = Field(description="Title of the licence.")
    url: str = Field(description="URL of the text of the licence.")
    commercial: bool = Field(description="Whether the licence allows commercial use.")
    restricted: bool = Field(description="Whether the licence forbids certain uses, which its text names.")


class TermsView(View):
    """What you may do with the images, and whom to credit. The files contain the same text as XMP metadata."""

    commercial: bool = Field(description="Whether the licences allow commercial use.")
    usage: str = Field(description="What you may do with the images.")
    credit: str | None = Field(None, description="Whom to credit if you publish an image. Absent if nobody.")
    credits: list[str] = Field(description="Whom `credit` names, one entry for the model and one for the style.")
    licences: list[LicenceView] = Field(description="Licences of the model and of the style.")


class FileView(View):
    """A file of an image."""

    image: int = Field(description="Number of the image within its job, from 0.")
    kind: str = Field(
        description="`picture` for the image itself, otherwise the name among the further files of the image, such as "
        "`cut.svg`."
    )
    name: str = Field(description="File name of the download: the title or the prompt of the job, and a number.")
    url: str = Field(description="Temporary URL of the file. A browser saves the file under its name.")


class FileList(View):
    """The files of a job."""

    files: list[FileView] = Field(description="The files of all delivered images, by image.")
    terms: TermsView = Field(description="Terms of the images.")


class ZipView(View):
    """A zip file of all files of a job."""

    name: str = Field(description="File name of the download.")
    size_bytes: int = Field(description="Size in bytes.")
    url: str = Field(description="Temporary URL of the zip file.")


def terms_view(terms: Terms) -> TermsView:
    return TermsView(
        commercial=terms.commercial,
        usage=terms.usage,
        credit=terms.credit or None,
        credits=list(terms.credits),
        licences=[
            LicenceView(
                name=licence.name,
                title=licence.title,
                url=licence.source,
                commercial=licence.commercial,
                restricted=bool(licence.restrictions),
            )
            for licence in terms.licences
        ],
    )
