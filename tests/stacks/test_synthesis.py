"""Rules for the templates of every stage."""

import ast
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from cdk_app.stages.values import DEV
from craftspark.routes import ADMIN, PUBLIC, ROUTES
from tests.assemblies import NODE, bare_environment
from tests.stacks.conftest import ROOT
from tests.stacks.synthesis import Synthesis


def test_no_template_has_an_error_or_a_warning_for_cfn_lint(dev: Synthesis, prod: Synthesis, local: Synthesis) -> None:
    templates = [str(file) for stage in (dev, prod, local) for file in stage.files]

    # W3005: the CDK also declares dependencies that references already imply.
    command = [str(NODE.parent / "cfn-lint"), "--format", "parseable", "--ignore-checks", "W3005", "--", *templates]
    lint = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert len(templates) == 3 * len(STACKS)
    assert lint.stdout == ""
    assert lint.returncode == 0


def test_local_differs_from_dev_in_values_and_never_in_resources(dev: Synthesis, local: Synthesis) -> None:
    kinds = [{name: each["Type"] for name, each in stage.resources.items()} for stage in (dev, local)]

    assert kinds[0] == kinds[1]
    assert dev.outputs == local.outputs


def test_synthesis_needs_no_credentials_and_no_command_line(dev: Synthesis, prod: Synthesis) -> None:
    environment = bare_environment()

    assert [name for name in environment if name.startswith("AWS_")] == [
        "AWS_EC2_METADATA_DISABLED",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    ]
    for made_there in (dev, prod):
        assert [file.name.partition(".")[0] for file in made_there.files] == sorted(STACKS)


def test_synthesis_looks_nothing_up(synthesis: Synthesis) -> None:
    manifest = json.loads((synthesis.folder / "manifest.json").read_text())

    assert "missing" not in manifest
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            assert artifact["environment"] == "aws://unknown-account/unknown-region"


def test_stacks_are_told_apart_by_their_stage(dev: Synthesis, prod: Synthesis) -> None:
    assert stack_names(dev) == {f"Craftspark-Dev-{name}" for name in STACKS}
    assert stack_names(prod) == {f"Craftspark-Prod-{name}" for name in STACKS}


def test_what_a_deployment_says_about_itself(dev: Synthesis) -> None:
    said = {
        stack: {name for name in outputs if not name.endswith(("FunctionName", "QueueUrl"))}
        for stack, outputs in dev.outputs.items()
    }

    assert said == {
        "Api": {
            "ApiUrl",
            "StudioUrl",
            "StudioClientId",
            "UserPoolId",
            "UserPoolClientId",
            "PartnerClientId",
            "AdministratorClientId",
        },
        "Data": {
            "GalleryTableName",
            "GalleryBucketName",
            "JobsTableName",
            "AccountsTableName",
            "TrainingsTableName",
            "StylesTableName",
            "ImagesBucketName",
            "ModelsBucketName",
            "TrainingBucketName",
            "GpuRepositoryUri",
        },
        "Gallery": set(),
        "Live": {"LiveUrl"},
        "Network": set(),
        "Operations": set(),
        "Rendering": {
            "StateMachineArn",
            "ClusterName",
            "FleetRuleName",
            *(f"{name.capitalize()}WarmPoolServiceName" for name in DEV.pools),
        },
        "Search": set(),
        "Training": {"TrainingStateMachineArn"},
        "Webhooks": set(),
    }


def test_every_function_and_every_queue_is_an_output_of_its_own(dev: Synthesis) -> None:
    values = [value for outputs in dev.output_values.values() for value in outputs.values()]
    for kind in ("AWS::Lambda::Function", "AWS::SQS::Queue"):
        for name in dev.of_type(kind):
            assert {"Ref": name.partition("/")[2]} in values, name
    names = [name for outputs in dev.outputs.values() for name in outputs]
    assert len(names) == len(set(names))  # a program that merges the outputs of all stacks loses none
    assert {
        "StartRenderFunctionName",
        "SettleJobFunctionName",
        "GpuDrawInteractiveDeadLetterQueueUrl",
        "GpuDrawBulkDeadLetterQueueUrl",
        "UnsettledQueueUrl",
    } <= set(names)


def test_every_handler_is_a_function_in_a_file(synthesis: Synthesis) -> None:
    handlers = {function["Handler"] for function in synthesis.properties("AWS::Lambda::Function")}

    assert handlers == {f"lambdas.{file.parent.name}.handler.handler" for file in ROOT.glob("lambdas/*/handler.py")}
    for handler in handlers:
        module, _, name = handler.rpartition(".")
        tree = ast.parse(ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_route_leads_to_its_function_and_all_but_public_ones_need_a_token(synthesis: Synthesis) -> None:
    routes = {route["RouteKey"]: route for route in synthesis.properties("AWS::ApiGatewayV2::Route")}

    # A connection is authorized by its ticket, which a signed-in maker has requested.
    assert set(routes) == {f"{route.method} {route.path}" for route in ROUTES} | {"$connect", "$disconnect"}
    for route in ROUTES:
        written = routes[f"{route.method} {route.path}"]
        assert written["AuthorizationType"] == ("NONE" if route.scope == PUBLIC else "JWT")
        assert written.get("AuthorizationScopes") == (["craftspark/admin"] if route.scope == ADMIN else None)
        assert function_behind(written, synthesis) == f"lambdas.{route.function}.handler.handler"


def test_every_function_has_a_bound_a_log_and_its_name(synthesis: Synthesis) -> None:
    for function in synthesis.properties("AWS::Lambda::Function"):
        name = function["Handler"].split(".")[1]
        variables = function["Environment"]["Variables"]
        assert 1 <= function["Timeout"] <= 300
        assert function["LoggingConfig"]["LogGroup"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == name


def test_cloud_functions_run_on_arm_and_local_ones_on_this_machine(dev: Synthesis, local: Synthesis) -> None:
    cloud = {(each["Runtime"], *each["Architectures"]) for each in dev.properties("AWS::Lambda::Function")}
    here = {each["Runtime"] for each in local.properties("AWS::Lambda::Function")}

    assert cloud == {("python3.14", "arm64")}
    assert here == {f"python3.{min(sys.version_info.minor, 14)}"}


def test_only_the_files_of_studio_are_a_custom_resource_and_no_stack_needs_docker(synthesis: Synthesis) -> None:
    kinds = {resource["Type"] for resource in synthesis.resources.values()}
    images = [json.loads(file.read_text())["dockerImages"] for file in synthesis.folder.glob("*.assets.json")]

    custom = [kind for kind in kinds if kind.startswith(("Custom::", "AWS::CloudFormation::"))]
    assert custom == ["Custom::StudioFiles"]
    assert images == [{}] * len(STACKS)


STACKS = ("Network", "Data", "Rendering", "Live", "Webhooks", "Gallery", "Search", "Api", "Training", "Operations")


def stack_names(synthesis: Synthesis) -> set[str]:
    artifacts = json.loads((synthesis.folder / "manifest.json").read_text())["artifacts"].values()
    return {each["properties"]["stackName"] for each in artifacts if each["type"] == "aws:cloudformation:stack"}


def function_behind(route: Mapping[str, Any], synthesis: Synthesis) -> str:
    """The handler of the function in a route's integration."""
    integration = synthesis.resources[f"Api/{route['Target']['Fn::Join'][1][1]['Ref']}"]
    function = synthesis.resources[f"Api/{integration['Properties']['IntegrationUri']['Fn::GetAtt'][0]}"]
    return str(function["Properties"]["Handler"])
