"""Values of the site: the distribution in front of Studio, public pictures and the API, and how Studio signs in."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.quantities import STRICT, Positive

Origin = Annotated[str, Field(pattern=r"^(https?|wss?)://[^/\s;,']+$")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Site:
    """How visitors reach the stage.

    `requests_per_address` is what one address may send in five minutes before a web ACL blocks it; None for no web ACL.
    CloudFront accepts only web ACLs of us-east-1, so a stage in another region names one of that region with
    `web_acl_arn`. API Gateway serves only requests with the name of its stage, which is a secret that only the
    distribution knows. A higher `origin_secret` replaces it. With another OpenID Connect issuer, Studio signs in as its
    client `oidc_client_id` for `oidc_scope`, and may send requests to `connect_origins` of the issuer.
    """

    requests_per_address: Annotated[int, Field(ge=10)] | None = None
    web_acl_arn: Annotated[str, Field(pattern=r"^arn:aws:wafv2:us-east-1:\d{12}:global/webacl/.+$")] | None = None
    origin_secret: Positive = 1
    oidc_client_id: str | None = None
    oidc_scope: str = "openid"
    connect_origins: tuple[Origin, ...] = ()

    @model_validator(mode="after")
    def _check_web_acl(self) -> Self:
        if self.requests_per_address is not None and self.web_acl_arn is not None:
            raise ValueError("web_acl_arn: the stage makes its own web ACL, because it has requests_per_address")
        return self
