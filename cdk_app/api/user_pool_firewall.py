"""A web ACL for a user pool. It blocks addresses that guess passwords or create accounts in bulk."""

from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

WINDOW_S = 300
# Addresses that AWS has seen in attacks.
REPUTATION = "AWSManagedRulesAmazonIpReputationList"


class UserPoolFirewall(Construct):
    """Blocks addresses with a bad reputation, and those that send over `requests_per_address` in five minutes."""

    def __init__(
        self, scope: Construct, construct_id: str, *, pool: cognito.IUserPool, requests_per_address: int
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
        waf.CfnWebACLAssociation(self, "Association", resource_arn=pool.user_pool_arn, web_acl_arn=acl.attr_arn)


def _configure_metrics(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
