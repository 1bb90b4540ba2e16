"""Each function of the API has the permissions that its routes need, and writes nothing else."""

import json

import pytest

from craftspark.routes import ADMIN, ROUTES
from tests.stacks.synthesis import (
    TABLE_WRITES,
    TRACING,
    Synthesis,
    actions,
    allowed_actions,
    on,
    services,
)


def test_submitting_enters_jobs_and_reservations_and_sends(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("submit_job")

    assert on(statements, "JobsTable") == {"dynamodb:Query", "dynamodb:PutItem"}
    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", *TABLE_WRITES}
    assert on(statements, "UploadRecords") == {"dynamodb:GetItem"}
    assert "sqs:SendMessage" in on(statements, "IntakeQueue")
    assert on(statements, "StylesTable") == {"dynamodb:GetItem"}
    assert services(statements) == {"dynamodb", "sqs", "xray"}


def test_uploads_are_put_made_clean_listed_and_deleted_by_functions_that_may_do_nothing_else(dev: Synthesis) -> None:
    names = ("create_upload", "check_upload", "list_uploads", "delete_upload")
    create, check, lists, delete = (dev.allowed_to_function(name) for name in names)
    puts = {
        "s3:PutObject",
        "s3:PutObjectLegalHold",
        "s3:PutObjectRetention",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
        "s3:Abort*",
    }
    reads = {"s3:GetObject*", "s3:GetBucket*", "s3:List*"}

    assert [on(each, "Uploads") for each in (create, check, lists, delete)] == [
        puts,
        {*puts, *reads, "s3:DeleteObject*"},
        reads,
        {"s3:DeleteObject*"},
    ]
    assert [on(each, "UploadRecords") for each in (create, check, lists, delete)] == [
        {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        {"dynamodb:Query"},
        {"dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
    ]
    assert on(check, "AccountsTable") == {"dynamodb:GetItem"}  # plan, and whether the maker is suspended
    assert on(create, "AccountsTable") == {"dynamodb:GetItem", "dynamodb:PutItem"}  # and bindings of keys
    assert services(create) == services(check) == services(lists) == services(delete) == {"dynamodb", "s3", "xray"}
    for statements, prefix in ((create, "incoming/*"), (check, "pictures/*")):
        [writing] = [each for each in statements if "s3:PutObject" in actions(each)]
        assert prefix in json.dumps(writing["Resource"])
    for statements, action in ((check, "s3:DeleteObject*"), (lists, "s3:GetObject*")):
        [permission] = [each for each in statements if action in actions(each)]
        assert "pictures/*" in json.dumps(permission["Resource"])


@pytest.mark.parametrize("reader", ["read_job", "list_jobs"])
def test_readers_of_jobs_write_nothing(dev: Synthesis, reader: str) -> None:
    statements = dev.allowed_to_function(reader)

    assert on(statements, "JobsTable") == {"dynamodb:Query"}
    assert on(statements, "AccountsTable") == set()
    assert on(statements, "Images") == {"s3:GetObject*", "s3:GetBucket*", "s3:List*"}
    assert services(statements) == {"dynamodb", "s3", "xray"}


def test_reading_an_account_touches_no_job(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("read_account")

    assert on(statements, "JobsTable") == set()
    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", "dynamodb:Query", *TABLE_WRITES}


CURATION = {"list_reports", "take_down_picture", "restore_picture", "dismiss_reports"}


ADMINISTRATION = {route.function for route in ROUTES if route.scope == ADMIN} - {
    "find_makers",
    "list_audit",
    "remove_name",
    *CURATION,
}


@pytest.mark.parametrize("name", sorted(CURATION))
def test_administration_of_pictures_changes_no_account_but_its_audit(dev: Synthesis, name: str) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "AccountsTable") == (set() if name == "list_reports" else {"dynamodb:PutItem"})
    assert on(statements, "JobsTable") == set()
    assert services(statements) == {"dynamodb", "s3", "xray"}


def test_the_audit_is_read_by_who_can_change_nothing(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("list_audit")

    assert allowed_actions(statements) == {"dynamodb:Query", *TRACING}
    assert on(statements, "AccountsTable") == {"dynamodb:Query"}


@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("change_profile", {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}),
        ("remove_name", {"dynamodb:UpdateItem", "dynamodb:DeleteItem"}),
    ],
)
def test_who_changes_a_name_changes_nothing_else_in_the_gallery(dev: Synthesis, name: str, writes: set[str]) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "GalleryRecords") == {"dynamodb:GetItem", *writes}
    for statement in statements:
        if "GalleryRecords" in json.dumps(statement["Resource"]):
            keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            assert keys == ["author#*", "name#*"]


@pytest.mark.parametrize("name", sorted(ADMINISTRATION))
def test_administration_is_about_accounts_and_reads_jobs_at_most(dev: Synthesis, name: str) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", "dynamodb:Query", *TABLE_WRITES}
    assert on(statements, "JobsTable") == (
        {"dynamodb:Query"} if name in ("inspect_job", "list_account_jobs") else set()
    )
    assert services(statements) == {"dynamodb", "xray"}


def test_finding_makers_lists_users_of_the_stage_s_pool_and_writes_the_audit(synthesis: Synthesis) -> None:
    statements = synthesis.allowed_to_function("find_makers")

    assert allowed_actions(statements) == {"cognito-idp:ListUsers", "dynamodb:PutItem", *TRACING}
    assert on(statements, "SignInMakers") == {"cognito-idp:ListUsers"}
    assert on(statements, "AccountsTable") == {"dynamodb:PutItem"}
    names = {route.function for route in ROUTES} - {"find_makers"}
    assert not any("cognito-idp" in services(synthesis.allowed_to_function(name)) for name in names)


def test_a_quote_reserves_and_sends_nothing(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("quote_job")

    assert on(statements, "JobsTable") == {"dynamodb:Query"}
    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", *TABLE_WRITES}  # suspensions, refusals
    assert "sqs:SendMessage" not in allowed_actions(statements)


@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("list_webhooks", set()),
        ("list_deliveries", set()),
        ("delete_webhook", {"dynamodb:DeleteItem", "dynamodb:UpdateItem"}),
        ("create_webhook", {"dynamodb:PutItem", "dynamodb:UpdateItem"}),
        ("rotate_webhook_secret", {"dynamodb:PutItem"}),
    ],
)
def test_each_route_of_webhooks_changes_what_it_must_alone(dev: Synthesis, name: str, writes: set[str]) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "Webhooks") == {"dynamodb:GetItem", "dynamodb:Query", *writes}


