"""Records of refused prompts, and Amazon Comprehend as a moderator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from craftspark.aws.items import epoch, text, timestamp
from craftspark.moderation import Objection, Refusal

if TYPE_CHECKING:
    from mypy_boto3_comprehend import ComprehendClient
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=90)
# Comprehend's labels of toxic content, as a maker is told of them.
LABELS = {
    "GRAPHIC": "graphic violence",
    "HARASSMENT_OR_ABUSE": "harassment",
    "HATE_SPEECH": "hate",
    "INSULT": "insults",
    "SEXUAL": "sexual content",
    "VIOLENCE_OR_THREAT": "violence",
}
TOXIC = 0.7


@dataclass(frozen=True, kw_only=True)
class RefusalBook:
    """Refusals in the accounts table, beside the maker's account, for KEPT."""

    client: DynamoDBClient
    table: str

    def add(self, refusal: Refusal) -> None:
        self.client.put_item(
            TableName=self.table,
            Item={
                "maker": text(refusal.maker),
                "item": text(f"refusal#{timestamp(refusal.at)}#{refusal.text_sha256[:16]}"),
                "field": text(refusal.field),
                "text_sha256": text(refusal.text_sha256),
                "objections": {"L": [text(each) for each in refusal.objections]},
                "expires_at": epoch(refusal.at + KEPT),
            },
        )


@dataclass(frozen=True, kw_only=True)
class Comprehend:
    """Detects toxic content in English; a tenth of a second and a hundredth of a cent a prompt."""

    client: ComprehendClient

    def objections(self, text: str) -> Sequence[Objection]:
        answer = self.client.detect_toxic_content(TextSegments=[{"Text": text}], LanguageCode="en")
        return [
            Objection(reason=LABELS[label["Name"]])
            for label in answer["ResultList"][0]["Labels"]
            if label["Score"] >= TOXIC and label["Name"] in LABELS
        ]
