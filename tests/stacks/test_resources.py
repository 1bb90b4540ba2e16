"""Retention, limits, and the resources of the GPU fleet."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from cdk_app.gpu.worker import USER
from cdk_app.stages.values import DEV, find_stage
from craftspark.aws.items import OUTLINE_ATTRIBUTES
from craftspark.jobs.backlog import WORK_ATTRIBUTES
from lambdas.wiring.pinned_https import WITHIN_S
from local_cloud.reports.job_timeline import is_dead_letter_queue
from tests.stacks.conftest import ROOT
from tests.stacks.synthesis import Synthesis, actions

POOLS = tuple(DEV.pools)  # those of every stage


def test_prod_keeps_its_data_and_dev_does_not(dev: Synthesis, prod: Synthesis) -> None:
    """Except for open connections and the files of Studio, which a deployment writes."""
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::Cognito::UserPool")
    for kind in kinds:
        kept = {
            name: each for name, each in prod.of_type(kind).items() if not name.startswith(("Live/", "Api/SiteStudio"))
        }
        assert {each["DeletionPolicy"] for each in kept.values()} == {"Retain"}
        assert {each["DeletionPolicy"] for each in dev.of_type(kind).values()} == {"Delete"}
    protected = [each["DeletionProtectionEnabled"] for each in prod.properties("AWS::DynamoDB::Table")]
    assert protected.count(False) == 1  # open connections, which are lost in any case


def test_the_timeline_of_a_job_reads_every_dead_letter_queue(local: Synthesis) -> None:
    """A queue without a redrive policy is one to which messages are moved."""
    urls = {
        key: f"{stack}/{value['Ref']}"
        for stack, outputs in local.output_values.items()
        for key, value in outputs.items()
        if key.endswith("QueueUrl")
    }
    queues = local.of_type("AWS::SQS::Queue")
    dead_letter_queues = {name for name, queue in queues.items() if "RedrivePolicy" not in queue["Properties"]}

    assert dead_letter_queues
    assert {urls[key] for key in urls if is_dead_letter_queue(key)} == dead_letter_queues


def test_tables_recover_to_any_second_and_expire_items(synthesis: Synthesis) -> None:
    tables = synthesis.properties("AWS::DynamoDB::Table")

    assert len(tables) == 8
    for table in tables:
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_jobs_are_found_by_maker_and_by_deadline(dev: Synthesis) -> None:
    (jobs,) = [
        each["Properties"] for name, each in dev.of_type("AWS::DynamoDB::Table").items() if name.startswith("Data/Jobs")
    ]
    indexes = {
        index["IndexName"]: ([key["AttributeName"] for key in index["KeySchema"]], index["Projection"])
        for index in jobs["GlobalSecondaryIndexes"]
    }

    assert [key["AttributeName"] for key in jobs["KeySchema"]] == ["job_id", "item"]
    assert indexes == {
        "by_maker": (["maker", "created"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(OUTLINE_ATTRIBUTES)}),
        "unfinished": (["unfinished", "deadline"], {"ProjectionType": "KEYS_ONLY"}),
        "backlog": (
            ["backlog", "job_id"],
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(WORK_ATTRIBUTES)},
        ),
    }


def test_buckets_are_private_encrypted_and_tls_only(synthesis: Synthesis) -> None:
    buckets = synthesis.of_type("AWS::S3::Bucket")
    policies = synthesis.properties("AWS::S3::BucketPolicy")

    assert len(buckets) == len(policies) == 6
    for bucket in buckets.values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["Properties"]["BucketEncryption"]
        assert any(
            "AbortIncompleteMultipartUpload" in rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        )
    for policy in policies:
        denied = [each["Condition"] for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied


def test_uploads_expire_and_any_page_may_post_a_signed_form(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, days in ((dev, 7), (prod, 30)):
        [uploads] = [
            bucket["Properties"] for name, bucket in synthesis.of_type("AWS::S3::Bucket").items() if "Uploads" in name
        ]
        rules = {rule["Id"]: rule for rule in uploads["LifecycleConfiguration"]["Rules"]}
        assert (rules["unchecked"]["Prefix"], rules["unchecked"]["ExpirationInDays"]) == ("incoming/", 1)
        assert (rules["expiry"]["Prefix"], rules["expiry"]["ExpirationInDays"]) == ("pictures/", days)
        [cors] = uploads["CorsConfiguration"]["CorsRules"]
        assert cors["AllowedOrigins"] == ["*"]
        assert cors["AllowedMethods"] == ["POST"]


def test_any_page_reads_images_by_signed_links_and_those_of_the_stage_s_origins_the_gallery(
    dev: Synthesis, prod: Synthesis
) -> None:
    for synthesis, origins in ((dev, ["http://localhost:5173"]), (prod, None)):
        cors = {
            name: bucket["Properties"]["CorsConfiguration"]["CorsRules"]
            for name, bucket in synthesis.of_type("AWS::S3::Bucket").items()
            if "CorsConfiguration" in bucket["Properties"] and "Uploads" not in name
        }
        assert len(cors) == (2 if origins else 1)
        for name, [rule] in cors.items():
            assert rule["AllowedOrigins"] == (["*"] if "Images" in name else origins)
            assert rule["AllowedMethods"] == ["GET", "HEAD"]
            assert {"ETag", "Content-Disposition"} <= set(rule["ExposedHeaders"])


def test_models_and_training_pictures_can_be_had_back_for_a_while(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, days in ((dev, 7), (prod, 90)):
        versioned = {
            name: bucket["Properties"]
            for name, bucket in synthesis.of_type("AWS::S3::Bucket").items()
            if bucket["Properties"].get("VersioningConfiguration") == {"Status": "Enabled"}
        }
        assert sorted(re.sub(r"[0-9A-F]{8}$", "", name) for name in versioned) == ["Data/Models", "Data/Training"]
        for bucket in versioned.values():
            [rule] = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if rule["Id"] == "old-versions"]
            assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
            assert rule["ExpiredObjectDeleteMarker"] is True


def test_every_queue_has_dead_letters_or_holds_them(synthesis: Synthesis) -> None:
    queues = synthesis.of_type("AWS::SQS::Queue")
    redrives = {
        name: each["Properties"]["RedrivePolicy"]
        for name, each in queues.items()
        if "RedrivePolicy" in each["Properties"]
    }
    holders = {
        f"{name.partition('/')[0]}/{redrive['deadLetterTargetArn']['Fn::GetAtt'][0]}"
        for name, redrive in redrives.items()
    }

    assert sorted(redrive["maxReceiveCount"] for redrive in redrives.values()) == [3, 3, *[3, 3] * len(POOLS), 5]
    assert len(redrives) == len(holders) == 3 + 2 * len(POOLS)
    others = {name.partition("/")[2] for name in queues.keys() - redrives.keys() - holders}
    assert all(name.startswith(("Unsettled", "Unsent")) for name in others)
    for queue in queues.values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True


def test_each_step_to_a_webhook_puts_aside_what_it_cannot_handle(synthesis: Synthesis) -> None:
    [rule] = [each for each in synthesis.properties("AWS::Events::Rule") if "JobSettled" in json.dumps(each)]
    assert [target["DeadLetterConfig"] for target in rule["Targets"]]
    assert "UnsentWebhooks" in json.dumps(synthesis.function("fan_out_webhooks")["DeadLetterConfig"])
    deliver = synthesis.function("deliver_webhook")
    assert "DeliveriesDeadLetters" in json.dumps(deliver["Environment"]["Variables"]["CRAFTSPARK_DEAD_LETTERS_URL"])
    [mapping] = [
        each
        for each in synthesis.properties("AWS::Lambda::EventSourceMapping")
        if "DeliveriesQueue" in json.dumps(each["EventSourceArn"])
    ]
    # Each message has its own invocation, whose timeout is longer than the call.
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert deliver["Timeout"] >= WITHIN_S + 15


def test_a_stream_s_record_that_cannot_be_pushed_is_put_aside_and_holds_up_nobody(synthesis: Synthesis) -> None:
    [mapping] = [
        each
        for each in synthesis.properties("AWS::Lambda::EventSourceMapping")
        if "JobsTable" in json.dumps(each["EventSourceArn"])
    ]

    assert "Unsent" in json.dumps(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    [only] = mapping["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {"dynamodb": {"NewImage": {"maker": {"S": [{"exists": True}]}}}}
    assert mapping["BisectBatchOnFunctionError"] is True
    assert "FunctionResponseTypes" not in mapping  # a report would repeat and discard the records after the failure
    assert 0 < mapping["MaximumRetryAttempts"] <= 3
    assert mapping["MaximumRecordAgeInSeconds"] == 60


def test_consumer_of_the_intake_has_time_and_fails_messages_alone(synthesis: Synthesis) -> None:
    mappings = synthesis.properties("AWS::Lambda::EventSourceMapping")
    (mapping,) = [each for each in mappings if "IntakeQueue" in str(each["EventSourceArn"])]
    (intake,) = [
        each["Properties"] for name, each in synthesis.of_type("AWS::SQS::Queue").items() if "IntakeQueue" in name
    ]

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert intake["VisibilityTimeout"] >= 6 * synthesis.function("start_render")["Timeout"]


def test_starts_stay_below_the_quotas_of_step_functions(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, rate in ((dev, 50), (prod, 200)):
        mappings = synthesis.properties("AWS::Lambda::EventSourceMapping")
        (mapping,) = [each for each in mappings if "IntakeQueue" in str(each["EventSourceArn"])]
        variables = synthesis.function("start_render")["Environment"]["Variables"]
        places = mapping["ScalingConfig"]["MaximumConcurrency"]
        assert places * 1000 / int(variables["CRAFTSPARK_START_INTERVAL_MS"]) == rate
        assert mapping["BatchSize"] * int(variables["CRAFTSPARK_START_INTERVAL_MS"]) / 1000 < 10  # of the 60 s


def test_events_that_no_settler_could_handle_are_kept(synthesis: Synthesis) -> None:
    for name in ("settle_job", "sweep_overdue_jobs"):
        assert synthesis.function(name)["DeadLetterConfig"]["TargetArn"]["Fn::GetAtt"][0].startswith("Unsettled")


def test_logs_do_not_stay_for_ever(synthesis: Synthesis) -> None:
    groups = synthesis.properties("AWS::Logs::LogGroup")

    assert len(groups) >= 12
    assert all(group["RetentionInDays"] <= 365 for group in groups)


def test_spot_chooses_among_three_families_by_price_and_capacity(synthesis: Synthesis) -> None:
    spots = [group for group in mixtures(synthesis) if on_demand_percentage(group) == 0]

    assert len(spots) == len(POOLS)
    for spot in spots:
        families = {override["InstanceType"].partition(".")[0] for override in spot["LaunchTemplate"]["Overrides"]}
        assert len(families) >= 3
        assert spot["InstancesDistribution"]["SpotAllocationStrategy"] == "price-capacity-optimized"


def test_on_demand_capacity_is_all_on_demand(synthesis: Synthesis) -> None:
    assert sorted(on_demand_percentage(group) for group in mixtures(synthesis)) == [
        *[0] * len(POOLS),
        *[100] * len(POOLS),
    ]


def test_instances_drain_on_a_spot_notice_and_guard_their_credentials(synthesis: Synthesis) -> None:
    templates = synthesis.properties("AWS::EC2::LaunchTemplate")

    assert len(templates) == 2 * len(POOLS)
    for template in templates:
        script = template["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Join"][1][0]
        assert "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true" in script
        assert "ECS_AWSVPC_BLOCK_IMDS=true" in script
        assert template["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
        assert template["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True


def test_an_instance_may_set_itself_to_draining_in_its_own_cluster(synthesis: Synthesis) -> None:
    instances = [
        statement
        for role in synthesis.of_type("AWS::IAM::Role")
        if "Gpu" in role and "InstanceRole" in role
        for statement in synthesis.statements_of(role.partition("/")[2])
        if "ecs:UpdateContainerInstancesState" in actions(statement)
    ]

    [cluster] = [name.partition("/")[2] for name in synthesis.of_type("AWS::ECS::Cluster")]
    assert len(instances) == 2 * len(POOLS)
    for statement in instances:
        assert actions(statement) == ["ecs:UpdateContainerInstancesState"]
        assert statement["Condition"] == {"ArnEquals": {"ecs:cluster": {"Fn::GetAtt": [cluster, "Arn"]}}}
        assert statement["Resource"]["Fn::Join"][1][-3:] == [":container-instance/", {"Ref": cluster}, "/*"]


def test_ecs_scales_drains_and_protects_its_instances(synthesis: Synthesis) -> None:
    for provider in synthesis.properties("AWS::ECS::CapacityProvider"):
        group = provider["AutoScalingGroupProvider"]
        scaling = {"Status": "ENABLED", "TargetCapacity": 100, "MinimumScalingStepSize": 1, "InstanceWarmupPeriod": 60}
        assert group["ManagedScaling"] == scaling
        assert group["ManagedTerminationProtection"] == "ENABLED"
        assert group["ManagedDraining"] == "ENABLED"
    assert all(
        each["NewInstancesProtectedFromScaleIn"] for each in synthesis.properties("AWS::AutoScaling::AutoScalingGroup")
    )


def test_task_has_one_gpu_an_init_process_and_time_to_stop(synthesis: Synthesis) -> None:
    for task in (*synthesis.workers.values(), synthesis.trainer):
        (worker,) = task["ContainerDefinitions"]
        assert task["NetworkMode"] == "awsvpc"
        assert worker["ResourceRequirements"] == [{"Type": "GPU", "Value": "1"}]
        assert worker["LinuxParameters"]["InitProcessEnabled"] is True
        assert worker["StopTimeout"] <= 90  # drained 100 s after a notice, which takes up to 10 s to arrive
        assert worker["LogConfiguration"]["LogDriver"] == "awslogs"


def test_launches_name_the_revision_that_the_services_ran_first(synthesis: Synthesis) -> None:
    [machine] = [
        each
        for name, each in synthesis.of_type("AWS::StepFunctions::StateMachine").items()
        if name.startswith("Rendering/") and each["Properties"].get("StateMachineType") != "EXPRESS"
    ]
    services = {name.partition("/")[2] for name in synthesis.of_type("AWS::ECS::Service")}
    assert services <= set(machine["DependsOn"])

    launches = [*synthesis.batch_states.values(), *synthesis.training_machine["States"].values()]
    named = [each["Arguments"]["TaskDefinition"] for each in launches if "ecs:runTask" in str(each.get("Resource"))]
    assert named
    for name in named:
        family, _, revision = name.partition(":")
        task, part = revision.split("[")
        [definition] = [
            each
            for logical_id, each in synthesis.of_type("AWS::ECS::TaskDefinition").items()
            if logical_id.partition("/")[2] == task
        ]
        assert part == "6]"  # the seventh part of an ARN of a task definition, between colons, is its revision
        assert definition["Properties"]["Family"] == family


def test_an_update_keeps_the_revisions_that_running_executions_launch(synthesis: Synthesis) -> None:
    for definition in synthesis.of_type("AWS::ECS::TaskDefinition").values():
        assert (definition["UpdateReplacePolicy"], definition["DeletionPolicy"]) == ("Retain", "Delete")


def test_task_families_of_two_stages_in_one_account_differ(dev: Synthesis, prod: Synthesis) -> None:
    families = {task["Family"] for stage in (dev, prod) for task in stage.properties("AWS::ECS::TaskDefinition")}

    assert families == {
        f"Craftspark-{stage}-{task}"
        for stage in ("Dev", "Prod")
        for task in (*(f"Rendering-{pool.capitalize()}" for pool in POOLS), "Training-Trainer")
    }


def test_cloud_runs_the_repositorys_image_and_a_laptop_its_own(dev: Synthesis, local: Synthesis) -> None:
    for stage, image in ((dev, "GpuImages"), (local, "craftspark-gpu:local")):
        for task in (*stage.workers.values(), stage.trainer):
            assert image in str(task["ContainerDefinitions"][0]["Image"])


def test_image_is_pinned_and_runs_as_the_tasks_user() -> None:
    dockerfile = (ROOT / "gpu_tasks" / "Dockerfile").read_text()

    bases = re.findall(r"^FROM (\S+)$", dockerfile, re.MULTILINE)
    assert bases
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", base) for base in bases)
    assert f"USER {USER}\n" in dockerfile
    assert USER.split(":")[0] != "0"


def test_warm_pools_take_back_a_bad_deployment(synthesis: Synthesis) -> None:
    services = synthesis.properties("AWS::ECS::Service")

    assert len(services) == 2 * len(POOLS)
    for service in services:
        deployment = service["DeploymentConfiguration"]
        assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
        # One task can be replaced: there is capacity for a second one, or the minimum is none.
        assert deployment["MaximumPercent"] >= 200 or deployment["MinimumHealthyPercent"] == 0


def test_spot_workers_stop_before_their_replacements_run_and_nothing_moves_them_between_zones(
    synthesis: Synthesis,
) -> None:
    services = synthesis.of_type("AWS::ECS::Service")

    for name, service in services.items():
        on_spot = "Spot" in name
        deployment = service["Properties"]["DeploymentConfiguration"]
        assert deployment["MinimumHealthyPercent"] == (0 if on_spot else 50)
        assert service["Properties"]["AvailabilityZoneRebalancing"] == "DISABLED"
    assert sum("Spot" in name for name in services) == len(POOLS)


def test_warm_pools_wait_until_the_cluster_has_its_capacity(synthesis: Synthesis) -> None:
    (link,) = synthesis.of_type("AWS::ECS::ClusterCapacityProviderAssociations")

    for service in synthesis.of_type("AWS::ECS::Service").values():
        assert link.partition("/")[2] in service["DependsOn"]


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_instances_and_endpoints_are_in_the_zones_that_the_stage_names(
    name: str, request: pytest.FixtureRequest
) -> None:
    stage: Synthesis = request.getfixturevalue(name)
    subnets = [
        each["Properties"] for name, each in stage.of_type("AWS::EC2::Subnet").items() if "PrivateSubnet" in name
    ]

    zones = [subnet["AvailabilityZone"] for subnet in subnets]
    letters = find_stage(name).network.zones
    assert zones == [{"Fn::Join": ["", [{"Ref": "AWS::Region"}, letter]]} for letter in letters]
    for group in stage.properties("AWS::AutoScaling::AutoScalingGroup"):
        assert len(group["VPCZoneIdentifier"]) == len(letters)
    for endpoint in stage.properties("AWS::EC2::VPCEndpoint"):
        if endpoint["VpcEndpointType"] == "Interface":
            assert len(endpoint["SubnetIds"]) == len(letters)


def test_network_has_gateways_always_and_one_way_out(dev: Synthesis, prod: Synthesis) -> None:
    kinds = {
        stage: [each["VpcEndpointType"] for each in stage.properties("AWS::EC2::VPCEndpoint")] for stage in (dev, prod)
    }

    assert sorted(kinds[dev]) == ["Gateway", "Gateway"]
    assert len(dev.of_type("AWS::EC2::NatGateway")) == 1
    assert kinds[prod].count("Gateway") == 2
    assert kinds[prod].count("Interface") == 9  # one of them for the guardrail
    assert not prod.of_type("AWS::EC2::NatGateway")
    assert not prod.of_type("AWS::EC2::InternetGateway")


@pytest.mark.parametrize(
    ("signing_secret", "moderator", "interfaces"),
    [(None, "none", 8), ("craftspark/signing", "comprehend", 9), ("craftspark/signing", "guardrail", 10)],
)
def test_a_stage_that_signs_or_has_pictures_moderated_has_a_way_there(
    signing_secret: str | None, moderator: Literal["none", "comprehend", "guardrail"], interfaces: int
) -> None:
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from cdk_app.stages.values import find_stage
    from stacks.network import NetworkStack

    prod = find_stage("prod")
    stage = replace(
        prod,
        rendering=replace(prod.rendering, signing_secret=signing_secret),
        makers=replace(prod.makers, moderator=moderator),
    )
    network = NetworkStack(App(), "Network", stage=stage)

    found = Template.from_stack(network).find_resources("AWS::EC2::VPCEndpoint")
    kinds = [each["Properties"]["VpcEndpointType"] for each in found.values()]
    assert kinds.count("Interface") == interfaces


def test_prod_s_guardrail_judges_text_and_pictures_in_a_version_that_follows_its_filters(
    dev: Synthesis, prod: Synthesis
) -> None:
    [guardrail] = prod.properties("AWS::Bedrock::Guardrail")
    [version] = prod.properties("AWS::Bedrock::GuardrailVersion")

    filters = guardrail["ContentPolicyConfig"]["FiltersConfig"]
    assert {each["Type"] for each in filters} == {"SEXUAL", "HATE", "VIOLENCE", "INSULTS", "MISCONDUCT"}
    assert all(each["InputModalities"] == each["OutputModalities"] == ["TEXT", "IMAGE"] for each in filters)
    assert {topic["Type"] for topic in guardrail["TopicPolicyConfig"]["TopicsConfig"]} == {"DENY"}
    assert all(len(topic["Definition"]) <= 200 for topic in guardrail["TopicPolicyConfig"]["TopicsConfig"])
    assert version["Description"].startswith("filters, topics and message ")
    assert dev.of_type("AWS::Bedrock::Guardrail") == {}


def mixtures(synthesis: Synthesis) -> list[Mapping[str, Any]]:
    """The instance types of each group."""
    return [group["MixedInstancesPolicy"] for group in synthesis.properties("AWS::AutoScaling::AutoScalingGroup")]


def on_demand_percentage(mixture: Mapping[str, Any]) -> int:
    return int(mixture["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"])
