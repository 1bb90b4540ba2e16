"""Request and response bodies about makers in the gallery."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from craftspark.gallery.profiles import MAX_NAME, MIN_NAME, OwnProfile, Profile
from craftspark.parsing.texts import LINE, WORDS
from lambdas.http.schemas import Body, View

AUTHOR = "ID of the maker in the gallery. It is not the ID that the maker signs in with."


class ProfileChange(Body):
    """What everybody sees of you in the gallery."""

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=MIN_NAME, max_length=MAX_NAME), LINE, WORDS
    ] = Field(
        description="Your name in the gallery. It is moderated, and it must not look like the name of another maker or "
        "of the service.",
        examples=["Ann"],
    )


class NameRemovalRequest(Body):
    """Why a name is removed."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINE, WORDS] = Field(
        description="Reason for the removal. The maker sees it.", examples=["the name of another maker's shop"]
    )


class NameRemovalView(View):
    """A name that an administrator has removed."""

    name: str = Field(description="The name that was removed.")
    reason: str = Field(description="Reason for the removal.")
    removed_at: datetime = Field(description="Time of the removal.")


class ProfileView(View):
    """What everybody sees of a maker in the gallery, as the maker sees it."""

    author: str = Field(description=AUTHOR)
    name: str | None = Field(None, description="Name in the gallery. Absent if the maker has chosen none.")
    removal: NameRemovalView | None = Field(
        None, description="The last name, if an administrator has removed it. Absent after another name is chosen."
    )


class AuthorView(View):
    """A maker as everybody sees them."""

    author: str = Field(description=AUTHOR)
    name: str | None = Field(None, description="Name of the maker. Absent if the maker has chosen none.")
    since: datetime = Field(description="Time of the maker's first publication.")
    pictures: int = Field(description="Number of the maker's public pictures.")


def profile_view(profile: OwnProfile) -> ProfileView:
    removal = profile.removal
    return ProfileView(
        author=profile.author,
        name=profile.name,
        removal=removal and NameRemovalView(name=removal.name, reason=removal.reason, removed_at=removal.at),
    )


def author_view(profile: Profile) -> AuthorView:
    return AuthorView(author=profile.author, name=profile.name, since=profile.since, pictures=profile.pictures)
