"""Limits of one part leave capacity for the others: throttles, starts, write units, and the size of indexes."""

from dataclasses import fields

from cdk_app.stages.values import DEV, PROD
from craftspark.aws.items import OUTLINE_ATTRIBUTES
from craftspark.jobs.job import JobOutline
from craftspark.routes import ROUTES
from tests.stacks.synthesis import Synthesis

KEYS = {"job_id", "item", "maker", "created"}


def test_each_route_has_a_throttle_of_its_own_kind(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, api in ((dev, DEV.api), (prod, PROD.api)):
        stage, other = [
            each for each in synthesis.properties("AWS::ApiGatewayV2::Stage") if each["StageName"] != "live"
        ]
        assert {**other, "StageName": ""} == {**stage, "StageName": ""}
        settings = stage["RouteSettings"]
        kinds = {
            "submissions": api.submissions,
            "polling": api.polling,
            "searches": api.searches,
            "others": api.others,
            "occasional": api.occasional,
        }
        assert set(settings) == {f"{route.method} {route.path}" for route in ROUTES}
        for route in ROUTES:
            throttle = kinds[route.traffic]
            assert settings[route.key] == {
                "ThrottlingRateLimit": throttle.per_s,
                "ThrottlingBurstLimit": throttle.burst,
                "DetailedMetricsEnabled": True,
            }
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == api.others.per_s


def test_polling_as_fast_as_it_may_leaves_submissions_their_share_of_the_account() -> None:
    for api in (DEV.api, PROD.api):
        rest = sum(api.find_throttle(route).per_s for route in ROUTES if route.traffic != "submissions")
        assert api.account_per_s - rest >= api.submissions.per_s
    assert {route.function for route in ROUTES if route.traffic == "submissions"} == {"submit_job", "quote_job"}


def test_settings_of_routes_come_after_the_routes(synthesis: Synthesis) -> None:
    stages = [each for name, each in synthesis.of_type("AWS::ApiGatewayV2::Stage").items() if name.startswith("Api/")]
    routes = {
        name.partition("/")[2] for name in synthesis.of_type("AWS::ApiGatewayV2::Route") if name.startswith("Api/")
    }

    assert len(stages) == 2
    for stage in stages:
        assert routes <= set(stage["DependsOn"])


def test_connections_are_throttled(synthesis: Synthesis) -> None:
    [live] = [each for each in synthesis.properties("AWS::ApiGatewayV2::Stage") if each["StageName"] == "live"]

    assert live["DefaultRouteSettings"]["ThrottlingRateLimit"] >= 1
    assert live["DefaultRouteSettings"]["ThrottlingBurstLimit"] >= 1


def test_prod_s_busy_tables_and_their_indexes_are_warm_from_the_start(dev: Synthesis, prod: Synthesis) -> None:
    warm = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 10_000}
    for name, table in prod.of_type("AWS::DynamoDB::Table").items():
        busy = name.startswith(("Data/Jobs", "Data/Accounts"))
        indexes = table["Properties"].get("GlobalSecondaryIndexes", [])
        # Administrators write few entries.
        parts = [table["Properties"], *(each for each in indexes if each["IndexName"] != "trails")]
        assert [part.get("WarmThroughput") for part in parts] == [warm if busy else None] * len(parts)
    assert "WarmThroughput" not in str(dev.properties("AWS::DynamoDB::Table"))


def test_a_maker_s_index_has_what_the_list_reads_and_nothing_that_counts(synthesis: Synthesis) -> None:
    [jobs] = [
        each["Properties"]
        for name, each in synthesis.of_type("AWS::DynamoDB::Table").items()
        if name.startswith("Data/Jobs")
    ]
    [index] = [each for each in jobs["GlobalSecondaryIndexes"] if each["IndexName"] == "by_maker"]

    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(OUTLINE_ATTRIBUTES)}
    assert len(OUTLINE_ATTRIBUTES) <= 20  # of DynamoDB
    assert {field.name for field in fields(JobOutline)} <= {*OUTLINE_ATTRIBUTES, *KEYS}
    assert not {"images_stored", "unfinished", "failures"} & set(OUTLINE_ATTRIBUTES)
