"""Moderation services: their requests, their responses, and the behaviour while they do not respond."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from craftspark.aws import clients
from craftspark.aws.pictures.guardrail import LABELS, SEGMENT_BYTES, Comprehend, Guardrail, TextCircuitBreaker, segments
from craftspark.aws.pictures.picture_moderation import picture_moderation
from craftspark.errors import ModerationUnavailable
from craftspark.moderation import Objection
from craftspark.settings.uploads import GuardrailSettings
from lambdas.wiring import pictures as uploaded
from tests.aws.api import call, submit
from tests.aws.test_uploads import a_png, bring, check

BLOCKED = {
    "action": "GUARDRAIL_INTERVENED",
    "usage": {},
    "outputs": [],
    "assessments": [
        {
            "contentPolicy": {
                "filters": [
                    {"type": "VIOLENCE", "confidence": "HIGH", "action": "BLOCKED"},
                    {"type": "HATE", "confidence": "LOW", "action": "NONE"},
                ]
            },
            "topicPolicy": {"topics": [{"name": "Self-harm", "type": "DENY", "action": "BLOCKED"}]},
        }
    ],
}
POLICIES = ("topic", "content", "word", "sensitiveInformation", "contextualGrounding")
USAGE = {f"{policy}PolicyUnits": 0 for policy in POLICIES} | {"sensitiveInformationPolicyFreeUnits": 0}
PASSED: dict[str, Any] = {"action": "NONE", "usage": USAGE, "outputs": [], "assessments": []}
BLOCKED["usage"] = USAGE


def asked(source: str, **content: Any) -> dict[str, Any]:
    return {"guardrailIdentifier": "g1", "guardrailVersion": "3", "source": source, "content": [content]}


def test_a_guardrail_objects_only_to_blocked_texts() -> None:
    client = boto3.client("bedrock-runtime")
    guardrail = Guardrail(client=client, guardrail="g1", version="3")
    with Stubber(client) as stubbed:
        stubbed.add_response("apply_guardrail", BLOCKED, asked("INPUT", text={"text": "words"}))
        stubbed.add_response("apply_guardrail", PASSED, asked("INPUT", text={"text": "other words"}))

        assert guardrail.objections("words") == [Objection(reason="violence"), Objection(reason="self-harm")]
        assert guardrail.objections("other words") == []


def picture(content: bytes) -> dict[str, Any]:
    return {"image": {"format": "jpeg", "source": {"bytes": content}}}


def test_a_guardrail_gets_images_as_output_and_uploads_as_input() -> None:
    client = boto3.client("bedrock-runtime")
    guardrail = Guardrail(client=client, guardrail="g1", version="3")
    with Stubber(client) as stubbed:
        stubbed.add_response("apply_guardrail", BLOCKED, asked("OUTPUT", **picture(b"jpeg")))
        stubbed.add_response("apply_guardrail", PASSED, asked("INPUT", **picture(b"jpeg")))

        assert guardrail.picture_objections(b"jpeg", ours=True)[0] == Objection(reason="violence")
        assert guardrail.picture_objections(b"jpeg", ours=False) == []


def test_comprehend_objects_to_what_it_finds_toxic_in_any_part_of_the_text() -> None:
    client = boto3.client("comprehend")
    text = "\u00e9" * 600 + " a stabbing"
    labels = [{"Name": "VIOLENCE_OR_THREAT", "Score": 0.9}, {"Name": "INSULT", "Score": 0.2}]
    parts = [{"Text": "\u00e9" * 500}, {"Text": "\u00e9" * 100 + " a stabbing"}]
    with Stubber(client) as stubbed:
        stubbed.add_response(
            "detect_toxic_content",
            {"ResultList": [{"Labels": [], "Toxicity": 0.1}, {"Labels": labels, "Toxicity": 0.8}]},
            {"TextSegments": parts, "LanguageCode": "en"},
        )
        assert Comprehend(client=client).objections(text) == [Objection(reason=LABELS["VIOLENCE_OR_THREAT"])]


@given(st.text(max_size=3000), st.integers(min_value=4, max_value=SEGMENT_BYTES))
def test_segments_are_small_enough_and_lose_nothing(text: str, most: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    parts = segments(text, most)

    assert all(0 < len(part.encode()) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@pytest.mark.parametrize("error", ["InternalServerException", "AccessDeniedException"])
def test_a_failing_service_is_not_called_for_a_while(error: str) -> None:
    client = boto3.client("bedrock-runtime", config=clients._CONFIG)
    now = [100.0]
    breaker = TextCircuitBreaker(service=Guardrail(client=client, guardrail="g1", version="3"), clock=lambda: now[0])
    with Stubber(client) as stubbed:
        stubbed.add_client_error("apply_guardrail", error)
        for _ in range(3):  # one call for all of them
            with pytest.raises(ModerationUnavailable):
                breaker.objections("words")
        now[0] += breaker.pause_s
        stubbed.add_response("apply_guardrail", PASSED, asked("INPUT", text={"text": "words"}))

        assert breaker.objections("words") == []


def test_a_service_that_throttles_moderates_what_is_within_its_quota() -> None:
    client = boto3.client("bedrock-runtime", config=clients._CONFIG)
    breaker = TextCircuitBreaker(service=Guardrail(client=client, guardrail="g1", version="3"), clock=lambda: 100.0)
    with Stubber(client) as stubbed:
        stubbed.add_client_error("apply_guardrail", "ThrottlingException")
        with pytest.raises(ModerationUnavailable):
            breaker.objections("words")
        stubbed.add_response("apply_guardrail", BLOCKED, asked("INPUT", text={"text": "words"}))

        assert breaker.objections("words")


@pytest.fixture
def service(submit_settings: None, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A stage with a guardrail, which returns the responses in a list and records its requests."""
    answers: list[Any] = []
    client = boto3.client("bedrock-runtime")

    def answer(**request: Any) -> Any:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        answers.append(request["content"][0]["text"]["text"])
        return given

    monkeypatch.setattr(client, "apply_guardrail", answer)
    monkeypatch.setattr(clients, "guardrails", lambda: client)
    monkeypatch.setenv("CRAFTSPARK_MODERATOR", "guardrail")
    monkeypatch.setenv("CRAFTSPARK_GUARDRAIL_ID", "g1")
    monkeypatch.setenv("CRAFTSPARK_GUARDRAIL_VERSION", "3")
    return answers


