"""A web ACL for a user pool. It blocks addresses that guess passwords or create accounts in bulk."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup

WINDOW_S = 300
LOG_PREFIX = "aws-waf-logs-"  # WAF accepts no other
# Addresses that AWS has seen in attacks.
REPUTATION = "AWSManagedRulesAmazonIpReputationList"


class UserPoolFirewall(Construct):
    """Blocks addresses with a bad reputation, and those that send over `requests_per_address` in five minutes.

    A log has each blocked request, without its body.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pool: cognito.IUserPool,
        requests_per_address: int,
        operations: Operations,
    ) -> None:
        super().__init__(scope, construct_id)
        acl = waf.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_configure_metrics("UserPool"),
            rules=[
                waf.CfnWebACL.RuleProperty(
                    name="Reputation",
                    priority=0,
                    override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
                    statement=waf.CfnWebACL.StatementProperty(
                        managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                            vendor_name="AWS", name=REPUTATION
                        )
                    ),
                    visibility_config=_configure_metrics("UserPoolReputation"),
                ),
                waf.CfnWebACL.RuleProperty(
                    name="Rate",
                    priority=1,
                    action=waf.CfnWebACL.RuleActionProperty(block={}),
                    statement=waf.CfnWebACL.StatementProperty(
                        rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                            aggregate_key_type="IP", limit=requests_per_address, evaluation_window_sec=WINDOW_S
                        )
                    ),
                    visibility_config=_configure_metrics("UserPoolRate"),
                ),
            ],
        )
        acknowledge(acl, "Cognito answers the requests behind it, and runs no code of ours.", "CKV_AWS_192")
        waf.CfnWebACLAssociation(self, "Association", resource_arn=pool.user_pool_arn, web_acl_arn=acl.attr_arn)
        self._log_blocked_requests(acl, operations)

    def _log_blocked_requests(self, acl: waf.CfnWebACL, operations: Operations) -> None:
        stack = Stack.of(self)
        log = LogGroup(self, "Log", operations=operations, name=f"{LOG_PREFIX}{stack.stack_name}")
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            # The group's own ARN ends with `:*`, which WAF rejects.
            log_destination_configs=[
                stack.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=log.log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [{"ActionCondition": {"Action": "BLOCK"}}],
                    }
                ],
            },
        )


def _configure_metrics(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
