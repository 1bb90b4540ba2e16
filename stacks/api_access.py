"""The access of each function of the API, except for those of the gallery: its settings and its permissions."""

from dataclasses import asdict
from functools import partial

from aws_cdk import aws_iam as iam

from cdk_app.api.sign_in import SignIn
from cdk_app.guardrail import Guardrail, fill_guardrail_settings
from cdk_app.packaging.python_function import Access, Grant
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import WorkQueue
from craftspark.jobs.pools import ServingPool, ServingPools
from craftspark.settings.accounts import AccountSettings, DirectorySettings
from craftspark.settings.gallery import RecordSettings
from craftspark.settings.jobs import DeleteSettings, JobsSettings, ReadSettings, SubmitSettings, ToolsSettings
from craftspark.settings.notifications import LiveSettings, WebhookSettings
from craftspark.settings.uploads import UploadSettings
from stacks.data import DataStack
from stacks.live import LiveStack
from stacks.webhooks import WebhooksStack


def define_job_access(
    stage: Stage, data: DataStack, intake: WorkQueue, guardrail: Guardrail | None
) -> dict[str, Access]:
    """Functions for jobs and tools. A function that signs a link to an image needs permission to read the image."""
    jobs, images = data.jobs, data.images
    submit = _fill_submit_settings(stage, data, intake, guardrail)
    quote: tuple[Grant, ...] = (
        data.styles.grant_look_up,
        data.accounts.grant_enter,  # records and counts of refusals
        *list_moderation_grants(stage, guardrail),
        data.upload_records.grant_find,
        data.gallery_records.grant_find,
    )
    read = Access(
        settings=(
            ReadSettings(
                jobs_table=jobs.table.table_name,
                images_bucket=images.bucket_name,
                url_lifetime_s=stage.makers.url_lifetime_s,
            ),
        ),
        grants=(jobs.grant_read, images.grant_read),
    )
    delete = Access(
        settings=(DeleteSettings(jobs_table=jobs.table.table_name, images_bucket=images.bucket_name),),
        grants=(images.grant_delete,),
    )
    list_zips = Access(grants=(partial(images.grant_list, prefix="zips/"),))
    return {
        "submit_job": Access(settings=(submit,), grants=(jobs.grant_add, *quote, intake.queue.grant_send_messages)),
        "quote_job": Access(settings=(submit,), grants=(jobs.grant_read, data.gallery_records.grant_show, *quote)),
        "read_job": read,
        "list_jobs": read,
        "list_files": read,
        # Deletes a zip whose images are deleted while it is made.
        "zip_files": read
        + list_zips
        + Access(
            grants=(
                partial(images.grant_put, objects_key_pattern="zips/*"),
                partial(images.grant_delete, objects_key_pattern="zips/*"),
            )
        ),
        "cancel_job": data.settlement,
        "change_job": Access(settings=(JobsSettings(jobs_table=jobs.table.table_name),), grants=(jobs.grant_mark,)),
        "delete_images": delete + list_zips + Access(grants=(jobs.grant_read, jobs.grant_mark)),
        # Lists the files of the job, so that it also deletes files that the table does not name.
        "delete_job": delete
        + list_zips
        + Access(grants=(jobs.grant_mark, partial(images.grant_list, prefix="images/"))),
        "list_plans": Access(),
        "list_tools": Access(settings=(ToolsSettings(pools=_list_pools(stage)),)),
    }


def define_upload_access(stage: Stage, data: DataStack, guardrail: Guardrail | None) -> dict[str, Access]:
    """Functions for uploads. A function that signs a form or a link needs permission for what these do."""
    records, files = data.upload_records, data.uploads
    uploads = Access(
        settings=(
            UploadSettings(
                uploads_table=records.table.table_name,
                uploads_bucket=files.bucket_name,
                uploads_kept_days=stage.data.uploads_kept_days,
                url_lifetime_s=stage.makers.url_lifetime_s,
            ),
        )
    )
    read_pictures = partial(files.grant_read, objects_key_pattern="pictures/*")
    check = Access(
        settings=(fill_guardrail_settings(guardrail, stage),),
        grants=(
            files.grant_read,
            partial(files.grant_put, objects_key_pattern="pictures/*"),
            partial(files.grant_delete, objects_key_pattern="pictures/*"),  # of an upload that was deleted meanwhile
            records.grant_mark,
            *_list_guardrail_grants(guardrail),
        ),
    )
    put_form = partial(files.grant_put, objects_key_pattern="incoming/*")
    return {
        "create_upload": uploads + Access(grants=(data.accounts.grant_bind_key, put_form, records.grant_open)),
        "check_upload": uploads + check,
        "list_uploads": uploads + Access(grants=(records.grant_list, read_pictures)),
        "delete_upload": uploads + Access(grants=(files.grant_delete, records.grant_drop)),
    }


