"""Images of one job that look nearly the same are named."""

from craftspark.jobs.resemblance import CHANNELS, LAYOUT_SIDE, describe_warnings, find_near_identical

WHITE = (255, 255, 255)


def a_layout(at: tuple[int, int], size: int = 4, colour: tuple[int, int, int] = (200, 40, 40)) -> bytes:
    """An object on white, `size` areas wide, with its corner at a place."""
    left, top = at
    inside = {(x, y) for x in range(left, left + size) for y in range(top, top + size)}
    return bytes(
        value
        for y in range(LAYOUT_SIDE)
        for x in range(LAYOUT_SIDE)
        for value in (colour if (x, y) in inside else WHITE)
    )


def test_an_image_like_an_earlier_one_is_found_with_the_first_such_image() -> None:
    apple, shade, pear = (
        a_layout((2, 2)),
        a_layout((2, 2), colour=(196, 44, 38)),
        a_layout((2, 2), colour=(90, 160, 40)),
    )

    assert len(apple) == CHANNELS * LAYOUT_SIDE**2
    assert find_near_identical({0: apple, 1: pear, 2: shade, 5: apple}) == {2: 0, 5: 0}


def test_objects_of_another_place_or_size_differ() -> None:
    assert find_near_identical({0: a_layout((2, 2)), 1: a_layout((3, 2)), 2: a_layout((2, 2), size=3)}) == {}


def test_a_small_object_on_a_large_ground_counts_as_much_as_a_large_one() -> None:
    """These differ in 2 of 64 areas, by less than a tenth of the range on average."""
    assert find_near_identical({0: a_layout((2, 2), size=1), 1: a_layout((5, 5), size=1)}) == {}


def test_pictures_of_one_colour_are_compared() -> None:
    plain = bytes(WHITE) * LAYOUT_SIDE**2

    assert find_near_identical({0: plain, 1: plain, 2: bytes(len(plain))}) == {1: 0}


def test_the_warning_names_the_image_as_its_file_does_and_what_helps() -> None:
    alike = describe_warnings(None, 1, {"prompt": "a"})
    both = describe_warnings("it may not show a cat", 0, {"prompt": "a", "strength": 0.3})

    assert alike == {
        "warning": "it looks nearly like number 2 of this job: use other words or another style for images that differ "
        "more",
        "near_identical_to": 1,
    }
    assert both["warning"].startswith("it may not show a cat; it looks nearly like number 1 of this job: use a higher")
    assert describe_warnings("it may not show a cat", None, {})["warning"] == "it may not show a cat"
