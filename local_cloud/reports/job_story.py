"""Everything there is to know about one job, by time: request, execution, workers, images, ledger, dead letters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from local_cloud.reports.execution_story import read_story
from local_cloud.reports.log_lines import LogLine, fields_of, lines_about
from local_cloud.running.cloud import LocalCloud

# What each structured line has beside its message and its own fields.
COMMON = {
    *("level", "location", "message", "timestamp", "service", "cold_start", "job_id", "_aws", "xray_trace_id"),
    *("function_name", "function_memory_size", "function_arn", "function_request_id"),
}
MAX_VALUE_LENGTH = 300  # characters of a value; a traceback is in the log itself
DEAD_LETTERS_READ = 10  # calls a queue, of up to ten messages each


class NoSuchJob(Exception):
    """Neither a table nor a log knows the job."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a job."""

    at: datetime
    where: str
    what: str


def job_events(cloud: LocalCloud | None, logs: Path, job_id: str) -> list[Event]:
    """The events of a job, by time; from the logs alone where no cloud runs. Raises NoSuchJob."""
    events = [event_of(line) for line in lines_about(logs, job_id)]
    if cloud is not None:
        events += [*stored_events(cloud, job_id), *execution_events(cloud, job_id), *dead_letters(cloud, job_id)]
    if not events:
        raise NoSuchJob(f"There is no job {job_id} in the logs" + ("" if cloud is None else " or the jobs table"))
    return sorted(events, key=lambda event: event.at)


def event_of(line: LogLine) -> Event:
    """A line of a log, its message first."""
    fields = fields_of(line.text)
    if not fields:
        return Event(line.at, line.source, shortened(line.text))
    told = ", ".join(f"{name} {shortened(fields[name])}" for name in fields if is_told(name, fields[name]))
    message = shortened(fields.get("message", ""))
    return Event(line.at, str(fields.get("service", line.source)), f"{message}: {told}" if told else message)


def is_told(name: str, value: object) -> bool:
    counted = name[:1].isupper() and value == 1  # the value of a metric
    return name not in COMMON and not counted and value not in (None, "", [], {})


def stored_events(cloud: LocalCloud, job_id: str) -> Iterator[Event]:
    """What the jobs table and the ledger have."""
    dynamodb = cloud.client("dynamodb")
    answer = dynamodb.query(
        TableName=cloud.outputs["JobsTableName"],
        KeyConditionExpression="job_id = :id",
        ExpressionAttributeValues={":id": {"S": job_id}},
        ConsistentRead=True,
    )
    maker = None
    for item in map(plain, answer["Items"]):
        if item["item"] == "job":
            maker = item["maker"]
            yield Event(moment(item["created_at"]), "jobs table", f"{item['tool']} requested by maker {maker}")
            for name, what in (("started_at", "running"), ("finished_at", f"{item['state']}, {delivered(item)}")):
                if name in item:
                    yield Event(moment(item[name]), "jobs table", what)
        elif "stored_at" in item:
            yield Event(moment(item["stored_at"]), "jobs table", f"image {item['item'].partition('#')[2]} stored")
    for kind in ("reserve", "commit", "refund") if maker else ():
        key = {"maker": {"S": maker}, "item": {"S": f"entry#{kind}#{job_id}"}}
        found = dynamodb.get_item(TableName=cloud.outputs["AccountsTableName"], Key=key, ConsistentRead=True)
        if "Item" in found:
            entry = plain(found["Item"])
            yield Event(moment(entry["at"]), "ledger", f"{kind}: {entry['credits']} credits")


def delivered(job: Mapping[str, Any]) -> str:
    return f"{job.get('delivered', 0)} of {len(job['seeds'])} images delivered"


def execution_events(cloud: LocalCloud, job_id: str) -> Iterator[Event]:
    """The states that the job's execution entered, and what failed there."""
    stepfunctions = cloud.client("stepfunctions")
    try:
        execution = stepfunctions.describe_execution(executionArn=cloud.execution_arn(job_id))
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return
    yield Event(execution["startDate"], "execution", "started")
    for visit in read_story(cloud.execution_history(job_id)).visits:
        batch = "" if visit.iteration is None else f", batch {visit.iteration}"
        errors = f": {', '.join(visit.errors)}" if visit.errors else ""
        yield Event(visit.entered, "execution", f"{visit.state}{batch}{errors}")
    if "stopDate" in execution:
        cause = f": {execution['error']}: {execution.get('cause', '')}" if execution.get("error") else ""
        yield Event(execution["stopDate"], "execution", shortened(execution["status"] + cause))


def dead_letters(cloud: LocalCloud, job_id: str) -> Iterator[Event]:
    """The job's messages in queues of dead letters, which stay there."""
    sqs = cloud.client("sqs")
    for name, url in cloud.outputs.items():
        if not name.endswith("DeadLetterQueueUrl") and not name.startswith("Unsettled"):
            continue
        seen: set[str] = set()
        for _ in range(DEAD_LETTERS_READ):
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["SentTimestamp"]
            )
            new = [each for each in answer.get("Messages", []) if each["MessageId"] not in seen]
            if not new:
                break
            for message in new:
                seen.add(message["MessageId"])
                if job_id in message["Body"]:
                    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000).astimezone()
                    yield Event(sent, "dead letter", f"{name.removesuffix('Url')}: message {message['MessageId']}")


def story_table(job_id: str, events: list[Event]) -> Table:
    table = Table(title=f"Job {job_id}", title_justify="left")
    for column in ("time", "where", "what"):
        table.add_column(column, overflow="fold")
    for event in events:
        table.add_row(f"{event.at.astimezone():%H:%M:%S.%f}"[:-3], event.where, event.what)
    return table


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: next(iter(value.values())) for name, value in item.items()}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def shortened(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}..."