def define_notification_access(data: DataStack, live: LiveStack, webhooks: WebhooksStack) -> dict[str, Access]:
    """Functions for live updates and webhooks."""
    connections, table = live.connections, webhooks.table
    settings = (WebhookSettings(webhooks_table=table.table.table_name),)
    read = Access(settings=settings, grants=(table.grant_read,))
    return {
        "open_live": Access(
            settings=(LiveSettings(connections_table=connections.table.table_name, live_url=live.websocket.url),),
            grants=(connections.grant_issue_ticket,),
        ),
        "create_webhook": Access(settings=settings, grants=(table.grant_register, data.accounts.grant_read_write)),
        "list_webhooks": read,
        "list_deliveries": read,
        "delete_webhook": Access(settings=settings, grants=(table.grant_drop,)),
        "rotate_webhook_secret": Access(settings=settings, grants=(data.accounts.grant_bind_key, table.grant_put)),
    }


def define_account_access(stage: Stage, data: DataStack, sign_in: SignIn) -> dict[str, Access]:
    """Functions for a maker's own account, and for the administration of all accounts.

    A function that reads an account creates it on first use and moves it to a new month, so it also needs to write.
    """
    accounts = data.accounts
    own = Access(settings=(fill_account_settings(stage, data),), grants=(accounts.grant_read_write,))
    jobs = JobsSettings(jobs_table=data.jobs.table.table_name)
    records = RecordSettings(gallery_table=data.gallery_records.table.table_name)
    inspect = own + Access(settings=(jobs,), grants=(data.jobs.grant_read,))
    find = Access(
        settings=(fill_account_settings(stage, data), DirectorySettings(user_pool_id=sign_in.user_pool_id)),
        grants=(sign_in.grant_find, accounts.grant_audit),
    )
    return {
        "read_account": own,
        "list_ledger": Access(settings=own.settings, grants=(accounts.grant_list_entries,)),
        "inspect_account": own + Access(settings=(records,), grants=(data.gallery_records.grant_find,)),
        "remove_name": Access(
            settings=(fill_account_settings(stage, data), records),
            grants=(accounts.grant_audit, data.gallery_records.grant_remove_name),
        ),
        **dict.fromkeys(("grant_credits", "adjust_credits", "change_plan"), own),
        # The pictures of the maker follow.
        "suspend_account": own
        + Access(
            settings=(records,),
            grants=(data.gallery_records.grant_set_standing,),
        ),
        "inspect_job": inspect,
        "list_account_jobs": inspect,
        "find_makers": find,
        "list_audit": Access(settings=own.settings, grants=(accounts.grant_read_audit,)),
    }


def define_suspension_access(stage: Stage, data: DataStack) -> Access:
    """Every function of a route that costs credits, to check whether the maker is suspended."""
    return Access(settings=(fill_account_settings(stage, data),), grants=(data.accounts.grant_look_up,))


def fill_account_settings(stage: Stage, data: DataStack) -> AccountSettings:
    """What a function needs to read accounts."""
    return AccountSettings(accounts_table=data.accounts.table.table_name, default_plan=stage.makers.default_plan)


def _fill_submit_settings(
    stage: Stage, data: DataStack, intake: WorkQueue, guardrail: Guardrail | None
) -> SubmitSettings:
    makers, rendering = stage.makers, stage.rendering
    return SubmitSettings(
        jobs_table=data.jobs.table.table_name,
        accounts_table=data.accounts.table.table_name,
        styles_table=data.styles.table.table_name,
        uploads_table=data.upload_records.table.table_name,
        gallery_table=data.gallery_records.table.table_name,
        intake_queue_url=intake.queue.queue_url,
        pools=_list_pools(stage),
        dispatch_ms=stage.gpu.dispatch_ms,
        batch_s=rendering.batch_s,
        job_deadline_s=rendering.job_deadline_s,
        moderator=makers.moderator,
        **asdict(fill_guardrail_settings(guardrail, stage)),
        default_plan=makers.default_plan,
        job_retention_days=makers.job_retention_days,
    )


def _list_pools(stage: Stage) -> str:
    """The pools as JSON, for functions that need the model of each tool."""
    pools = tuple(
        ServingPool(
            name=name,
            tools=stage.list_tools(name),
            device=pool.profile_device,
            min_tasks=pool.warm_tasks,
            launch_s=pool.launch_s,
        )
        for name, pool in stage.pools.items()
    )
    return ServingPools(networks=stage.networks, pools=pools).to_text()


def list_moderation_grants(stage: Stage, guardrail: Guardrail | None) -> tuple[Grant, ...]:
    """What a function needs to have words moderated as the stage says."""
    comprehend = (_grant_comprehend,) if stage.makers.moderator == "comprehend" else ()
    return (*comprehend, *_list_guardrail_grants(guardrail))


def _list_guardrail_grants(guardrail: Guardrail | None) -> tuple[Grant, ...]:
    return (guardrail.grant_apply,) if guardrail else ()


def _grant_comprehend(caller: iam.IGrantable) -> None:
    iam.Grant.add_to_principal(grantee=caller, actions=["comprehend:DetectToxicContent"], resource_arns=["*"])
