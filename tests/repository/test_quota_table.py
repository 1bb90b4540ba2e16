"""The table of quotas in docs/operations.md agrees with the data, and the data with the values of the stages."""

from dataclasses import replace

import pytest

from cdk_app.stages.values import DEV, PROD
from cdk_app.stages.workflows import TRANSITIONS_PER_JOB
from local_cloud.quotas import QUOTAS, Quota
from scripts.quota_table import PAGE, insert_table

BY_NAME = {quota.name: quota for quota in QUOTAS}


def test_the_table_is_up_to_date() -> None:
    page = PAGE.read_text()

    assert insert_table(page) == page, "run `make fix`"


def test_a_changed_quota_changes_the_table() -> None:
    page = PAGE.read_text()
    first, *others = QUOTAS

    assert insert_table(page, [replace(first, limit=first.limit + 1), *others]) != page
    assert insert_table(page, [replace(first, per_job=first.per_job + 1), *others]) != page


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda quota: quota.name)
def test_a_quota_has_a_document_of_aws_and_the_lowest_limit_of_other_regions(quota: Quota) -> None:
    assert quota.source.startswith("https://docs.aws.amazon.com/")
    assert 0 < quota.elsewhere <= quota.limit
    assert (quota.burst_elsewhere or 0) <= (quota.burst or 0)


def test_no_call_counts_against_two_quotas() -> None:
    calls = [call for quota in QUOTAS for call in quota.calls]

    assert len(calls) == len(set(calls))


def test_the_stages_start_jobs_at_rates_that_the_quotas_allow() -> None:
    starts, transitions = BY_NAME["Step Functions: StartExecution"], BY_NAME["Step Functions: state transitions"]

    assert transitions.per_job == TRANSITIONS_PER_JOB
    assert (DEV.rendering.start_quota_per_s, DEV.rendering.transition_quota_per_s) == (
        starts.elsewhere,
        transitions.elsewhere,
    )
    assert (PROD.rendering.start_quota_per_s, PROD.rendering.transition_quota_per_s) == (
        starts.limit,
        transitions.limit,
    )
    assert PROD.api.account_per_s <= BY_NAME["API Gateway: requests"].limit


def test_prod_s_warm_tables_take_the_writes_of_the_jobs_that_it_starts() -> None:
    writes = BY_NAME["DynamoDB: write units of a new table"]

    assert PROD.data.warm is not None
    assert PROD.rendering.starts_per_s * writes.per_job <= PROD.data.warm.writes_per_s
