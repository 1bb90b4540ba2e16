"""The timeline of a job: its request, execution, logs, images, ledger entries and dead letters, in order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from craftspark.aws.items import to_plain_values
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.reports.execution_timeline import read_timeline
from local_cloud.reports.log_lines import LogLine, find_lines, parse_fields

# Fields that every structured line has, and that say nothing about the event.
COMMON_FIELDS = {
    *("level", "location", "message", "timestamp", "service", "cold_start", "job_id", "_aws", "xray_trace_id"),
    *("function_name", "function_memory_size", "function_arn", "function_request_id"),
}
MAX_VALUE_LENGTH = 300  # characters; the log has the complete value, such as a traceback
MAX_RECEIVE_CALLS = 10  # for each queue; a call returns up to ten messages


class NoSuchJob(Exception):
    """No table and no log has an entry for the job."""


@dataclass(frozen=True)
class Event:
    """An event of a job. `source` is where it was recorded, such as a Lambda, a table or the execution."""

    at: datetime
    source: str
    description: str


def job_events(cloud: LocalCloud | None, logs: Path, job_id: str) -> list[Event]:
    """The events of a job in order of time; without a cloud, only those in the logs. Raises NoSuchJob."""
    events = [log_event(line) for line in find_lines(logs, job_id)]
    if cloud is not None:
        events += [*table_events(cloud, job_id), *execution_events(cloud, job_id), *dead_letter_events(cloud, job_id)]
    if not events:
        raise NoSuchJob(f"There is no job {job_id} in the logs" + ("" if cloud is None else " or the jobs table"))
    return sorted(events, key=lambda event: event.at)


def log_event(line: LogLine) -> Event:
    """The event of a log line. The description of a structured line is its message and its own fields."""
    fields = parse_fields(line.text)
    if not fields:
        return Event(line.at, line.source, shorten(line.text))
    details = ", ".join(f"{name} {shorten(fields[name])}" for name in fields if is_shown(name, fields[name]))
    message = shorten(fields.get("message", ""))
    return Event(line.at, str(fields.get("service", line.source)), f"{message}: {details}" if details else message)


def is_shown(name: str, value: object) -> bool:
    is_count_of_one = name[:1].isupper() and value == 1  # a metric, which repeats the message
    return name not in COMMON_FIELDS and not is_count_of_one and value not in (None, "", [], {})


def table_events(cloud: LocalCloud, job_id: str) -> Iterator[Event]:
    """The events in the jobs table and the ledger."""
    dynamodb = cloud.client("dynamodb")
    response = dynamodb.query(
        TableName=cloud.outputs["JobsTableName"],
        KeyConditionExpression="job_id = :id",
        ExpressionAttributeValues={":id": {"S": job_id}},
        ConsistentRead=True,
    )
    maker = None
    for item in map(to_plain_values, response["Items"]):
        if item["item"] == "job":
            maker = item["maker"]
            yield Event(parse_time(item["created_at"]), "jobs table", f"{item['tool']} requested by maker {maker}")
            result = f"{item['state']}, {item.get('delivered', 0)} of {len(item['seeds'])} images delivered"
            for name, description in (("started_at", "running"), ("finished_at", result)):
                if name in item:
                    yield Event(parse_time(item[name]), "jobs table", description)
        elif "stored_at" in item:
            yield Event(parse_time(item["stored_at"]), "jobs table", f"image {item['item'].partition('#')[2]} stored")
    for kind in ("reserve", "commit", "refund") if maker else ():
        key = {"maker": {"S": maker}, "item": {"S": f"entry#{kind}#{job_id}"}}
        response = dynamodb.get_item(TableName=cloud.outputs["AccountsTableName"], Key=key, ConsistentRead=True)
        if "Item" in response:
            entry = to_plain_values(response["Item"])
            yield Event(parse_time(entry["at"]), "ledger", f"{kind}: {entry['credits']} credits")


def execution_events(cloud: LocalCloud, job_id: str) -> Iterator[Event]:
    """The start and the end of the job's execution, and each state that it entered, with its errors."""
    stepfunctions = cloud.client("stepfunctions")
    try:
        execution = stepfunctions.describe_execution(executionArn=cloud.execution_arn(job_id))
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return
    yield Event(execution["startDate"], "execution", "started")
    for visit in read_timeline(cloud.execution_history(job_id)).visits:
        batch = "" if visit.iteration is None else f", batch {visit.iteration}"
        errors = f": {', '.join(visit.errors)}" if visit.errors else ""
        yield Event(visit.entered, "execution", f"{visit.state}{batch}{errors}")
    if "stopDate" in execution:
        cause = f": {execution['error']}: {execution.get('cause', '')}" if execution.get("error") else ""
        yield Event(execution["stopDate"], "execution", shorten(execution["status"] + cause))


def dead_letter_events(cloud: LocalCloud, job_id: str) -> Iterator[Event]:
    """The job's messages in dead-letter queues. They stay in their queues."""
    sqs = cloud.client("sqs")
    for name, url in cloud.outputs.items():
        if not is_dead_letter_queue(name):
            continue
        seen: set[str] = set()
        for _ in range(MAX_RECEIVE_CALLS):
            response = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["SentTimestamp"]
            )
            new = [message for message in response.get("Messages", []) if message["MessageId"] not in seen]
            if not new:
                break
            for message in new:
                seen.add(message["MessageId"])
                if job_id in message["Body"]:
                    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000).astimezone()
                    yield Event(sent, "dead letter", f"{name.removesuffix('Url')}: message {message['MessageId']}")


def is_dead_letter_queue(output: str) -> bool:
    """Whether the output of a stack, by its key, is the URL of a dead-letter queue."""
    is_unconsumed = output.startswith(("Unsent", "Unsettled")) and output.endswith("QueueUrl")
    return is_unconsumed or output.endswith("DeadLetterQueueUrl")


def timeline_table(job_id: str, events: list[Event]) -> Table:
    table = Table(title=f"Job {escape(job_id)}", title_justify="left")
    for column in ("time", "source", "event"):
        table.add_column(column, overflow="fold")
    for event in events:
        time = f"{event.at.astimezone():%H:%M:%S.%f}"[:-3]
        table.add_row(time, escape(event.source), escape(event.description))
    return table


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def shorten(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}..."
