"""Operations about reports, takedowns and appeals."""

from craftspark import errors
from lambdas.http.curation_views import (
    AppealRequest,
    KeptPictureView,
    OwnPicturePage,
    OwnPictureView,
    ReportRequest,
    ReportView,
    ReviewPage,
    TakedownRequest,
)
from lambdas.http.openapi.operation import Operation
from lambdas.http.openapi.parameters import CURSOR, LIMIT, PICTURE_ID, PICTURE_LIMIT

CURATION_OPERATIONS = {
    "report_picture": Operation(
        summary="Report a picture",
        description="Reports a picture to the administrators. You report it once: a further report returns the first.",
        success="Your report.",
        answer=ReportView,
        body=ReportRequest,
        parameters=(PICTURE_ID,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.PictureNotFound, errors.AccountContended),
    ),
    "appeal_takedown": Operation(
        summary="Appeal against a takedown",
        description="Asks the administrators to show your picture again. There is one appeal against each takedown.",
        success="The picture with your appeal.",
        answer=OwnPictureView,
        body=AppealRequest,
        parameters=(PICTURE_ID,),
        refusals=(
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.PictureNotFound,
            errors.AppealClosed,
            errors.AccountContended,
        ),
    ),
    "list_own_pictures": Operation(
        summary="List your pictures",
        description="Returns your published pictures, newest first, also those that were taken down, with the reason.",
        success="A page of your pictures.",
        answer=OwnPicturePage,
        parameters=(PICTURE_LIMIT, CURSOR),
        refusals=(errors.InvalidInput,),
    ),
    "list_reports": Operation(
        summary="List pictures to review",
        description="Returns the pictures with open reports or appeals, the most urgent first.",
        success="A page of pictures to review.",
        answer=ReviewPage,
        parameters=(LIMIT, CURSOR),
        refusals=(errors.InvalidInput,),
    ),
    "take_down_picture": Operation(
        summary="Take a picture down",
        description="Hides a picture everywhere, with its files. Its maker sees the reason and can appeal. Open "
        "reports are closed. A repeated request with another reason replaces the reason.",
        success="The picture is taken down.",
        answer=KeptPictureView,
        body=TakedownRequest,
        parameters=(PICTURE_ID,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.PictureNotFound, errors.AccountContended),
    ),
    "restore_picture": Operation(
        summary="Restore a picture",
        description="Ends a takedown. The picture is public again, unless the account of its maker is suspended.",
        success="The picture is not taken down.",
        answer=KeptPictureView,
        parameters=(PICTURE_ID,),
        refusals=(errors.PictureNotFound, errors.FilesMissing, errors.AccountContended),
    ),
    "dismiss_reports": Operation(
        summary="Dismiss reports",
        description="Closes the open reports about a picture, or the appeal of its maker, and changes nothing else.",
        success="Nothing about the picture waits for an administrator.",
        answer=KeptPictureView,
        parameters=(PICTURE_ID,),
        refusals=(errors.PictureNotFound, errors.AccountContended),
    ),
}
