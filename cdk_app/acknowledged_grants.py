"""Permissions with a wildcard that cdk-nag finds in the policies of every stack, and why each kind is accepted."""

from aws_cdk import Stack

from cdk_app.acknowledgements import acknowledge_in_stack

# What a wildcard stands for, by the finding of AwsSolutions-IAM5.
WILDCARDS = {
    r"^Resource::\*$": "only actions that IAM ties to no resource or that a condition ties to the cluster, which "
    "tests/stacks/test_permissions.py lists with their reasons",
    r"^Resource::<.*Table.*\.Arn>\/index\/\*$": "the indexes of one table",
    r"^Resource::<[^>]*\.Arn>\/([a-z]+\/)?\*$": "the objects of one bucket, or those of one folder in it",
    r"^Resource::arn:[^{]*:s3:::cdk-[a-z0-9]+-assets-.*\/\*\.zip$": "what deployments of the account upload",
    r"^Resource::<[^>]*Function[^>]*\.Arn>:\*$": "the versions of one function",
    r"^Resource::arn:.*(Trainer|Worker)Task.*:\*$": "the revisions of one task definition",
    r"^Resource::arn:[^{]*:ecs:[^{]*:(task|container-instance)\/<[^>]*Cluster[^>]*>\/\*$": "what runs in one cluster",
    r"^Resource::arn:[^{]*:logs:[^{]*:log-group:<[^>]*>:\*$": "the streams of one log group",
    r"^Resource::arn:[^{]*:execute-api:.*\/live\/\*\/@connections\/\*$": "the connections of one WebSocket API",
    r"^Resource::arn:[^{]*:bedrock:\*:.*guardrail-profile\/": "one guardrail profile, in the regions of its geography",
    r"^Action::s3:(GetObject|GetBucket|List|DeleteObject|Abort)\*$": "the reads, or the writes, of one bucket",
    r"^Action::ecs:Submit\*$": "the reports of the ECS agent about its own cluster",
}


def acknowledge_grants(stack: Stack) -> None:
    """Accept inline policies, and wildcards that stand for parts of one resource."""
    acknowledge_in_stack(
        stack,
        "The policy belongs to one role, is made from its grants, and is deleted with it. Managed policies are for "
        "permissions that several roles share.",
        "NIST.800.53.R5-IAMNoInlinePolicy",
    )
    for finding, meaning in WILDCARDS.items():
        acknowledge_in_stack(stack, f"The wildcard stands for {meaning}.", "AwsSolutions-IAM5", findings=[finding])
