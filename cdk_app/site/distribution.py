"""One origin for browsers: Studio at `/`, public pictures at `/pictures/`, and the API at `/v1/`."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Annotations, Aws, Duration, Fn, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.api.firewall import BAD_INPUTS, REPUTATION, Firewall
from cdk_app.api.http_api import HttpApi
from cdk_app.site import headers
from cdk_app.stages.site import Site
from cdk_app.stages.stage import Operations
from cdk_app.storage.private_bucket import PrivateBucket

# Studio routes in the browser: an address without a file extension is its page.
PAGES = """function handler(event) {
  var request = event.request;
  if (request.uri.slice(request.uri.lastIndexOf('/')).indexOf('.') < 0) request.uri = '/index.html';
  return request;
}
"""
# A function may work for 30 s, and API Gateway's own work is added.
API_TIMEOUT = Duration.seconds(35)
# The longest time for which CloudFront keeps an answer of a public route.
MAX_AGE = Duration.minutes(1)
# A picture that is not public any more is gone after this time, wherever CloudFront has kept it.
PICTURE_AGE = Duration.seconds(10)
# By default, CloudFront keeps errors for ten seconds. But an error is only for its caller.
ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
WARNING = "@aws-cdk/aws-cloudfront-origins:updateImportedBucketPolicyOac"


class Distribution(Construct):
    """`url` is the address of Studio and the API.

    `pictures` allows distributions of the account to read `pictures/*`. Answers of the API are kept only where they say
    so, by their full query and token. `connect` and `images` are the origins that Studio may call and show pictures
    from.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        site: Site,
        operations: Operations,
        http_api: HttpApi,
        pictures: s3.IBucket,
        connect: Sequence[str],
        images: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        # Everything in it can be deployed again.
        self.studio = PrivateBucket(self, "Studio", keep=False)
        pages = cloudfront.Function(
            self,
            "Pages",
            function_name=f"{Stack.of(self).stack_name}-Pages",
            code=cloudfront.FunctionCode.from_inline(PAGES),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        api = self._describe_api(http_api, site)
        data_headers = headers.create_data_headers(self)
        public_routes = self._serve_api(api, data_headers, self._create_cache_policy())
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_root_object="index.html",
            web_acl_id=self._find_web_acl(site, operations),
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            price_class=cloudfront.PriceClass.PRICE_CLASS_ALL,
            error_responses=[cloudfront.ErrorResponse(http_status=each, ttl=Duration.seconds(0)) for each in ERRORS],
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self.studio),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                response_headers_policy=headers.create_page_headers(self, connect=connect, images=images),
                function_associations=[
                    cloudfront.FunctionAssociation(
                        function=pages, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
                    )
                ],
            ),
            additional_behaviors={
                "/pictures/*": cloudfront.BehaviorOptions(
                    origin=self._describe_pictures(pictures),
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                    cache_policy=self._create_picture_policy(),
                    response_headers_policy=headers.create_picture_headers(self),
                ),
                "/v1/gallery/*": public_routes,
                "/v1/plans": public_routes,
                "/v1/*": self._serve_api(api, data_headers, cloudfront.CachePolicy.CACHING_DISABLED),
            },
        )
        self._acknowledge(site)

    @property
    def url(self) -> str:
        return f"https://{self.distribution.distribution_domain_name}"

    @property
    def arn(self) -> str:
        return self.distribution.distribution_arn

    def _describe_api(self, http_api: HttpApi, site: Site) -> cloudfront.IOrigin:
        return origins.HttpOrigin(
            f"{http_api.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}",
            origin_path=Fn.join("", ["/", http_api.find_stage_name(site.origin_secret)]),
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            read_timeout=API_TIMEOUT,
        )

    def _describe_pictures(self, pictures: s3.IBucket) -> cloudfront.IOrigin:
        """The bucket by its attributes: a policy that names this distribution would make the two stacks need each
        other.
        """
        bucket = s3.Bucket.from_bucket_attributes(
            self,
            "Pictures",
            bucket_name=pictures.bucket_name,
            bucket_regional_domain_name=pictures.bucket_regional_domain_name,
        )
        Annotations.of(self).acknowledge_warning(WARNING, "The bucket's stack lets distributions read it.")
        return origins.S3BucketOrigin.with_origin_access_control(bucket)

    def _serve_api(
        self,
        api: cloudfront.IOrigin,
        data_headers: cloudfront.IResponseHeadersPolicy,
        cache_policy: cloudfront.ICachePolicy,
    ) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=api,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cache_policy,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=data_headers,
        )

    def _create_cache_policy(self) -> cloudfront.ICachePolicy:
        return cloudfront.CachePolicy(
            self,
            "PublicRoutes",
            # The default name is the same in each stage of an account.
            cache_policy_name=f"{Stack.of(self).stack_name}-PublicRoutes",
            min_ttl=Duration.seconds(0),
            default_ttl=Duration.seconds(0),
            max_ttl=MAX_AGE,
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list("Authorization", "Origin"),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
            enable_accept_encoding_gzip=True,
            enable_accept_encoding_brotli=True,
        )

    def _create_picture_policy(self) -> cloudfront.ICachePolicy:
        return cloudfront.CachePolicy(
            self,
            "PublicPictures",
            cache_policy_name=f"{Stack.of(self).stack_name}-PublicPictures",
            min_ttl=Duration.seconds(0),
            default_ttl=PICTURE_AGE,
            max_ttl=PICTURE_AGE,
        )

    def _find_web_acl(self, site: Site, operations: Operations) -> str | None:
        if site.requests_per_address is None:
            return site.web_acl_arn
        return Firewall(
            self,
            "Firewall",
            kind="CLOUDFRONT",
            protects="Site",
            rules=[("Reputation", REPUTATION), ("BadInputs", BAD_INPUTS)],
            requests_per_address=site.requests_per_address,
            operations=operations,
        ).acl.attr_arn

    def _acknowledge(self, site: Site) -> None:
        resource = cast(cloudfront.CfnDistribution, self.distribution.node.default_child)
        acknowledge(resource, "Makers and visitors are everywhere.", "AwsSolutions-CFR1")
        acknowledge(
            resource,
            "API Gateway logs each request to the API, and the web ACL each request that it blocks. Pages and public "
            "pictures are the same for everybody.",
            "AwsSolutions-CFR3",
            "CKV_AWS_86",
        )
        acknowledge(
            resource,
            "The certificate of CloudFront's own domain sets the version. Browsers have used TLS 1.2 since 2014.",
            "AwsSolutions-CFR4",
            "CKV_AWS_174",
        )
        if site.requests_per_address is None and site.web_acl_arn is None:
            acknowledge(
                resource,
                "A web ACL costs money for each request, so it is a value of the stage.",
                "AwsSolutions-CFR2",
                "CKV_AWS_68",
            )
