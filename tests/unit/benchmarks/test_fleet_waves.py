"""What the waves of workers say about the death of one of them."""

import json
from pathlib import Path

import pytest

from benchmarks.fleet.waves import (
    Death,
    RenderedWave,
    lost_waves,
    next_start_s,
    read_waves,
    rendered_again,
    storing_times,
    wasted_seconds,
    wasted_waves,
)

DEATH = Death("SIGKILL", "draw", pid=1, at=10.0)
STORED = RenderedWave(1, 4.0, frozenset({("a", 0), ("a", 1)}), ended=6.0)
IN_DELIVERY = RenderedWave(1, 7.0, frozenset({("b", 0), ("b", 1)}), ended=9.0)
IN_PROGRESS = RenderedWave(1, 9.0, frozenset({("c", 0)}))
OF_ANOTHER = RenderedWave(2, 12.5, frozenset({("b", 1), ("c", 0)}), ended=14.0)
WAVES = [STORED, IN_DELIVERY, IN_PROGRESS, OF_ANOTHER]
# The first image of the wave in delivery was stored before the death, all others after it.
TIMES = {("a", 0): 6.1, ("a", 1): 6.2, ("b", 0): 9.5, ("b", 1): 14.1, ("c", 0): 14.2}


def test_waves_are_read_from_the_lines_of_all_workers(tmp_path: Path) -> None:
    record = tmp_path / "waves.jsonl"
    lines = [
        {"event": "start", "at": 2.0, "pid": 2, "wave": 0, "images": [["b", 1]]},
        {"event": "start", "at": 1.0, "pid": 1, "wave": 0, "images": [["a", 0]]},
        {"event": "end", "at": 3.0, "pid": 2, "wave": 0, "images": [["b", 1]]},
    ]
    record.write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    waves = read_waves(record)

    assert waves == [
        RenderedWave(1, 1.0, frozenset({("a", 0)})),
        RenderedWave(2, 2.0, frozenset({("b", 1)}), ended=3.0),
    ]
    assert read_waves(tmp_path / "missing") == []


def test_a_death_loses_the_waves_with_an_image_that_was_not_stored() -> None:
    assert lost_waves(DEATH, WAVES, TIMES) == [IN_DELIVERY, IN_PROGRESS]


def test_a_death_wastes_the_part_of_its_last_wave_and_the_images_in_delivery() -> None:
    # Half of the usual two seconds of the last wave, and one of two images.
    assert wasted_waves(DEATH, WAVES, TIMES) == pytest.approx(0.5 + 0.5)
    assert wasted_waves(DEATH, [STORED], TIMES) == 0


def test_waves_of_a_later_process_with_the_same_id_are_not_wasted() -> None:
    later = RenderedWave(1, 30.0, frozenset({("e", 0)}), ended=31.0)

    assert lost_waves(DEATH, [*WAVES, later], TIMES) == [IN_DELIVERY, IN_PROGRESS]
    assert wasted_waves(DEATH, [*WAVES, later], TIMES) == pytest.approx(0.5 + 0.5)
    assert wasted_seconds(DEATH, [*WAVES, later], TIMES) == pytest.approx(1.0 + 1.0)


def test_a_death_wastes_the_seconds_of_its_last_wave_and_of_the_images_in_delivery() -> None:
    # One second of the last wave, and half of two seconds.
    assert wasted_seconds(DEATH, WAVES, TIMES) == pytest.approx(1.0 + 1.0)
    assert wasted_seconds(DEATH, [STORED], TIMES) == 0


def test_storing_takes_from_the_end_of_the_last_wave_of_an_image_to_its_entry() -> None:
    assert sorted(storing_times(WAVES, TIMES)) == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.5])


def test_the_next_start_is_that_of_another_worker_on_the_same_job() -> None:
    assert next_start_s(DEATH, [IN_PROGRESS], WAVES) == [2.5]
    assert next_start_s(DEATH, [IN_PROGRESS], WAVES[:3]) == []


def test_an_image_is_rendered_again_if_a_wave_starts_after_it_was_stored() -> None:
    late = RenderedWave(3, 20.0, frozenset({("a", 0), ("d", 0)}))

    assert rendered_again(WAVES, TIMES) == []
    assert rendered_again([*WAVES, late], TIMES) == [("a", 0)]
