"""The portable form of the names that a deployment makes."""

from local_cloud.launcher.resource_names import ResourceNames

ROLE, KEY = "Craftspark-Local-Api-ReadRole-0A1B2C3D", "0A1B2C3D-key-4E5F6A7B"
NAMES = ResourceNames(
    [
        ("Craftspark-Local-Api", "ReadRole", f"arn:aws:iam::000000000000:role/{ROLE}"),
        ("Craftspark-Local-Api", "LongRole", f"{ROLE}{ROLE}"),
        ("Craftspark-Local-Data", "Key", KEY),
        ("Craftspark-Local-Data", "Table", "craftspark-local-jobs"),
    ]
)


def test_names_with_random_characters_are_portable_and_others_stay() -> None:
    assert (
        NAMES.to_portable(f"{ROLE} reads {KEY} and {ROLE}") == "${Api.ReadRole} reads ${Data.Key} and ${Api.ReadRole}"
    )
    assert NAMES.to_portable("craftspark-local-jobs") == "craftspark-local-jobs"


def test_a_name_that_contains_another_is_found_first_and_what_is_replaced_is_not_read_again() -> None:
    assert NAMES.to_portable(f"{ROLE}{ROLE}") == "${Api.LongRole}"
    assert NAMES.to_portable(f"{ROLE}-key-4E5F6A7B") == "${Api.ReadRole}-key-4E5F6A7B"


def test_streams_which_are_named_by_their_time_have_a_label_instead() -> None:
    assert NAMES.to_portable("table/jobs/stream/2026-01-01T00:00:00.000") == "table/jobs/stream/LABEL"
