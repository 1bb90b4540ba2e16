"""What `local_cloud permissions --record` keeps of the calls of several runs."""

from pathlib import Path

from local_cloud.reports.permissions import Call, Grant, merge, read_calls

ROLE, TABLE = "${Api.ListReportsRole}", "arn:aws:dynamodb:us-east-1:000000000000:table/pictures"
GRANT = Grant(ROLE, "dynamodb:Query", (TABLE, f"{TABLE}/index/*"))


def a_query(resource: str = TABLE, key: str = "picture#1") -> Call:
    return Call(ROLE, "dynamodb:Query", resource, f'{{"dynamodb:LeadingKeys": ["{key}"]}}')


def test_calls_of_a_table_and_of_its_indexes_are_kept(tmp_path: Path) -> None:
    calls = {a_query(), a_query(f"{TABLE}/index/open"), a_query(f"{TABLE}/index/author")}

    merge(tmp_path / "calls.jsonl", calls, [GRANT])

    assert set(read_calls(tmp_path / "calls.jsonl")) == calls


def test_of_keys_of_one_kind_the_first_that_was_recorded_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    merge(file, [a_query(key="picture#2"), a_query(key="own#1")], [GRANT])
    merge(file, [a_query(key="picture#1")], [GRANT])

    assert set(read_calls(file)) == {a_query(key="picture#2"), a_query(key="own#1")}


def test_calls_that_no_role_may_make_any_more_are_dropped(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    merge(file, [a_query()], [GRANT])

    assert merge(file, [], []) == []
    assert read_calls(file) == []
