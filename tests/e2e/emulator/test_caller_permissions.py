"""Who calls is known by the signature, and may do what the policies of the role allow."""

import io
import json
import uuid
import zipfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_cloud.emulator.patches.iam.resources import extract_iam_action
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCOUNT, REGION
from local_cloud.launcher.state import StateDir
from tests.e2e.emulator.executions import state_machines
from tests.e2e.emulator.roles import allow, client_as, let_events_send, policy, role
from tests.e2e.emulator.tasks.ecs import process_of_task, said, task_definition
from tests.e2e.front_end import HTTP
from tests.e2e.waiting import eventually


def refusal(call: Any, **request: Any) -> str:
    """The error code of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture
def bucket(aws: Clients) -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    aws["s3"].create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("key", ["test", ACCOUNT, "AKIANOBODYSKEY000000"])
def test_a_key_that_nobody_issued_is_refused(aws: Clients, key: str) -> None:
    nobody = boto3.client(
        "sqs", endpoint_url=aws.endpoint, region_name=REGION, aws_access_key_id=key, aws_secret_access_key="test"
    )

    assert refusal(nobody.list_queues) in ("InvalidClientTokenId", "UnrecognizedClientException")


def test_the_administrator_is_a_user_with_a_policy(aws: Clients) -> None:
    name = aws["sts"].get_caller_identity()["Arn"].rpartition("/")[2]

    attached = aws["iam"].list_attached_user_policies(UserName=name)["AttachedPolicies"]

    assert [policy["PolicyName"] for policy in attached] == ["AdministratorAccess"]


def test_a_role_may_call_what_its_policy_allows_on_that_resource_alone(aws: Clients) -> None:
    first, second = state_machines.queue(aws), state_machines.queue(aws)
    arn = aws["sqs"].get_queue_attributes(QueueUrl=first, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs = client_as(aws, role(aws, "lambda", allow(arn, "sqs:SendMessage")), "sqs")

    sqs.send_message(QueueUrl=first, MessageBody="allowed")

    assert refusal(sqs.send_message, QueueUrl=second, MessageBody="another queue") == "AccessDenied"
    assert refusal(sqs.receive_message, QueueUrl=first) == "AccessDenied"


def test_a_batch_of_messages_needs_the_permission_for_one(aws: Clients) -> None:
    first, second = state_machines.queue(aws), state_machines.queue(aws)
    arn = aws["sqs"].get_queue_attributes(QueueUrl=first, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs = client_as(aws, role(aws, "lambda", allow(arn, "sqs:SendMessage")), "sqs")
    entries = [{"Id": "1", "MessageBody": "allowed"}]

    sqs.send_message_batch(QueueUrl=first, Entries=entries)

    assert refusal(sqs.send_message_batch, QueueUrl=second, Entries=entries) == "AccessDenied"


def test_a_task_acts_as_its_role(aws: Clients, emulator_state: StateDir) -> None:
    definition = aws["ecs"].register_task_definition(
        family=f"family-{uuid.uuid4().hex[:8]}",
        taskRoleArn=role(aws, "ecs-tasks", allow("*", "sqs:ListQueues")),
        containerDefinitions=[{"name": "Worker", "image": "idle", "memory": 128}],
    )["taskDefinition"]["taskDefinitionArn"]
    [task] = aws["ecs"].run_task(taskDefinition=definition)["tasks"]
    environment = said(process_of_task(emulator_state, task["taskArn"]).log)["environment"]
    aws["ecs"].stop_task(task=task["taskArn"])

    own = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_SESSION_TOKEN"], REGION
    )

    identity = own.client("sts", endpoint_url=aws.endpoint).get_caller_identity()["Arn"]
    assert identity.endswith(task["taskArn"].rpartition("/")[2])
    own.client("sqs", endpoint_url=aws.endpoint).list_queues()
    assert refusal(own.client("sns", endpoint_url=aws.endpoint).list_topics) in ("AccessDenied", "AuthorizationError")


def test_a_link_may_do_what_the_role_that_signed_it_may(aws: Clients, bucket: str) -> None:
    aws["s3"].put_object(Bucket=bucket, Key="images/1.png", Body=b"png")
    aws["s3"].put_object(Bucket=bucket, Key="secret", Body=b"secret")
    s3 = client_as(aws, role(aws, "lambda", allow(f"arn:aws:s3:::{bucket}/images/*", "s3:GetObject")), "s3")

    def get(key: str) -> int:
        link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        return HTTP.get(link).status_code

    assert get("images/1.png") == 200
    assert get("secret") == 403


def test_a_form_may_put_what_the_role_that_signed_it_may(aws: Clients, bucket: str) -> None:
    s3 = client_as(aws, role(aws, "lambda", allow(f"arn:aws:s3:::{bucket}/incoming/*", "s3:PutObject")), "s3")

    def post(key: str) -> int:
        form = s3.generate_presigned_post(bucket, key)
        return HTTP.post(form["url"], data=form["fields"], files={"file": b"picture"}).status_code

    assert post("incoming/1") == 204
    assert post("images/1") == 403


def test_an_object_without_a_signature_is_refused(aws: Clients, bucket: str) -> None:
    aws["s3"].put_object(Bucket=bucket, Key="1.png", Body=b"png")

    assert HTTP.get(f"{aws.endpoint}/{bucket}/1.png").status_code == 403


def test_a_task_of_one_state_machine_cannot_be_answered_by_the_role_of_another(aws: Clients) -> None:
    url = state_machines.queue(aws)
    execution = state_machines.start(aws, {"StartAt": "Ask", "States": {"Ask": state_machines.callback_task(url)}})
    token = state_machines.next_token(aws, url)
    machine = execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]

    def answer_as(resource: str) -> Any:
        return client_as(aws, role(aws, "ecs-tasks", allow(resource, "states:SendTaskSuccess")), "stepfunctions")

    other = answer_as(f"{machine}-other")
    assert refusal(other.send_task_success, taskToken=token, output="{}") == "AccessDeniedException"
    answer_as(machine).send_task_success(taskToken=token, output="{}")
    assert state_machines.ended(aws, execution)["status"] == "SUCCEEDED"


def test_tasks_of_another_cluster_are_not_listed(aws: Clients) -> None:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    may = allow("*", "ecs:ListTasks", condition={"ArnEquals": {"ecs:cluster": arn}})
    ecs = client_as(aws, role(aws, "lambda", may), "ecs")

    assert "taskArns" in ecs.list_tasks(cluster="default")
    assert "taskArns" in ecs.list_tasks(cluster=arn)
    assert refusal(ecs.list_tasks, cluster="other") == "AccessDeniedException"


def test_a_role_reads_the_partitions_that_it_may_and_no_others(aws: Clients) -> None:
    table = f"table-{uuid.uuid4().hex[:8]}"
    aws["dynamodb"].create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "job_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "job_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    actions = ("GetItem", "PutItem", "Query", "BatchGetItem", "BatchWriteItem")
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["task:*"]}}
    may = allow(arn, *(f"dynamodb:{action}" for action in actions), condition=condition)
    dynamodb = client_as(aws, role(aws, "lambda", may), "dynamodb")

    def calls(key: str) -> list[tuple[Any, dict[str, Any]]]:
        item = {"job_id": {"S": key}}
        values = {":job": item["job_id"]}
        return [
            (dynamodb.get_item, {"TableName": table, "Key": item}),
            (
                dynamodb.query,
                {"TableName": arn, "KeyConditionExpression": "(job_id=:job)", "ExpressionAttributeValues": values},
            ),
            (dynamodb.batch_get_item, {"RequestItems": {table: {"Keys": [item]}}}),
            (dynamodb.batch_write_item, {"RequestItems": {table: [{"PutRequest": {"Item": item}}]}}),
            (dynamodb.transact_write_items, {"TransactItems": [{"Put": {"TableName": table, "Item": item}}]}),
        ]

    for call, request in calls("task:1"):
        call(**request)
    for call, request in calls("job:1"):
        assert refusal(call, **request) == "AccessDeniedException"


def test_a_state_machine_sends_to_the_queue_of_its_role_alone(aws: Clients) -> None:
    its, other = state_machines.queue(aws), state_machines.queue(aws)
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{its.rpartition('/')[2]}"
    machine_role = role(aws, "states", allow(arn, "sqs:SendMessage"))

    def send(url: str) -> dict[str, Any]:
        task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
        task |= {"Arguments": {"QueueUrl": url, "MessageBody": "body"}}
        machine = {"StartAt": "Send", "States": {"Send": task}}
        return state_machines.ended(aws, state_machines.start(aws, machine, role_arn=machine_role))

    assert send(its)["status"] == "SUCCEEDED"
    refused = send(other)
    assert (refused["status"], refused["error"]) == ("FAILED", "SQS.AmazonSQSException")
    assert "is not authorized to perform: sqs:SendMessage" in refused["cause"]


def test_a_task_is_launched_only_by_who_may_pass_its_role(aws: Clients) -> None:
    definition = task_definition(aws, "idle")
    family = definition.replace(definition.rpartition(":")[2], "*")
    run = allow(family, "ecs:RunTask")
    pass_role = allow(
        "*", "iam:PassRole", condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    )
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "Arguments": {"TaskDefinition": definition}}
    machine = {"StartAt": "Launch", "States": {"Launch": task | {"End": True}}}

    def launch(*statements: Any) -> dict[str, Any]:
        started = state_machines.start(aws, machine, role_arn=role(aws, "states", *statements))
        return state_machines.ended(aws, started)

    assert launch(run, pass_role)["status"] == "SUCCEEDED"
    [launched] = aws["ecs"].list_tasks(family=definition.rpartition("/")[2].partition(":")[0])["taskArns"]
    aws["ecs"].stop_task(task=launched)
    assert "iam:PassRole" in launch(run)["cause"]
    assert "ecs:RunTask" in launch(pass_role)["cause"]


def test_a_rule_s_event_goes_to_dead_letters_if_its_target_does_not_let_it(aws: Clients) -> None:
    closed, dead = state_machines.queue(aws), state_machines.queue(aws)
    name = f"rule-{uuid.uuid4().hex[:8]}"
    rule = aws["events"].put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    target = {"Id": "closed", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{closed.rpartition('/')[2]}"}
    dead_letters = {"DeadLetterConfig": {"Arn": let_events_send(aws, dead, rule)}}
    aws["events"].put_targets(Rule=name, Targets=[target | dead_letters])

    aws["events"].put_events(Entries=[{"Source": name, "DetailType": "Drill", "Detail": "{}"}])

    def letters() -> list[Any]:
        answer = aws["sqs"].receive_message(QueueUrl=dead, WaitTimeSeconds=5, MessageAttributeNames=["All"])
        return list(answer.get("Messages", []))

    [message] = eventually(letters)
    assert json.loads(message["Body"])["source"] == name
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert "Messages" not in aws["sqs"].receive_message(QueueUrl=closed)


def test_a_policy_with_a_condition_that_nobody_evaluates_decides_nothing(aws: Clients) -> None:
    unknown = allow("*", "sqs:ListQueues", condition={"StringEquals": {"sqs:NoSuchKey": "1"}})

    with pytest.raises(ClientError, match="sqs:NoSuchKey is not evaluated"):
        role(aws, "lambda", unknown)


def test_a_policy_that_demands_tls_lets_callers_pass(aws: Clients) -> None:
    url = state_machines.queue(aws)
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"
    unencrypted = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sqs:*", "Resource": arn, "Condition": unencrypted}
    aws["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(deny)})

    aws["sqs"].send_message(QueueUrl=url, MessageBody="body")


ECHO = """
def handler(event, context):
    return {"statusCode": 200, "body": "invoked"}
