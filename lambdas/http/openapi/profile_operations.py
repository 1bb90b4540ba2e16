"""Operations about makers in the gallery."""

from craftspark import errors
from lambdas.http.openapi.operation import Operation
from lambdas.http.openapi.parameters import AUTHOR, MAKER_IN_PATH
from lambdas.http.profile_views import AuthorView, NameRemovalRequest, ProfileChange, ProfileView

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
        description="Returns your ID and your name in the gallery, or why an administrator has removed it.",
        success="Your profile.",
        answer=ProfileView,
    ),
    "remove_name": Operation(
        summary="Remove the name of a maker",
        description="Takes the name that a maker has in the gallery, for example because it imitates somebody. The "
        "maker sees the reason and can choose another name, but not this one or one that looks like it. The audit log "
        "records the request. For a maker without a name, nothing changes.",
        success="The profile without a name.",
        answer=ProfileView,
        body=NameRemovalRequest,
        parameters=(MAKER_IN_PATH,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.MakerNotFound, errors.AccountContended),
    ),
    "change_profile": Operation(
        summary="Change your profile",
        description="Sets your name in the gallery. It is moderated like a prompt. No two makers have names that look "
        "the same: letters are compared without case, over all scripts, and without spaces and punctuation. Your "
        "previous name is free for others. Names such as `admin` or `support` are refused.",
        success="Your profile.",
        answer=ProfileView,
        body=ProfileChange,
        refusals=(
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.PromptRefused,
            errors.NameUnavailable,
            errors.TooManyRequests,
            errors.AccountContended,
            errors.ModerationUnavailable,
        ),
    ),
}
