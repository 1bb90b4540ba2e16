"""Web ACLs. They block addresses that guess passwords, create accounts in bulk or overload the service."""

from collections.abc import Sequence
from typing import Literal

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup

WINDOW_S = 300
LOG_PREFIX = "aws-waf-logs-"  # WAF accepts no other
# Addresses that AWS has seen in attacks.
REPUTATION = "AWSManagedRulesAmazonIpReputationList"
# Requests that use known holes of common software.
BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"


class Firewall(Construct):
    """A web ACL that blocks what groups of AWS's own rules find, and addresses that send over `requests_per_address` in
    five minutes.

    `protects` names it in metrics and logs. `rules` has the name of each managed group of rules by its own name. A log
    has each blocked request, without its body.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        kind: Literal["REGIONAL", "CLOUDFRONT"],
        protects: str,
        rules: Sequence[tuple[str, str]],
        requests_per_address: int,
        operations: Operations,
    ) -> None:
        super().__init__(scope, construct_id)
        self.acl = waf.CfnWebACL(
            self,
            "WebAcl",
            scope=kind,
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_configure_metrics(protects),
            rules=[
                *(
                    waf.CfnWebACL.RuleProperty(
                        name=name,
                        priority=priority,
                        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
                        statement=waf.CfnWebACL.StatementProperty(
                            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                                vendor_name="AWS", name=group
                            )
                        ),
                        visibility_config=_configure_metrics(f"{protects}{name}"),
                    )
                    for priority, (name, group) in enumerate(rules)
                ),
                waf.CfnWebACL.RuleProperty(
                    name="Rate",
                    priority=len(rules),
                    action=waf.CfnWebACL.RuleActionProperty(block={}),
                    statement=waf.CfnWebACL.StatementProperty(
                        rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                            aggregate_key_type="IP", limit=requests_per_address, evaluation_window_sec=WINDOW_S
                        )
                    ),
                    visibility_config=_configure_metrics(f"{protects}Rate"),
                ),
            ],
        )
        self._log_blocked_requests(protects, operations)

    def _log_blocked_requests(self, protects: str, operations: Operations) -> None:
        stack = Stack.of(self)
        log = LogGroup(self, "Log", operations=operations, name=f"{LOG_PREFIX}{stack.stack_name}-{protects}")
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.acl.attr_arn,
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
