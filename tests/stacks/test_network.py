"""The network, and the services that a stage reaches through it."""

import json
from dataclasses import replace
from typing import Literal

import pytest

from cdk_app.stages.values import find_stage
from tests.stacks.synthesis import Synthesis


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_instances_and_endpoints_are_in_the_zones_that_the_stage_names(
    name: str, request: pytest.FixtureRequest
) -> None:
    stage: Synthesis = request.getfixturevalue(name)
    subnets = [
        each["Properties"] for name, each in stage.of_type("AWS::EC2::Subnet").items() if "PrivateSubnet" in name
    ]

    zones = [subnet["AvailabilityZone"] for subnet in subnets]
    letters = find_stage(name).network.zones
    assert zones == [{"Fn::Join": ["", [{"Ref": "AWS::Region"}, letter]]} for letter in letters]
    for group in stage.properties("AWS::AutoScaling::AutoScalingGroup"):
        assert len(group["VPCZoneIdentifier"]) == len(letters)
    for endpoint in stage.properties("AWS::EC2::VPCEndpoint"):
        if endpoint["VpcEndpointType"] == "Interface":
            assert len(endpoint["SubnetIds"]) == len(letters)


def test_network_has_gateways_always_and_one_way_out(dev: Synthesis, prod: Synthesis) -> None:
    kinds = {
        stage: [each["VpcEndpointType"] for each in stage.properties("AWS::EC2::VPCEndpoint")] for stage in (dev, prod)
    }

    assert sorted(kinds[dev]) == ["Gateway", "Gateway"]
    assert len(dev.of_type("AWS::EC2::NatGateway")) == 1
    assert kinds[prod].count("Gateway") == 2
    assert kinds[prod].count("Interface") == 9  # one of them for the guardrail
    assert not prod.of_type("AWS::EC2::NatGateway")
    assert not prod.of_type("AWS::EC2::InternetGateway")


@pytest.mark.parametrize(
    ("signing_secret", "moderator", "interfaces"),
    [(None, "none", 8), ("craftspark/signing", "comprehend", 9), ("craftspark/signing", "guardrail", 10)],
)
def test_a_stage_that_signs_or_has_pictures_moderated_has_a_way_there(
    signing_secret: str | None, moderator: Literal["none", "comprehend", "guardrail"], interfaces: int
) -> None:
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from cdk_app.stages.values import find_stage
    from stacks.network import NetworkStack

    prod = find_stage("prod")
    stage = replace(
        prod,
        rendering=replace(prod.rendering, signing_secret=signing_secret),
        makers=replace(prod.makers, moderator=moderator),
    )
    network = NetworkStack(App(), "Network", stage=stage)

    found = Template.from_stack(network).find_resources("AWS::EC2::VPCEndpoint")
    kinds = [each["Properties"]["VpcEndpointType"] for each in found.values()]
    assert kinds.count("Interface") == interfaces


def test_prod_s_guardrail_judges_text_and_pictures_in_a_version_that_follows_its_filters(
    dev: Synthesis, prod: Synthesis
) -> None:
    [guardrail] = prod.properties("AWS::Bedrock::Guardrail")
    [version] = prod.properties("AWS::Bedrock::GuardrailVersion")

    filters = guardrail["ContentPolicyConfig"]["FiltersConfig"]
    assert {each["Type"] for each in filters} == {"SEXUAL", "HATE", "VIOLENCE", "INSULTS", "MISCONDUCT"}
    assert all(each["InputModalities"] == each["OutputModalities"] == ["TEXT", "IMAGE"] for each in filters)
    assert {topic["Type"] for topic in guardrail["TopicPolicyConfig"]["TopicsConfig"]} == {"DENY"}
    assert all(len(topic["Definition"]) <= 200 for topic in guardrail["TopicPolicyConfig"]["TopicsConfig"])
    assert version["Description"].startswith("filters, topics and message ")
    assert dev.of_type("AWS::Bedrock::Guardrail") == {}


@pytest.mark.parametrize(("shells", "endpoints"), [(False, 0), (True, 1)])
def test_a_network_without_internet_has_a_way_for_shells(shells: bool, endpoints: int) -> None:
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from cdk_app.stages.values import find_stage
    from stacks.network import NetworkStack

    prod = find_stage("prod")
    stage = replace(prod, operations=replace(prod.operations, shells=shells))
    network = NetworkStack(App(), "Network", stage=stage)

    found = Template.from_stack(network).find_resources("AWS::EC2::VPCEndpoint")
    assert sum("ssmmessages" in json.dumps(each) for each in found.values()) == endpoints
