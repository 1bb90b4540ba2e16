"""What makers' front ends talk to: the HTTP API, sign-in, and a Lambda for each route."""

from dataclasses import asdict
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.api.http_api import HttpApi
from cdk_app.api.sign_in import SignIn
from cdk_app.guardrail import Guardrail, guardrail_settings
from cdk_app.packaging.python_function import MEMORY_MIB, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import WorkQueue
from craftspark.routes import ADMIN, ROUTES
from craftspark.settings import Settings
from craftspark.settings.accounts import AccountSettings, AdminSettings, DirectorySettings, TokenSettings
from craftspark.settings.jobs import DeleteSettings, JobsSettings, ReadSettings, SubmitSettings, ToolsSettings
from craftspark.settings.notifications import LiveSettings, WebhookSettings
from craftspark.settings.rendering import SettleSettings
from craftspark.settings.uploads import UploadSettings
from stacks.data import DataStack
from stacks.live import LiveStack
from stacks.webhooks import WebhooksStack

TIMEOUT = Duration.seconds(10)
# A picture is decoded and encoded by a process of up to 320 MiB in addition to the function, in up to 6 s of one vCPU.
# CPU scales with memory.
CHECK_MEMORY_MIB = 2048
CHECK_TIMEOUT = Duration.seconds(25)


