"""The headers that browsers get with pages, pictures and answers of the API."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

YEAR = Duration.days(365)


def write_policy(sources: Mapping[str, Sequence[str]]) -> str:
    """A content security policy from the sources of each directive."""
    return "; ".join(f"{directive} {' '.join(allowed)}" for directive, allowed in sources.items())


def create_page_headers(
    scope: Construct, *, connect: Sequence[str], images: Sequence[str]
) -> cloudfront.IResponseHeadersPolicy:
    """Headers of Studio. It runs its own scripts and styles, and calls only what it needs.

    `connect` are the origins that it sends requests to, `images` are those that it shows pictures from, in addition to
    its own.
    """
    policy = write_policy(
        {
            "default-src": ["'none'"],
            "script-src": ["'self'"],
            "style-src": ["'self'"],
            "font-src": ["'self'"],
            "manifest-src": ["'self'"],
            "img-src": ["'self'", *images],
            "connect-src": ["'self'", *connect],
            "form-action": ["'self'"],
            "base-uri": ["'none'"],
            "frame-ancestors": ["'none'"],
        }
    )
    permissions = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    return _create(
        scope,
        "PageHeaders",
        policy,
        custom=[cloudfront.ResponseCustomHeader(header="Permissions-Policy", value=permissions, override=True)],
    )


def create_data_headers(scope: Construct) -> cloudfront.IResponseHeadersPolicy:
    """Headers of data: a browser that opens it as a page runs nothing and loads nothing."""
    return _create(scope, "DataHeaders", write_policy({"default-src": ["'none'"], "frame-ancestors": ["'none'"]}))


def create_picture_headers(scope: Construct) -> cloudfront.IResponseHeadersPolicy:
    """Headers of public pictures, which pages of every origin may read."""
    policy = write_policy({"default-src": ["'none'"], "frame-ancestors": ["'none'"]})
    everybody = cloudfront.ResponseHeadersCorsBehavior(
        access_control_allow_credentials=False,
        access_control_allow_headers=["*"],
        access_control_allow_methods=["GET", "HEAD"],
        access_control_allow_origins=["*"],
        origin_override=True,
    )
    return _create(scope, "PictureHeaders", policy, cors=everybody)


def _create(
    scope: Construct,
    construct_id: str,
    policy: str,
    *,
    custom: Sequence[cloudfront.ResponseCustomHeader] = (),
    cors: cloudfront.ResponseHeadersCorsBehavior | None = None,
) -> cloudfront.IResponseHeadersPolicy:
    return cloudfront.ResponseHeadersPolicy(
        scope,
        construct_id,
        cors_behavior=cors,
        custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(custom_headers=list(custom))
        if custom
        else None,
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                content_security_policy=policy, override=True
            ),
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            frame_options=cloudfront.ResponseHeadersFrameOptions(
                frame_option=cloudfront.HeadersFrameOption.DENY, override=True
            ),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override=True
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=YEAR, include_subdomains=True, override=True
            ),
        ),
    )