"""


def function(aws: Clients, *statements: Any) -> str:
    """The name of a new function whose role has these statements."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", ECHO)
    name = f"function-{uuid.uuid4().hex[:8]}"
    aws["lambda"].create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role(aws, "lambda", *statements),
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return name


def test_an_api_without_a_permission_of_its_function_answers_500(aws: Clients) -> None:
    name, gateway = function(aws), aws["apigatewayv2"]
    api = gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    uri = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for route in ("open", "closed"):
        gateway.create_route(ApiId=api, RouteKey=f"GET /{route}", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    aws["lambda"].add_permission(
        FunctionName=name,
        StatementId="open",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*/open",
    )

    def get(route: str) -> int:
        return HTTP.get(f"{aws.endpoint}/_aws/execute-api/{api}/$default/{route}").status_code

    assert get("open") == 200
    assert get("closed") == 500


def test_lambda_polls_a_queue_only_if_the_role_may(aws: Clients) -> None:
    polls = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    read, unread = state_machines.queue(aws), state_machines.queue(aws)
    for url, actions in ((unread, polls[:2]), (read, polls)):
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"
        aws["sqs"].send_message(QueueUrl=url, MessageBody="body")
        aws["lambda"].create_event_source_mapping(FunctionName=function(aws, allow(arn, *actions)), EventSourceArn=arn)

    def count(url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = aws["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    assert eventually(lambda: count(read) == 0)
    assert count(unread) == 1


def test_a_signed_request_whose_action_is_unknown_needs_every_permission() -> None:
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/{REGION}/fancy/aws4_request"}

    assert extract_iam_action("fancy", "GET", "/", signed, b"", {}) == "fancy:Unknown"
    assert extract_iam_action("fancy", "GET", "/", {}, b"", {}) is None
