"""Values of the API: what makers get, and how they sign in and call it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.quantities import STRICT, Days, Positive, Seconds
from craftspark.routes import ADMIN, MAKER, ROUTES, Route

Scope = Annotated[str, Field(pattern=r"^[!-~]+$")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Makers:
    """Plans, moderation and retention for makers. New makers get `default_plan`.

    `moderator` moderates prompts in addition to the word lists. `moderation_fallback` says whether prompts and pictures
    are accepted while the moderator does not answer. A guardrail works in every region of its `guardrail_geography`.
    """

    default_plan: Literal["free", "plus", "pro", "partner"]
    moderator: Literal["none", "comprehend", "guardrail"] = "none"
    moderation_fallback: Literal["accept", "refuse"] = "refuse"
    guardrail_geography: Literal["us", "eu", "apac"] = "us"
    job_retention_days: Days
    url_lifetime_s: Seconds


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Throttle:
    """Requests per second of all makers together, and the burst limit."""

    per_s: Positive
    burst: Positive


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Api:
    """How many requests each kind of route takes, which origins browsers may call from, and who signs tokens.

    `submissions`, `polling`, `searches`, `others` and `occasional` are limits of each single route of that kind, so
    that no route takes the capacity of another. All routes together stay within `account_per_s`, API Gateway's quota of
    the account in the region.

    Without `oidc_issuer`, the stage has its own Cognito user pool. A token needs one of `maker_scopes` for makers'
    routes, and `admin_scope` for administrative routes; these are the issuer's names. The user pool gives the first of
    `maker_scopes` to people who sign in, and the second to servers.
    """

    submissions: Throttle
    polling: Throttle
    searches: Throttle
    others: Throttle
    occasional: Throttle
    account_per_s: Positive = 10_000
    allowed_origins: tuple[str, ...]
    oidc_issuer: Annotated[str, Field(pattern=r"^https://")] | None = None
    oidc_audience: tuple[str, ...] = ()
    maker_scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] = (
        "aws.cognito.signin.user.admin",
        "craftspark/jobs",
    )
    admin_scope: Scope = "craftspark/admin"

    @property
    def scopes(self) -> dict[str, tuple[str, ...]]:
        """The scopes that each kind of route accepts; a token needs one of them."""
        return {MAKER: self.maker_scopes, ADMIN: (self.admin_scope,)}

    def find_throttle(self, route: Route) -> Throttle:
        """The throttle of a route."""
        throttles: dict[str, Throttle] = {
            "submissions": self.submissions,
            "polling": self.polling,
            "searches": self.searches,
            "others": self.others,
            "occasional": self.occasional,
        }
        return throttles[route.traffic]

    @model_validator(mode="after")
    def _check_throttles(self) -> Self:
        together = sum(self.find_throttle(route).per_s for route in ROUTES)
        if together > self.account_per_s:
            raise ValueError(f"account_per_s: the routes together take {together} requests per second, which is more")
        return self

    @model_validator(mode="after")
    def _check_issuer(self) -> Self:
        if (self.oidc_issuer is None) != (not self.oidc_audience):
            raise ValueError("oidc_audience: another issuer needs it, and the stage's own user pool must not have it")
        if self.admin_scope in self.maker_scopes:
            raise ValueError("admin_scope: a maker's token must not have it, so maker_scopes must not contain it")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class UserPool:
    """A stage's own user pool.

    With `self_sign_up`, anybody can create an account. `threat_protection` assesses the risk of each sign-in and finds
    leaked passwords; `enforced` also blocks risky requests. Any value but `off` needs Cognito's plan Plus.
    `requests_per_address` is what one address may send in five minutes before a web ACL blocks it; None for no web ACL.
    `mail_from` is the sender of sign-up mails; its domain is verified by SES in `mail_region`. Without it, Cognito
    sends about 50 mails per day.
    """

    self_sign_up: bool
    threat_protection: Literal["off", "audit", "enforced"]
    requests_per_address: Annotated[int, Field(ge=10)] | None
    mail_from: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] | None = None
    mail_region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = None

    @model_validator(mode="after")
    def _check_mail(self) -> Self:
        if (self.mail_from is None) != (self.mail_region is None):
            raise ValueError("mail_from: it goes with mail_region, where SES has verified its domain")
        return self