def test_the_guardrail_refuses_prompts_that_the_word_lists_accept(service: list[Any]) -> None:
    service.append(BLOCKED)

    refused = submit("how she looked before")

    assert (refused.status, refused.body["type"], refused.body["field"]) == (422, "/problems/PromptRefused", "prompt")
    assert service == ["how she looked before"]


def test_the_guardrail_gets_all_fields_at_once_and_single_fields_after_an_objection(service: list[Any]) -> None:
    body = {"prompt": "a rose", "also": ["a leaf", "a thorn"]}
    service.append(PASSED)
    taken = call("submit_job", path={"tool": "pattern"}, body=body)
    assert (taken.status, service.pop()) == (202, "a rose\na leaf\na thorn")

    service += [BLOCKED, PASSED, BLOCKED]
    refused = call("submit_job", path={"tool": "pattern"}, body=body)

    assert (refused.status, refused.body["field"]) == (422, "also.0")


@pytest.mark.parametrize(("fallback", "status"), [("refuse", 503), ("accept", 202)])
def test_the_stage_decides_and_a_metric_counts_while_the_service_fails(
    service: list[Any],
    fallback: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("CRAFTSPARK_MODERATION_FALLBACK", fallback)
    service.append(EndpointConnectionError(endpoint_url="https://bedrock"))

    answer = submit("a red apple")
    told = [vars(record) for record in caplog.records if record.message == "moderation unavailable"]

    assert answer.status == status
    assert status == 202 or (answer.body["type"], answer.headers["Retry-After"]) == (
        "/problems/ModerationUnavailable",
        "30",
    )
    assert [facts["ModerationUnavailable"] for facts in told] == [1]
    assert "a red apple" not in str(told)


def test_a_prompt_that_the_lists_refuse_needs_no_call(service: list[Any]) -> None:
    assert submit("what the fuck").status == 422
    assert service == []


class Asked:
    """Bedrock with the given responses. `pictures` has the requests, by source."""

    def __init__(self, client: Any, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.answers = [*answers]
        self.pictures: list[tuple[str, bytes]] = []
        monkeypatch.setattr(client, "apply_guardrail", self.answer)

    def answer(self, **request: Any) -> Any:
        self.pictures.append((request["source"], request["content"][0]["image"]["source"]["bytes"]))
        given = self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given


UNREACHABLE = EndpointConnectionError(endpoint_url="https://bedrock")
STAGE = GuardrailSettings(guardrail_id="g1", guardrail_version="3", moderation_fallback="refuse")


@pytest.fixture
def pictures(aws: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Asked]:
    """Make the guardrail of a stage return these responses."""
    client = boto3.client("bedrock-runtime")
    monkeypatch.setattr(clients, "picture_guardrails", lambda: client)
    return lambda *answers: Asked(client, monkeypatch, *answers)


def test_a_stage_without_a_guardrail_makes_no_call() -> None:
    assert picture_moderation(replace(STAGE, guardrail_id=""), print) is None


@pytest.mark.parametrize("fallback", ["refuse", "accept"])
def test_the_stage_decides_about_pictures_while_the_service_fails_and_is_not_called(
    pictures: Callable[..., Asked], fallback: str
) -> None:
    asked_of = pictures(UNREACHABLE)
    told: list[ModerationUnavailable] = []
    moderation = picture_moderation(replace(STAGE, moderation_fallback=fallback), told.append)
    assert moderation

    for number in (1, 2, 3):
        if fallback == "accept":
            assert moderation.reasons(b"jpeg", ours=True) == ()
        else:
            with pytest.raises(ModerationUnavailable):
                moderation.reasons(b"jpeg", ours=True)
        assert len(told) == number
    assert len(asked_of.pictures) == 1


@pytest.fixture
def guarded_uploads(submit_settings: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in STAGE.to_environment().items():
        monkeypatch.setenv(name, value)
    yield
    uploaded.moderation.cache_clear()


@pytest.mark.usefixtures("guarded_uploads")
def test_only_an_upload_that_the_guardrail_accepts_can_be_a_source(
    pictures: Callable[..., Asked],
) -> None:
    upload_id = bring(a_png())
    asked_of = pictures(BLOCKED, UNREACHABLE, PASSED)

    refused = check(upload_id)
    assert (refused.status, refused.body["field"]) == (422, "upload")
    assert "violence" in refused.body["detail"]
    busy = check(upload_id)
    assert (busy.status, busy.body["type"]) == (503, "/problems/ModerationUnavailable")
    assert busy.headers["Retry-After"] == "30"
    uploaded.moderation.cache_clear()  # the pause after the service's failure is over
    assert check(upload_id).status == 200

    for source, jpeg in asked_of.pictures:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            assert (source, image.size) == ("INPUT", (40, 32))


@pytest.mark.usefixtures("submit_settings")
def test_an_upload_of_a_stage_without_a_guardrail_is_not_moderated(pictures: Callable[..., Asked]) -> None:
    asked_of = pictures()

    assert check(bring(a_png())).status == 200
    assert asked_of.pictures == []
