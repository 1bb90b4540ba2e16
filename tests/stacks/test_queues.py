"""Queues and streams: a message that cannot be handled is kept, and does not hold up the rest."""

import json

from cdk_app.stages.values import DEV
from lambdas.wiring.pinned_https import WITHIN_S
from local_cloud.reports.job_timeline import is_dead_letter_queue
from tests.stacks.synthesis import Synthesis

POOLS = tuple(DEV.pools)  # those of every stage


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
