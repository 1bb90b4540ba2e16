import boto3
import pytest
from botocore.stub import Stubber

from craftspark.aws import clients
from craftspark.aws.moderation import Comprehend
from craftspark.moderation import Objection
from tests.aws.api import account, call, submit
from tests.aws.conftest import ACCOUNTS

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def test_a_refused_prompt_is_a_problem_of_its_own_with_a_record_and_no_charge() -> None:
    refused = submit("what the fuck")

    assert (refused.status, refused.body["type"], refused.body["field"]) == (
        422,
        "/problems/PromptRefused",
        "prompt",
    )
    assert refused.body["words"] == ["fuck"]
    assert account()["reserved"] == 0
    items = clients.dynamodb().scan(TableName=ACCOUNTS)["Items"]
    [record] = [item for item in items if item["item"]["S"].startswith("refusal#")]
    assert record["maker"]["S"] == "maker-1"
    assert "fuck" not in str(record)
    assert "expires_at" in record


def test_a_quote_refuses_it_too() -> None:
    refused = call("quote_job", path={"tool": "picture"}, body={"prompt": "what the fuck"})

    assert refused.body["type"] == "/problems/PromptRefused"


def test_comprehend_objects_to_what_it_finds_toxic_and_to_nothing_else() -> None:
    client = boto3.client("comprehend")
    labels = [{"Name": "VIOLENCE_OR_THREAT", "Score": 0.9}, {"Name": "INSULT", "Score": 0.2}]
    with Stubber(client) as stubbed:
        stubbed.add_response(
            "detect_toxic_content",
            {"ResultList": [{"Labels": labels, "Toxicity": 0.8}]},
            {"TextSegments": [{"Text": "a stabbing"}], "LanguageCode": "en"},
        )
        assert Comprehend(client=client).objections("a stabbing") == [Objection(reason="violence")]
