"""A Lambda in Python, packaged with what it imports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_cdk import AssetHashType, CfnOutput, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.packaging.lambda_package import build_lambda_package
from cdk_app.stages.stage import Stage
from cdk_app.storage.log_group import LogGroup
from craftspark.settings import Settings

ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}

MEMORY_MIB = 1024  # CPU scales with memory, and a cold start is mostly imports


Grant = Callable[[iam.IGrantable], object]


@dataclass(frozen=True, kw_only=True)
class Access:
    """The settings that a function reads, and what its role may do. A sum has the settings and grants of both."""

    settings: tuple[Settings, ...] = ()
    grants: tuple[Grant, ...] = ()

    def __add__(self, other: "Access") -> "Access":
        return Access(settings=self.settings + other.settings, grants=self.grants + other.grants)

    def to_environment(self) -> dict[str, str]:
        """The environment variables of all settings. Raises ValueError if two settings give one different values."""
        environment: dict[str, str] = {}
        for settings in self.settings:
            for variable, value in settings.to_environment().items():
                if environment.setdefault(variable, value) != value:
                    raise ValueError(f"{variable}: two settings of a function have different values")
        return environment


class PythonFunction(Construct):
    """The function of `lambdas/<name>/handler.py`.

    `environment` is for variables that no settings have. CPU scales with `memory_mib`. `dead_letters` gets the events
    of asynchronous invocations that failed three times.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stage: Stage,
        timeout: Duration,
        access: Access,
        environment: Mapping[str, str] | None = None,
        memory_mib: int = MEMORY_MIB,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        on = stage.functions
        package = build_lambda_package(name, functions=on)
        # The package is named by a hash of its content, so the CDK does not need to read it.
        code = lambda_.Code.from_asset(str(package), asset_hash=package.stem, asset_hash_type=AssetHashType.CUSTOM)
        log = LogGroup(self, "Logs", operations=stage.operations)
        # With AWS's managed policy, which the CDK would choose, it could write into the log of every other function.
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime(f"python{on.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=ARCHITECTURES[on.architecture],
            handler=f"lambdas.{name}.handler.handler",
            code=code,
            environment={
                **access.to_environment(),
                **(environment or {}),
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": stage.metrics_namespace,
                "POWERTOOLS_LOG_LEVEL": on.log_level,
            },
            timeout=timeout,
            memory_size=memory_mib,
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
            role=self.role,
            log_group=log,
        )
        self._acknowledge(has_dead_letters=dead_letters is not None)
        for grant in access.grants:
            grant(self.function)
        # Operators call functions, read their logs and pause their event sources by this name.
        CfnOutput(self, "Name", value=self.function.function_name).override_logical_id(f"{construct_id}FunctionName")

    def _acknowledge(self, *, has_dead_letters: bool) -> None:
        acknowledge(
            self.function,
            "What calls the function bounds it: a route's throttle, a queue's maximum concurrency, or a state machine. "
            "A reservation would take places from all other functions, also while this one is idle.",
            "NIST.800.53.R5-LambdaConcurrency",
            "CKV_AWS_115",
        )
        acknowledge(
            self.function,
            "The function calls AWS, and at most partners' addresses. Outside a VPC, it can reach nothing private.",
            "NIST.800.53.R5-LambdaInsideVPC",
            "CKV_AWS_117",
        )
        acknowledge(
            self.function,
            "Lambda encrypts the variables with keys of its own, and they are names and numbers, not secrets.",
            "CKV_AWS_173",
        )
        if not has_dead_letters:
            acknowledge(
                self.function,
                "Lambda sends only asynchronous events to dead letters. API Gateway, Cognito, CloudFormation or a "
                "state machine waits for this function's answer, or it reads a queue or a stream that has its own "
                "dead letters.",
                "NIST.800.53.R5-LambdaDLQ",
                "CKV_AWS_116",
            )
