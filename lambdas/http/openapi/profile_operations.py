"""Operations about makers in the gallery."""

from craftspark import errors
from lambdas.http.openapi.operation import Operation
from lambdas.http.openapi.parameters import AUTHOR
from lambdas.http.profile_views import AuthorView, ProfileChange, ProfileView

PROFILE_OPERATIONS = {
    "read_maker": Operation(
        summary="Read a maker",
        description="Returns a maker who has published: the name, since when, and how many pictures are public. "
        "`GET /v1/gallery/pictures` lists them. No token is needed.",
        success="The maker.",
        answer=AuthorView,
        parameters=(AUTHOR,),
        refusals=(errors.MakerNotFound,),
    ),
    "read_profile": Operation(
        summary="Read your profile",
        description="Returns your ID and your name in the gallery.",
        success="Your profile.",
        answer=ProfileView,
    ),
    "change_profile": Operation(
        summary="Change your profile",
        description="Sets your name in the gallery. It is moderated like a prompt.",
        success="Your profile.",
        answer=ProfileView,
        body=ProfileChange,
        refusals=(
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.PromptRefused,
            errors.TooManyRequests,
            errors.AccountContended,
            errors.ModerationUnavailable,
        ),
    ),
}
