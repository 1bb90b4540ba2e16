"""Tables, buckets and logs: what is kept, for how long, and who can reach it."""

import re

from craftspark.aws.items import OUTLINE_ATTRIBUTES
from craftspark.jobs.backlog import WORK_ATTRIBUTES
from tests.stacks.synthesis import Synthesis


def test_prod_keeps_its_data_and_dev_does_not(dev: Synthesis, prod: Synthesis) -> None:
    """Except for open connections and the files of Studio, which a deployment writes."""
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::Cognito::UserPool")
    for kind in kinds:
        kept = {
            name: each for name, each in prod.of_type(kind).items() if not name.startswith(("Live/", "Api/SiteStudio"))
        }
        assert {each["DeletionPolicy"] for each in kept.values()} == {"Retain"}
        assert {each["DeletionPolicy"] for each in dev.of_type(kind).values()} == {"Delete"}
    protected = [each["DeletionProtectionEnabled"] for each in prod.properties("AWS::DynamoDB::Table")]
    assert protected.count(False) == 1  # open connections, which are lost in any case


def test_tables_recover_to_any_second_and_expire_items(synthesis: Synthesis) -> None:
    tables = synthesis.properties("AWS::DynamoDB::Table")

    assert len(tables) == 8
    for table in tables:
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_jobs_are_found_by_maker_and_by_deadline(dev: Synthesis) -> None:
    (jobs,) = [
        each["Properties"] for name, each in dev.of_type("AWS::DynamoDB::Table").items() if name.startswith("Data/Jobs")
    ]
    indexes = {
        index["IndexName"]: ([key["AttributeName"] for key in index["KeySchema"]], index["Projection"])
        for index in jobs["GlobalSecondaryIndexes"]
    }

    assert [key["AttributeName"] for key in jobs["KeySchema"]] == ["job_id", "item"]
    assert indexes == {
        "by_maker": (["maker", "created"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(OUTLINE_ATTRIBUTES)}),
        "unfinished": (["unfinished", "deadline"], {"ProjectionType": "KEYS_ONLY"}),
        "backlog": (
            ["backlog", "job_id"],
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(WORK_ATTRIBUTES)},
        ),
    }


def test_buckets_are_private_encrypted_and_tls_only(synthesis: Synthesis) -> None:
    buckets = synthesis.of_type("AWS::S3::Bucket")
    policies = synthesis.properties("AWS::S3::BucketPolicy")

    assert len(buckets) == len(policies) == 6
    for bucket in buckets.values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["Properties"]["BucketEncryption"]
        assert any(
            "AbortIncompleteMultipartUpload" in rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        )
    for policy in policies:
        denied = [each["Condition"] for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied


def test_uploads_expire_and_any_page_may_post_a_signed_form(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, days in ((dev, 7), (prod, 30)):
        [uploads] = [
            bucket["Properties"] for name, bucket in synthesis.of_type("AWS::S3::Bucket").items() if "Uploads" in name
        ]
        rules = {rule["Id"]: rule for rule in uploads["LifecycleConfiguration"]["Rules"]}
        assert (rules["unchecked"]["Prefix"], rules["unchecked"]["ExpirationInDays"]) == ("incoming/", 1)
        assert (rules["expiry"]["Prefix"], rules["expiry"]["ExpirationInDays"]) == ("pictures/", days)
        [cors] = uploads["CorsConfiguration"]["CorsRules"]
        assert cors["AllowedOrigins"] == ["*"]
        assert cors["AllowedMethods"] == ["POST"]


def test_any_page_reads_images_by_signed_links_and_those_of_the_stage_s_origins_the_gallery(
    dev: Synthesis, prod: Synthesis
) -> None:
    for synthesis, origins in ((dev, ["http://localhost:5173"]), (prod, None)):
        cors = {
            name: bucket["Properties"]["CorsConfiguration"]["CorsRules"]
            for name, bucket in synthesis.of_type("AWS::S3::Bucket").items()
            if "CorsConfiguration" in bucket["Properties"] and "Uploads" not in name
        }
        assert len(cors) == (2 if origins else 1)
        for name, [rule] in cors.items():
            assert rule["AllowedOrigins"] == (["*"] if "Images" in name else origins)
            assert rule["AllowedMethods"] == ["GET", "HEAD"]
            assert {"ETag", "Content-Disposition"} <= set(rule["ExposedHeaders"])


def test_models_and_training_pictures_can_be_had_back_for_a_while(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, days in ((dev, 7), (prod, 90)):
        versioned = {
            name: bucket["Properties"]
            for name, bucket in synthesis.of_type("AWS::S3::Bucket").items()
            if bucket["Properties"].get("VersioningConfiguration") == {"Status": "Enabled"}
        }
        assert sorted(re.sub(r"[0-9A-F]{8}$", "", name) for name in versioned) == ["Data/Models", "Data/Training"]
        for bucket in versioned.values():
            [rule] = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if rule["Id"] == "old-versions"]
            assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
            assert rule["ExpiredObjectDeleteMarker"] is True


def test_logs_do_not_stay_for_ever(synthesis: Synthesis) -> None:
    groups = synthesis.properties("AWS::Logs::LogGroup")

    assert len(groups) >= 12
    assert all(group["RetentionInDays"] <= 365 for group in groups)