def test_deleting_images_puts_nothing(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("delete_images")

    assert on(statements, "JobsTable") == {"dynamodb:Query", "dynamodb:UpdateItem"}
    assert on(statements, "Images") == {"s3:DeleteObject*", "s3:ListBucket"}


def test_zips_are_written_beside_the_images(dev: Synthesis) -> None:
    """Also deletes them, but no image."""
    statements = dev.allowed_to_function("zip_files")

    changing = [each for each in statements if {"s3:PutObject", "s3:DeleteObject*"} & set(actions(each))]
    assert len(changing) == 2
    assert all("/zips/*" in json.dumps(each["Resource"]) for each in changing)


@pytest.mark.parametrize("name", ["list_own_pictures", "appeal_takedown"])
def test_links_for_makers_lead_to_hidden_files_and_change_none(dev: Synthesis, name: str) -> None:
    [reading] = [each for each in dev.allowed_to_function(name) if "s3" in services([each])]

    assert set(actions(reading)) == {"s3:GetObject*", "s3:GetBucket*", "s3:List*"}
    assert "/hidden/*" in json.dumps(reading["Resource"])
    assert "/pictures/*" not in json.dumps(reading["Resource"])


def test_visitors_of_the_gallery_change_nothing(dev: Synthesis) -> None:
    for name in ("list_pictures", "read_picture", "read_like"):
        assert not on(dev.allowed_to_function(name), "Gallery") & {*TABLE_WRITES, "dynamodb:DeleteItem", "s3:PutObject"}


@pytest.mark.parametrize("function", ["list_tools", "list_plans"])
def test_what_the_code_says_needs_no_permission(dev: Synthesis, function: str) -> None:
    assert allowed_actions(dev.allowed_to_function(function)) == TRACING


def test_deleting_a_job_finds_its_files_and_reads_none(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("delete_job")

    assert on(statements, "JobsTable") == {"dynamodb:UpdateItem"}
    assert on(statements, "Images") == {"s3:ListBucket", "s3:DeleteObject*"}
    listings = [each["Condition"] for each in statements if "s3:ListBucket" in actions(each)]
    assert {listed["StringLike"]["s3:prefix"] for listed in listings} == {"images/*", "zips/*"}
    assert services(statements) == {"dynamodb", "s3", "xray"}
