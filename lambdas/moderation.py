"""Who moderates prompts: a maintained list of words, and a service where the stage has one."""

from collections.abc import Sequence
from functools import cache

from glin_profanity import Filter

from craftspark.aws import clients
from craftspark.aws.moderation import Comprehend, RefusalBook
from craftspark.moderation import Moderation, Moderator
from craftspark.settings import SubmitSettings

# Words of the list that crafters draw: a hoe, a cock, a cigarette's butt, a snatch of song.
ORDINARY = ["butt", "cock", "hoe", "snatch"]


class WordList:
    """glin-profanity's English list. It sees through case, accents, homoglyphs, leetspeak, zero width and spacing."""

    def __init__(self) -> None:
        self._filter = Filter(
            {
                "languages": ["english"],
                "detect_leetspeak": True,
                "normalize_unicode": True,
                "ignore_words": ORDINARY,
            }
        )

    def objections(self, text: str) -> Sequence[str]:
        found = self._filter.check_profanity(text)
        return ["offensive words"] if found.get("contains_profanity") else []


@cache
def moderation() -> Moderation:
    settings = SubmitSettings.from_environment()
    moderators: list[Moderator] = [WordList()]
    if settings.moderator == "comprehend":
        moderators.append(Comprehend(client=clients.comprehend()))
    return Moderation(
        moderators=moderators, refusals=RefusalBook(client=clients.dynamodb(), table=settings.accounts_table)
    )