class ApiStack(Stack):
    """Each function may do what its route needs, and no more."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        data: DataStack,
        intake: WorkQueue,
        live: LiveStack,
        webhooks: WebhooksStack,
        guardrail: Guardrail | None,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage, self._data = stage, data
        self._guardrail = guardrail
        sign_in = SignIn(self, "SignIn", api=stage.api, user_pool=stage.user_pool, keep=stage.data.keep)
        functions = {
            "submit_job": self._submit_job(intake),
            "quote_job": self._quote_job(intake),
            "open_live": self._open_live(live),
            "create_upload": self._create_upload(),
            "check_upload": self._check_upload(),
            "list_uploads": self._list_uploads(),
            "delete_upload": self._delete_upload(),
            "read_job": self._reader("ReadJob", "read_job"),
            "list_jobs": self._reader("ListJobs", "list_jobs"),
            "cancel_job": self._cancel_job(),
            "change_job": self._change_job(),
            "delete_images": self._delete_images(),
            "delete_job": self._delete_job(),
            "read_account": self._account("ReadAccount", "read_account"),
            "list_ledger": self._account("ListLedger", "list_ledger"),
            "list_tools": self._function("ListTools", "list_tools", ToolsSettings(model=stage.rendering.model)),
        }
        for name in ("create_webhook", "list_webhooks", "delete_webhook", "rotate_webhook_secret", "list_deliveries"):
            functions[name] = self._webhooks(name, webhooks)
        for name in sorted({route.function for route in ROUTES if route.scope == ADMIN}):
            functions[name] = self._administration(name, sign_in)
        self.http_api = HttpApi(
            self, "FrontDoor", authorizer=sign_in.authorizer, api=stage.api, operations=stage.operations
        )
        for route in ROUTES:
            self.http_api.answer(route, functions[route.function])
        CfnOutput(self, "ApiUrl", value=self.http_api.stage.url)

    def _submit_job(self, intake: WorkQueue) -> lambda_.Function:
        submit_job = self._function("SubmitJob", "submit_job", self._submit_settings(intake))
        self._data.jobs.grant_read_write(submit_job)
        self._grant_quote(submit_job)
        intake.queue.grant_send_messages(submit_job)
        return submit_job

    def _quote_job(self, intake: WorkQueue) -> lambda_.Function:
        quote_job = self._function("QuoteJob", "quote_job", self._submit_settings(intake))
        self._data.jobs.grant_read(quote_job)
        self._grant_quote(quote_job)
        return quote_job

    def _grant_quote(self, function: lambda_.Function) -> None:
        """Look up styles and sources."""
        self._data.styles.grant_look_up(function)
        self._data.accounts.grant_enter(function)  # records and counts of refusals
        if self._stage.makers.moderator == "comprehend":
            function.add_to_role_policy(iam.PolicyStatement(actions=["comprehend:DetectToxicContent"], resources=["*"]))
        if self._guardrail:
            self._guardrail.grant_apply(function)
        self._data.upload_records.grant_find(function)

    def _submit_settings(self, intake: WorkQueue) -> SubmitSettings:
        makers, gpu = self._stage.makers, self._stage.gpu
        return SubmitSettings(
            jobs_table=self._data.jobs.table.table_name,
            accounts_table=self._data.accounts.table.table_name,
            styles_table=self._data.styles.table.table_name,
            intake_queue_url=intake.queue.queue_url,
            device=gpu.device,
            launched_tasks=gpu.spot_instances,
            launch_s=gpu.launch_s,
            dispatch_ms=gpu.dispatch_ms,
            batch_s=self._stage.rendering.batch_s,
            moderator=makers.moderator,
            **asdict(guardrail_settings(self._guardrail, self._stage)),
            warm_workers=gpu.warm_spot_tasks + gpu.warm_on_demand_tasks,
            uploads_table=self._data.upload_records.table.table_name,
            model=self._stage.rendering.model,
            default_plan=makers.default_plan,
            job_deadline_s=self._stage.rendering.job_deadline_s,
            job_retention_days=makers.job_retention_days,
        )

    def _open_live(self, live: LiveStack) -> lambda_.Function:
        open_live = self._function(
            "OpenLive",
            "open_live",
            LiveSettings(connections_table=live.connections.table.table_name, live_url=live.door.url),
        )
        live.connections.table.grant(open_live, "dynamodb:PutItem")
        return open_live

    def _create_upload(self) -> lambda_.Function:
        """Signs forms; what signs one must be allowed what its holder does with it."""
        create_upload = self._function("CreateUpload", "create_upload", self._upload_settings())
        self._data.uploads.grant_put(create_upload, "incoming/*")
        self._data.upload_records.grant_open(create_upload)
        return create_upload

    def _check_upload(self) -> lambda_.Function:
        check_upload = self._function(
            "CheckUpload",
            "check_upload",
            self._upload_settings(),
            memory_mib=CHECK_MEMORY_MIB,
            timeout=CHECK_TIMEOUT,
        )
        self._data.uploads.grant_read(check_upload)
        self._data.uploads.grant_put(check_upload, "pictures/*")
        self._data.uploads.grant_delete(check_upload, "pictures/*")  # of an upload that was deleted meanwhile
        self._data.upload_records.grant_mark(check_upload)
        for variable, value in guardrail_settings(self._guardrail, self._stage).to_environment().items():
            check_upload.add_environment(variable, value)
        if self._guardrail:
            self._guardrail.grant_apply(check_upload)
        return check_upload

    def _list_uploads(self) -> lambda_.Function:
        list_uploads = self._function("ListUploads", "list_uploads", self._upload_settings())
        self._data.upload_records.grant_list(list_uploads)
        return list_uploads

    def _delete_upload(self) -> lambda_.Function:
        delete_upload = self._function("DeleteUpload", "delete_upload", self._upload_settings())
        self._data.uploads.grant_delete(delete_upload)
        self._data.upload_records.grant_drop(delete_upload)
        return delete_upload

    def _upload_settings(self) -> UploadSettings:
        return UploadSettings(
            uploads_table=self._data.upload_records.table.table_name,
            uploads_bucket=self._data.uploads.bucket_name,
            uploads_kept_days=self._stage.data.uploads_kept_days,
        )

    def _reader(self, construct_id: str, name: str) -> lambda_.Function:
        """A function that shows jobs with links to their images; what signs a link must be allowed to follow it."""
        reader = self._function(
            construct_id,
            name,
            ReadSettings(
                jobs_table=self._data.jobs.table.table_name,
                images_bucket=self._data.images.bucket_name,
                url_lifetime_s=self._stage.makers.url_lifetime_s,
            ),
        )
        self._data.jobs.grant_read(reader)
        self._data.images.grant_read(reader)
        return reader

    def _change_job(self) -> lambda_.Function:
        table = self._data.jobs
        change_job = self._function("ChangeJob", "change_job", JobsSettings(jobs_table=table.table.table_name))
        table.grant_enter(change_job)
        return change_job

    def _delete_images(self) -> lambda_.Function:
        delete_images = self._deleter("DeleteImages", "delete_images")
        self._data.jobs.grant_read(delete_images)
        self._data.jobs.grant_mark(delete_images)
        return delete_images

    def _delete_job(self) -> lambda_.Function:
        """Finds files by their job, so that it leaves none that no table knows."""
        delete_job = self._deleter("DeleteJob", "delete_job")
        self._data.jobs.grant_enter(delete_job)
        images = iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[self._data.images.bucket_arn],
            conditions={"StringLike": {"s3:prefix": "images/*"}},
        )
        delete_job.add_to_role_policy(images)
        return delete_job

    def _deleter(self, construct_id: str, name: str) -> lambda_.Function:
        settings = DeleteSettings(
            jobs_table=self._data.jobs.table.table_name, images_bucket=self._data.images.bucket_name
        )
        function = self._function(construct_id, name, settings)
        self._data.images.grant_delete(function)
        return function

    def _cancel_job(self) -> lambda_.Function:
        cancel_job = self._function(
            "CancelJob",
            "cancel_job",
            SettleSettings(
                jobs_table=self._data.jobs.table.table_name,
                accounts_table=self._data.accounts.table.table_name,
                styles_table=self._data.styles.table.table_name,
            ),
        )
        self._data.jobs.grant_read_write(cancel_job)
        self._data.accounts.grant_read_write(cancel_job)
        self._data.styles.grant_count(cancel_job)
        return cancel_job

    def _account(self, construct_id: str, name: str) -> lambda_.Function:
        """Creates the account on first use and moves it to a new month, so it needs more than read access."""
        function = self._function(construct_id, name, self._account_settings())
        self._data.accounts.grant_read_write(function)
        return function

    def _webhooks(self, name: str, webhooks: WebhooksStack) -> lambda_.Function:
        settings = WebhookSettings(webhooks_table=webhooks.table.table.table_name)
        function = self._function(name.title().replace("_", ""), name, settings)
        grants = {
            "create_webhook": webhooks.table.grant_register,
            "rotate_webhook_secret": webhooks.table.grant_put,
            "delete_webhook": webhooks.table.grant_drop,
        }
        grants.get(name, webhooks.table.grant_read)(function)
        if name == "create_webhook":
            self._data.accounts.grant_read_write(function)
        return function

    def _administration(self, name: str, sign_in: SignIn) -> lambda_.Function:
        """Everything about accounts, looking at jobs, and finding makers."""
        function = self._function(
            name.title().replace("_", ""),
            name,
            AdminSettings(
                accounts_table=self._data.accounts.table.table_name,
                jobs_table=self._data.jobs.table.table_name,
                default_plan=self._stage.makers.default_plan,
            ),
        )
        if name == "find_makers":
            for variable, value in DirectorySettings(user_pool_id=sign_in.user_pool_id).to_environment().items():
                function.add_environment(variable, value)
            sign_in.grant_find(function)
            self._data.accounts.table.grant(function, "dynamodb:PutItem")  # the audit
            return function
        self._data.accounts.grant_read_write(function)
        if name in ("inspect_job", "list_account_jobs"):
            self._data.jobs.grant_read(function)
        return function

    def _account_settings(self) -> AccountSettings:
        return AccountSettings(
            accounts_table=self._data.accounts.table.table_name, default_plan=self._stage.makers.default_plan
        )

    def _token_settings(self, name: str) -> TokenSettings:
        """The scopes of the function's routes, all of which are of one kind."""
        [kind] = {route.scope for route in ROUTES if route.function == name}
        return TokenSettings(token_scopes=" ".join(self._stage.api.scopes[kind]))

    def _function(
        self,
        construct_id: str,
        name: str,
        settings: Settings,
        *,
        memory_mib: int = MEMORY_MIB,
        timeout: Duration = TIMEOUT,
    ) -> lambda_.Function:
        # Functions of routes that cost credits check whether the maker is suspended.
        costs = any(route.costs for route in ROUTES if route.function == name)
        account = self._account_settings().to_environment() if costs else {}
        function = PythonFunction(
            self,
            construct_id,
            name=name,
            stage=self._stage,
            timeout=timeout,
            memory_mib=memory_mib,
            environment={**settings.to_environment(), **self._token_settings(name).to_environment(), **account},
        ).function
        if costs:
            self._data.accounts.table.grant(function, "dynamodb:GetItem")
        if name in ("create_upload", "rotate_webhook_secret"):
            self._data.accounts.table.grant(function, "dynamodb:PutItem")  # bindings of Idempotency-Keys
        return function
