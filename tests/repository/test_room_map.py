"""The map of the rooms in docs/design.md agrees with the packages and their imports."""

from scripts.room_map import PAGE, Room, find_rooms, insert_map


def test_the_map_is_up_to_date() -> None:
    page = PAGE.read_text()

    assert insert_map(page, find_rooms()) == page, "run `make fix`"


def test_a_new_room_or_import_changes_the_map() -> None:
    page, found = PAGE.read_text(), find_rooms()
    first, *others = found

    assert insert_map(page, [*found, Room("craftspark.parties", "Parties.", ())]) != page
    assert insert_map(page, [Room(first.name, first.purpose, (*first.imports, "craftspark.pictures")), *others]) != page


def test_each_room_says_what_it_holds() -> None:
    assert [room.name for room in find_rooms() if not room.purpose.endswith((".", ":"))] == []
