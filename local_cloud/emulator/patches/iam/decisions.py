"""Policies are parsed once, and what they decided is recorded.

Gap: the emulator parses all policies of a role for each request, and does not record which permissions are used. The
order of the decision is AWS's, as before: an explicit Deny, then an Allow within all limits, else a Deny.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from ministack.core import iam_evaluator

from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.permissions.decisions import evaluate, parse_policy_document, validate_policy_document

PATCH = Patch(
    name="IAM decisions",
    gap="policies are parsed for each request, and their use is not recorded",
    targets=(
        Replacement(iam_evaluator, "evaluate", "2a5dd6932d1aca6a6e0759dca046354f", evaluate),
        Replacement(iam_evaluator, "parse_policy_document", "622a4f98a3ecd766a8af42b8f1d72902", parse_policy_document),
        Replacement(
            iam_evaluator, "validate_policy_document", "1b9ec79ea08b6c7b5732cc018fd25dd0", validate_policy_document
        ),
        Target(iam_evaluator, "_first_match", "dc96ef4846c742126bf10b8f9e434cb1"),
        Target(iam_evaluator, "evaluate_resource_policy", "e49ce7161ad63e35672a960067131789"),
        Target(iam_evaluator, "combine_resource_policy", "3972f81213f8b84bec2ac2f68aae541f"),
        Target(iam_evaluator, "_gather_role_policies", "d83d1661b86595ac8babc95841fec0e2"),
        Target(iam_evaluator, "_permissions_boundary", "55c125bd0cf5cfe71ea965e82294f263"),
        Target(iam_evaluator, "_resource_policy", "dec265f9a903069539ef818b35e447c4"),
    ),
)
