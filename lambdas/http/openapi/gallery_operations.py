"""Operations of the gallery: publishing, and reading what is published."""

from http import HTTPStatus

from craftspark import errors
from lambdas.http.gallery_views import FoundPictures, LikeView, PicturePage, PictureView, PublicationRequest
from lambdas.http.openapi.operation import Operation
from lambdas.http.openapi.parameters import (
    CURSOR,
    IMAGE_INDEX,
    JOB_ID,
    PICTURE_AUTHOR,
    PICTURE_ID,
    PICTURE_LIMIT,
    PICTURE_SORT,
    PICTURE_TAG,
    PICTURE_TOOL,
    SEARCH_LIKE,
    SEARCH_LIMIT,
    SEARCH_WORDS,
)

GALLERY_OPERATIONS = {
    "publish_image": Operation(
        summary="Publish an image",
        description="Copies an image of an ended job to the gallery, where everybody can see it, also after the job "
        "has expired or was deleted. Its file is unchanged and contains your prompt only if the job has "
        "`share_prompt`. Title and tags are moderated. A repeated request with the same body returns the same picture.",
        success="The picture is published.",
        answer=PictureView,
        body=PublicationRequest,
        status=HTTPStatus.CREATED,
        parameters=(JOB_ID, IMAGE_INDEX),
        refusals=(
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.PromptRefused,
            errors.JobNotFound,
            errors.JobUnfinished,
            errors.FilesMissing,
            errors.PictureAlreadyPublished,
            errors.PictureTakenDown,
            errors.TooManyRequests,
            errors.AccountContended,
            errors.ModerationUnavailable,
        ),
    ),
    "list_pictures": Operation(
        summary="List pictures",
        description="Returns published pictures, the newest or the most popular first: all of them, or those of one "
        "tool, tag or author. No token is needed. A page can have fewer pictures than `limit` although there are more.",
        success="A page of pictures.",
        answer=PicturePage,
        parameters=(PICTURE_SORT, PICTURE_TOOL, PICTURE_TAG, PICTURE_AUTHOR, PICTURE_LIMIT, CURSOR),
        refusals=(errors.InvalidInput, errors.ToolUnknown),
    ),
    "search_pictures": Operation(
        summary="Search pictures",
        description="Returns the published pictures that are most similar to words, to another picture, or to both. "
        "Words are moderated. No token is needed. A picture can be found some seconds after it was published.",
        success="The pictures, the best first.",
        answer=FoundPictures,
        parameters=(SEARCH_WORDS, SEARCH_LIKE, PICTURE_TOOL, SEARCH_LIMIT),
        refusals=(errors.InvalidInput, errors.ToolUnknown, errors.PromptRefused, errors.PictureNotFound),
    ),
    "read_picture": Operation(
        summary="Read a picture",
        description="Returns a published picture with its recipe and its terms. No token is needed.",
        success="The picture.",
        answer=PictureView,
        parameters=(PICTURE_ID,),
        refusals=(errors.PictureNotFound,),
    ),
    "list_remixes": Operation(
        summary="List remixes",
        description="Returns the published remixes of a picture, newest first. No token is needed.",
        success="A page of remixes.",
        answer=PicturePage,
        parameters=(PICTURE_ID, PICTURE_LIMIT, CURSOR),
        refusals=(errors.InvalidInput, errors.PictureNotFound),
    ),
    "unpublish_picture": Operation(
        summary="Unpublish a picture",
        description="Removes your picture from the gallery, with its files. The image stays in its job. A picture that "
        "was taken down cannot be removed.",
        success="The picture is removed.",
        answer=None,
        status=HTTPStatus.NO_CONTENT,
        parameters=(PICTURE_ID,),
        refusals=(errors.PictureNotFound, errors.PictureTakenDown, errors.AccountContended),
    ),
    "read_like": Operation(
        summary="Read your like of a picture",
        description="Returns whether you like a picture, and how many makers do.",
        success="Your like, and the number of likes.",
        answer=LikeView,
        parameters=(PICTURE_ID,),
        refusals=(errors.PictureNotFound,),
    ),
    "like_picture": Operation(
        summary="Like a picture",
        description="Adds your like to a picture. You like it once, however often you send the request.",
        success="You like the picture.",
        answer=LikeView,
        parameters=(PICTURE_ID,),
        refusals=(errors.PictureNotFound, errors.AccountContended),
    ),
    "unlike_picture": Operation(
        summary="Take your like back",
        description="Removes your like of a picture, if it has it.",
        success="You do not like the picture.",
        answer=LikeView,
        parameters=(PICTURE_ID,),
        refusals=(errors.PictureNotFound, errors.AccountContended),
    ),
}
