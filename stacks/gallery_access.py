"""The access of each function of the API for the gallery: its settings and its permissions."""

from dataclasses import asdict
from functools import partial

from cdk_app.guardrail import Guardrail, fill_guardrail_settings
from cdk_app.packaging.python_function import Access
from cdk_app.stages.stage import Stage
from cdk_app.storage.picture_indexes import PictureIndexes
from craftspark.aws.gallery.picture_bucket import HIDDEN
from craftspark.settings.gallery import GallerySettings, IndexSettings, PublishSettings, RecordSettings
from craftspark.settings.uploads import TextModerationSettings
from stacks.api_access import fill_account_settings, list_moderation_grants
from stacks.data import DataStack


def define_gallery_access(
    stage: Stage, data: DataStack, indexes: PictureIndexes, guardrail: Guardrail | None, *, site_url: str
) -> dict[str, Access]:
    """Functions for the gallery. The site serves public pictures. A function that signs a link to another one
    needs permission to read it.
    """
    records, files = data.gallery_records, data.gallery
    record = RecordSettings(gallery_table=records.table.table_name)
    gallery = GallerySettings(
        **asdict(record),
        gallery_bucket=files.bucket_name,
        site_url=site_url,
        url_lifetime_s=stage.makers.url_lifetime_s,
    )
    read_files = partial(files.grant_read, objects_key_pattern="pictures/*")
    drop_files = partial(files.grant_delete, objects_key_pattern="pictures/*")
    drop_hidden = partial(files.grant_delete, objects_key_pattern=f"{HIDDEN}*")
    publish = PublishSettings(
        **asdict(gallery), jobs_table=data.jobs.table.table_name, images_bucket=data.images.bucket_name
    )
    moderate = TextModerationSettings(
        moderator=stage.makers.moderator, **asdict(fill_guardrail_settings(guardrail, stage))
    )
    read_hidden = partial(files.grant_read, objects_key_pattern=f"{HIDDEN}*")
    curate = Access(
        settings=(gallery, fill_account_settings(stage, data)),
        grants=(data.accounts.grant_audit, read_files, read_hidden),
    )
    return {
        "publish_image": Access(
            settings=(publish, moderate, fill_account_settings(stage, data)),
            grants=(
                data.jobs.grant_read,
                data.accounts.grant_enter,  # records and counts of refusals
                *list_moderation_grants(stage, guardrail),
                records.grant_publish,
                partial(data.images.grant_read, objects_key_pattern="images/*"),
                partial(files.grant_put, objects_key_pattern="pictures/*"),
                *(drop_files, drop_hidden),  # of a publication that another request has overtaken
            ),
        ),
        "unpublish_picture": Access(settings=(publish,), grants=(records.grant_remove, drop_files, drop_hidden)),
        "read_picture": Access(settings=(gallery,), grants=(records.grant_show,)),
        "report_picture": Access(settings=(gallery,), grants=(records.grant_report,)),
        "appeal_takedown": Access(settings=(gallery,), grants=(records.grant_appeal, read_hidden)),
        "list_own_pictures": Access(settings=(gallery,), grants=(records.grant_list_own, read_hidden)),
        "list_reports": Access(settings=(gallery,), grants=(records.grant_review, read_files, read_hidden)),
        "take_down_picture": curate + Access(grants=(records.grant_curate,)),
        "dismiss_reports": curate + Access(grants=(records.grant_dismiss,)),
        # Copies the files into a new folder, and deletes the copies if another decision was faster.
        "restore_picture": curate
        + Access(
            grants=(
                records.grant_curate,
                partial(files.grant_put, objects_key_pattern="pictures/*"),
                drop_files,
                drop_hidden,
            )
        ),
        "list_remixes": Access(settings=(gallery,), grants=(records.grant_list, records.grant_show)),
        "read_maker": Access(settings=(record,), grants=(records.grant_find,)),
        "read_profile": Access(settings=(record,), grants=(records.grant_find,)),
        "change_profile": Access(
            settings=(record, moderate, fill_account_settings(stage, data)),
            grants=(
                data.accounts.grant_enter,  # records and counts of refusals
                *list_moderation_grants(stage, guardrail),
                records.grant_rename,
            ),
        ),
        "read_like": Access(settings=(record,), grants=(records.grant_read_likes,)),
        "like_picture": Access(settings=(record,), grants=(records.grant_like,)),
        "unlike_picture": Access(settings=(record,), grants=(records.grant_unlike,)),
        "list_pictures": Access(settings=(gallery,), grants=(records.grant_list,)),
        "search_pictures": Access(
            settings=(gallery, IndexSettings(**asdict(record), vector_index_arns=" ".join(indexes.arns))),
            grants=(records.grant_show, indexes.grant_search),
        ),
    }
