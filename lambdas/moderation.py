"""Who moderates prompts: words in their context, and a service where the stage has one."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.accounts import Accounts
from craftspark.aws.moderation import Comprehend, RefusalBook
from craftspark.moderation import Moderation, Moderator
from craftspark.plans import find_plan
from craftspark.settings import SubmitSettings
from craftspark.words.index import WordIndex
from craftspark.words.judge import WordJudge


@cache
def moderation() -> Moderation:
    settings = SubmitSettings.from_environment()
    moderators: list[Moderator] = [WordJudge(index=WordIndex.load())]
    if settings.moderator == "comprehend":
        moderators.append(Comprehend(client=clients.comprehend()))
    accounts = Accounts(client=clients.dynamodb(), table=settings.accounts_table, plan=find_plan(settings.default_plan))
    return Moderation(moderators=moderators, refusals=RefusalBook(accounts=accounts))
