"""A Bedrock guardrail that moderates prompts and pictures, and the permission to apply it."""

import hashlib

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_bedrock as bedrock
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.stages.stage import Stage
from craftspark.settings.uploads import GuardrailSettings

# HIGH blocks even content about which the filter is unsure. MEDIUM is for crafters who draw ghosts and knights.
STRENGTHS = {"SEXUAL": "HIGH", "HATE": "HIGH", "VIOLENCE": "MEDIUM", "INSULTS": "MEDIUM", "MISCONDUCT": "MEDIUM"}
# Topics that no filter covers. Examples are short: they name a theme and describe no act.
TOPICS = {
    "Self-harm": (
        "Depictions of suicide or self-injury, or encouragement of either. Awareness and prevention are welcome.",
        ("a person cutting their wrists", "a person who hangs themselves"),
    ),
    "Violence against children": (
        "Depictions of children who are killed, hurt or abused.",
        ("a child that is beaten", "a dead child"),
    ),
    "Sexual content with minors": (
        "Any sexual content or nudity together with children or teenagers, real or drawn.",
        ("a sexualised minor",),
    ),
}
MESSAGE = "Craftspark does not draw this."


class Guardrail(Construct):
    """Filters for text and pictures, in the many languages of the standard tier.

    The standard tier works across regions: prompts may go to any region of `geography` (`us`, `eu`, `apac`).
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, geography: str) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        profile = f"{geography}.guardrail.v1:0"
        self._profiles = stack.format_arn(
            service="bedrock", region="*", resource="guardrail-profile", resource_name=profile
        )
        properties = {
            "blocked_input_messaging": MESSAGE,
            "blocked_outputs_messaging": MESSAGE,
            "content_policy_config": bedrock.CfnGuardrail.ContentPolicyConfigProperty(
                content_filters_tier_config=bedrock.CfnGuardrail.ContentFiltersTierConfigProperty(tier_name="STANDARD"),
                filters_config=[self._configure_filter(kind, strength) for kind, strength in STRENGTHS.items()],
            ),
            "topic_policy_config": bedrock.CfnGuardrail.TopicPolicyConfigProperty(
                topics_tier_config=bedrock.CfnGuardrail.TopicsTierConfigProperty(tier_name="STANDARD"),
                topics_config=[
                    bedrock.CfnGuardrail.TopicConfigProperty(
                        name=topic, definition=definition, examples=list(examples), type="DENY"
                    )
                    for topic, (definition, examples) in TOPICS.items()
                ],
            ),
        }
        self.guardrail = bedrock.CfnGuardrail(
            self,
            "Guardrail",
            name=name,
            cross_region_config=bedrock.CfnGuardrail.GuardrailCrossRegionConfigProperty(
                guardrail_profile_arn=stack.format_arn(
                    service="bedrock",
                    resource="guardrail-profile",
                    resource_name=profile,
                    arn_format=ArnFormat.SLASH_RESOURCE_NAME,
                )
            ),
            **properties,  # type: ignore[arg-type]
        )
        # A version is an immutable copy. A changed description creates a new version.
        facts = hashlib.sha256(repr((STRENGTHS, TOPICS, MESSAGE, geography)).encode()).hexdigest()[:16]
        self.version = bedrock.CfnGuardrailVersion(
            self,
            "Version",
            guardrail_identifier=self.guardrail.attr_guardrail_id,
            description=f"filters, topics and message {facts}",
        )

    def grant_apply(self, caller: iam.IGrantable) -> None:
        """Apply this guardrail, in every region of its geography."""
        iam.Grant.add_to_principal(
            grantee=caller,
            actions=["bedrock:ApplyGuardrail"],
            resource_arns=[self.guardrail.attr_guardrail_arn, self._profiles],
        )

    @classmethod
    def create_for(cls, scope: Construct, stage: Stage) -> "Guardrail | None":
        """The guardrail of the stage, or None if the stage has another moderator."""
        makers = stage.makers
        if makers.moderator != "guardrail":
            return None
        return cls(scope, "Guardrail", name=f"craftspark-{stage.name}", geography=makers.guardrail_geography)

    @staticmethod
    def _configure_filter(kind: str, strength: str) -> bedrock.CfnGuardrail.ContentFilterConfigProperty:
        modalities = ["TEXT", "IMAGE"]
        return bedrock.CfnGuardrail.ContentFilterConfigProperty(
            type=kind,
            input_strength=strength,
            output_strength=strength,
            input_modalities=modalities,
            output_modalities=modalities,
        )


def fill_guardrail_settings(guardrail: Guardrail | None, stage: Stage) -> GuardrailSettings:
    """The settings of a runtime that applies the stage's guardrail. Without a guardrail, the IDs are empty."""
    return GuardrailSettings(
        guardrail_id=guardrail.guardrail.attr_guardrail_id if guardrail else "",
        guardrail_version=guardrail.version.attr_version if guardrail else "",
        moderation_fallback=stage.makers.moderation_fallback,
    )
