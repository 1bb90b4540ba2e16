"""The means of operators: alarms, dashboard, logs, traces and shells."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdk_app.api.firewall import LOG_PREFIX
from cdk_app.observability.own_metrics import EVENTS
from cdk_app.packaging.import_closure import find_import_closure
from cdk_app.stages.values import DEV
from craftspark.accounts.plans import ANY_PLAN, PLANS
from tests.stacks.conftest import ROOT
from tests.stacks.synthesis import Synthesis, allowed_actions


def alarms_on(synthesis: Synthesis, metric: str) -> list[Mapping[str, Any]]:
    return [
        alarm
        for alarm in synthesis.properties("AWS::CloudWatch::Alarm")
        if metric
        in (
            alarm.get("MetricName"),
            *(m.get("MetricStat", {}).get("Metric", {}).get("MetricName") for m in alarm.get("Metrics", ())),
        )
    ]


def queue_of(synthesis: Synthesis, alarm: Mapping[str, Any]) -> str:
    """`<stack>/<logical id>` of the queue that an alarm watches, which another stack exports."""
    [dimension] = [each["Value"] for each in alarm["Dimensions"] if each["Name"] == "QueueName"]
    stack, _, export = str(dimension["Fn::ImportValue"]).partition(":")
    return next(
        name
        for name in synthesis.of_type("AWS::SQS::Queue")
        if name.split("/")[0] in stack.split("-") and name.split("/")[1] in export
    )


def test_every_queue_of_dead_letters_has_an_alarm_at_its_first_message(synthesis: Synthesis) -> None:
    watched = {
        queue_of(synthesis, alarm): alarm for alarm in alarms_on(synthesis, "ApproximateNumberOfMessagesVisible")
    }

    queues = synthesis.of_type("AWS::SQS::Queue")
    dead = {name for name, queue in queues.items() if "RedrivePolicy" not in queue["Properties"]}
    assert set(watched) == dead
    assert {(alarm["Threshold"], alarm["EvaluationPeriods"]) for alarm in watched.values()} == {(0, 1)}


def test_the_own_metrics_of_a_stage_are_in_its_own_namespace(dev: Synthesis, local: Synthesis) -> None:
    for synthesis, namespace in ((dev, "Craftspark/dev"), (local, "Craftspark/local")):
        environments = [each["Environment"]["Variables"] for each in synthesis.properties("AWS::Lambda::Function")]
        [worker, *others] = [
            {each["Name"]: each["Value"] for each in container["Environment"]}
            for task in synthesis.properties("AWS::ECS::TaskDefinition")
            for container in task["ContainerDefinitions"]
        ]
        written = [each["POWERTOOLS_METRICS_NAMESPACE"] for each in (*environments, worker, *others)]
        read = set(
            re.findall(
                r"Craftspark/\w+",
                json.dumps(
                    [
                        *synthesis.of_type("AWS::CloudWatch::Alarm").values(),
                        *synthesis.of_type("AWS::CloudWatch::Dashboard").values(),
                    ]
                ),
            )
        )

        assert set(written) == read == {namespace}


def test_every_work_queue_has_an_alarm_on_its_oldest_message_unless_gpus_hold_messages_long(
    synthesis: Synthesis,
) -> None:
    watched = {queue_of(synthesis, alarm): alarm for alarm in alarms_on(synthesis, "ApproximateAgeOfOldestMessage")}

    queues = synthesis.of_type("AWS::SQS::Queue")
    work = {name for name, queue in queues.items() if "RedrivePolicy" in queue["Properties"]}
    of_gpus = {name for name in work if re.search("Gpu|Draw|Enlarge", name)}
    assert len(of_gpus) == 2 * len(DEV.pools)
    assert set(watched) == work - of_gpus
    for name, alarm in watched.items():
        assert 60 <= alarm["Threshold"] < queues[name]["Properties"]["MessageRetentionPeriod"]


def test_every_lane_of_a_pool_has_an_alarm_on_its_oldest_job_that_no_worker_has_started(dev: Synthesis) -> None:
    watched = {
        tuple(each["Value"] for each in alarm["Dimensions"] if each["Name"] in ("pool", "lane")): alarm["Threshold"]
        for alarm in alarms_on(dev, "FleetOldestWait")
    }

    assert watched == {
        (lane, pool): DEV.rendering.queue_wait_s(lane) + DEV.rendering.wave_s
        for pool in DEV.pools
        for lane in ("interactive", "bulk")
    }


def test_alarms_watch_failures_throttles_missing_workers_and_server_errors(synthesis: Synthesis) -> None:
    for metric, alarms in {
        "5xx": 1,
        "ExecutionsFailed": 2,
        "ExecutionsTimedOut": 1,
        "ExecutionThrottled": 2,
        "AdmissionRefused": 1,
        "JobOverdue": 1,
        "ModerationUnavailable": 1,
        "PictureUnmoderated": 1,
        "UploadUnmoderated": 1,
        "OrderDeferred": 1,
        "FleetStartDelay": 2 * len(DEV.pools),
        "FleetDecided": 1,
        "FleetDecisionRefused": 1,
        "CapacityProviderReservation": 2 * len(DEV.pools),
    }.items():
        assert len(alarms_on(synthesis, metric)) == alarms, metric


def test_words_of_every_function_that_moderates_them_count_as_unmoderated(synthesis: Synthesis) -> None:
    [alarm] = alarms_on(synthesis, "ModerationUnavailable")
    metrics = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    watched = {dimension["Value"] for each in metrics for dimension in each["Dimensions"]}

    moderating = {
        file.parent.name
        for file in (ROOT / "lambdas").glob("*/handler.py")
        if ROOT / "lambdas/wiring/moderation.py"
        in {ROOT / each for each in find_import_closure(file.relative_to(ROOT), root=ROOT).files}
    }
    assert watched == moderating == {"change_profile", "publish_image", "quote_job", "submit_job"}


def test_every_alarm_is_heard_and_says_what_it_means(synthesis: Synthesis) -> None:
    for alarm in synthesis.properties("AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == alarm["OKActions"]
        assert len(alarm["AlarmActions"]) == 1
        silent = alarm in alarms_on(synthesis, "FleetDecided")
        assert alarm["TreatMissingData"] == ("breaching" if silent else "notBreaching")
        assert alarm["AlarmDescription"]


def test_workers_count_as_missing_only_after_an_instance_could_have_come(synthesis: Synthesis) -> None:
    for metric in ("FleetStartDelay", "CapacityProviderReservation"):
        for alarm in alarms_on(synthesis, metric):
            assert alarm["EvaluationPeriods"] * 300 >= 900


def test_the_dashboard_shows_workers_ages_reasons_and_our_own_events(synthesis: Synthesis) -> None:
    [dashboard] = synthesis.properties("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard["DashboardBody"])

    for shown in (
        "FleetTasksRunning",
        "FleetTasksDesired",
        "FleetBacklog",
        "FleetLateWork",
        "FleetOldestWait",
        "FleetCostPerHour",
        "FleetDecisionAge",
        "ApproximateAgeOfOldestMessage",
        "ExecutionThrottled",
        "by reason",
        *EVENTS,
    ):
        assert shown in body, shown


def test_the_dashboard_shows_who_is_refused_for_lack_of_capacity_by_pool_and_plan(synthesis: Synthesis) -> None:
    [dashboard] = synthesis.properties("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard["DashboardBody"]).replace("\\", "")

    for pool in DEV.pools:
        for plan in (*PLANS, ANY_PLAN):
            assert f'"AdmissionRefused","plan","{plan}","pool","{pool}","service","submit_job"' in body


def test_every_event_that_is_shown_is_counted_by_the_function_it_is_shown_for() -> None:
    for event, function in EVENTS.items():
        sources = list((ROOT / "gpu_tasks").rglob("*.py"))
        if function != "gpu_worker":
            closure = find_import_closure(Path("lambdas", function, "handler.py"), root=ROOT)
            sources = [ROOT / file for file in closure.files if file.suffix == ".py" and file.parts[0] == "lambdas"]
        assert any(f'"{event}"' in source.read_text() for source in sources), event


def test_executions_write_down_their_states_and_nobodys_data(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, level in ((dev, "ALL"), (prod, "ERROR")):
        machines = synthesis.properties("AWS::StepFunctions::StateMachine")
        assert len(machines) == 3
        for machine in machines:
            log = machine["LoggingConfiguration"]
            # Each decision also writes a log line.
            express = machine.get("StateMachineType") == "EXPRESS"
            assert (log["Level"], log["IncludeExecutionData"]) == ("ERROR" if express else level, False)
            assert log["Destinations"]


def test_logs_of_executions_have_names_that_need_no_policy_each(synthesis: Synthesis) -> None:
    groups = synthesis.properties("AWS::Logs::LogGroup")
    named = [name for each in groups if not (name := each.get("LogGroupName", LOG_PREFIX)).startswith(LOG_PREFIX)]

    assert len(named) == len(set(named)) == 3
    assert all(
        re.fullmatch(r"/aws/vendedlogs/states/Craftspark-[A-Z][a-z]+-(Rendering(-Decisions)?|Training)", name)
        for name in named
    )


def test_requests_and_connections_are_logged_and_no_ticket_is(synthesis: Synthesis) -> None:
    stages = synthesis.properties("AWS::ApiGatewayV2::Stage")

    assert sum(stage["StageName"] == "live" for stage in stages) == 1
    assert len(stages) == 3  # and two of the API, whose names are secrets
    for stage in stages:
        assert '"request_id": "$context.requestId"' in stage["AccessLogSettings"]["Format"]
        assert "query" not in stage["AccessLogSettings"]["Format"].lower()
    live = next(
        each for name, each in synthesis.of_type("AWS::ApiGatewayV2::Stage").items() if name.startswith("Live/")
    )
    [account] = [name.partition("/")[2] for name in synthesis.of_type("AWS::ApiGateway::Account")]
    assert account in live["DependsOn"]


def test_the_role_that_all_stages_of_an_account_log_by_is_left_behind(synthesis: Synthesis) -> None:
    [account] = synthesis.of_type("AWS::ApiGateway::Account").values()
    role = synthesis.resources[f"Live/{account['Properties']['CloudWatchRoleArn']['Fn::GetAtt'][0]}"]

    assert account["DeletionPolicy"] == role["DeletionPolicy"] == "Retain"


def test_executions_of_jobs_are_traced_by_the_stage_s_share(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, name, rate in ((dev, "Dev", 1.0), (prod, "Prod", 0.01)):
        [found] = synthesis.properties("AWS::XRay::SamplingRule")
        rule = found["SamplingRule"]
        assert (rule["FixedRate"], rule["ReservoirSize"]) == (rate, 1)
        # The machine's own name: no rule reaches functions, and the generated names of machines do not have the stage.
        export = rule["ServiceName"]["Fn::ImportValue"]
        assert export.startswith(f"Craftspark-{name}-Rendering:ExportsOutputFnGetAttRenderJobMachine")
        assert rule["ServiceType"] == "AWS::StepFunctions::StateMachine"
        assert len(rule["RuleName"]) <= 32


SHELL = {
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}


def test_operators_open_shells_where_the_stage_says_so(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, shells in ((dev, True), (prod, False)):
        services = synthesis.properties("AWS::ECS::Service")
        assert {each.get("EnableExecuteCommand", False) for each in services} == {shells}
        for worker in synthesis.workers.values():
            assert SHELL & allowed_actions(synthesis.allowed_to_task(worker)) == (SHELL if shells else set())
        assert not SHELL & allowed_actions(synthesis.allowed_to_task(synthesis.trainer))
        [cluster] = synthesis.properties("AWS::ECS::Cluster")
        assert cluster["Configuration"]["ExecuteCommandConfiguration"]["Logging"] == "OVERRIDE"
