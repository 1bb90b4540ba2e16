"""Request and response bodies about makers in the gallery."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from craftspark.gallery.profiles import MAX_NAME, MIN_NAME, Profile
from craftspark.parsing.texts import LINE, WORDS
from lambdas.http.schemas import Body, View

AUTHOR = "ID of the maker in the gallery. It is not the ID that the maker signs in with."


class ProfileChange(Body):
    """What everybody sees of you in the gallery."""

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=MIN_NAME, max_length=MAX_NAME), LINE, WORDS
    ] = Field(description="Your name in the gallery. It is moderated, and it need not be unique.", examples=["Ann"])


class ProfileView(View):
    """What everybody sees of you in the gallery."""

    author: str = Field(description=AUTHOR)
    name: str | None = Field(None, description="Your name in the gallery. Absent if you have chosen none.")


class AuthorView(View):
    """A maker as everybody sees them."""

    author: str = Field(description=AUTHOR)
    name: str | None = Field(None, description="Name of the maker. Absent if the maker has chosen none.")
    since: datetime = Field(description="Time of the maker's first publication.")
    pictures: int = Field(description="Number of the maker's public pictures.")


def profile_view(author: str, name: str | None) -> ProfileView:
    return ProfileView(author=author, name=name)


def author_view(profile: Profile) -> AuthorView:
    return AuthorView(author=profile.author, name=profile.name, since=profile.since, pictures=profile.pictures)
