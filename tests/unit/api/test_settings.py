import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, TypeVar

import pytest

from craftspark import settings
from craftspark.errors import SettingMissing
from craftspark.settings import Settings
from craftspark.settings.rendering import StartSettings
from craftspark.settings.tasks import BatchLaunch, WorkerSettings

T = TypeVar("T")


def below(kind: type[T]) -> Iterator[type[T]]:
    """All classes that derive from the class, at any depth."""
    for derived in kind.__subclasses__():
        yield derived
        yield from below(derived)


def some_settings(kind: type[Settings]) -> Settings:
    """Settings in which every field has a different value."""
    values: dict[str, Any] = {
        field.name: number if field.type is int else f"x{number}" for number, field in enumerate(fields(kind))
    }
    return kind(**values)


MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.iter_modules(settings.__path__, prefix=f"{settings.__name__}.")
]


def all_settings() -> list[type[Settings]]:
    return list(dict.fromkeys(below(Settings)))


def test_all_settings_are_found() -> None:
    written = [each for module in MODULES for each in vars(module).values() if isinstance(each, type)]

    assert {*all_settings()} == {each for each in written if issubclass(each, Settings)} - {Settings}


@pytest.mark.parametrize("kind", all_settings(), ids=lambda kind: kind.__name__)
def test_the_runtime_reads_what_a_construct_writes(kind: type[Settings]) -> None:
    written = some_settings(kind)

    assert kind.from_environment(written.to_environment()) == written


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingMissing, match="CRAFTSPARK_JOBS_TABLE"):
        StartSettings.from_environment({})


def test_a_setting_that_is_not_a_number_is_named() -> None:
    good = some_settings(WorkerSettings).to_environment()

    with pytest.raises(SettingMissing, match="CRAFTSPARK_STALL_S"):
        WorkerSettings.from_environment({**good, "CRAFTSPARK_STALL_S": "soon"})


def test_settings_have_one_prefix() -> None:
    start = StartSettings(jobs_table="t", state_machine_arn="arn", intake_queue_url="q", start_interval_ms=100)

    assert set(start.to_environment()) == {
        settings.PREFIX + name for name in ("JOBS_TABLE", "STATE_MACHINE_ARN", "INTAKE_QUEUE_URL", "START_INTERVAL_MS")
    }


def test_a_task_that_no_state_machine_launched_has_no_launch() -> None:
    launch = BatchLaunch(task_token="t", batch="{}", requested_at="2030-01-01T12:00:00Z")

    assert BatchLaunch.find(launch.to_environment()) == launch
    assert BatchLaunch.find({"CRAFTSPARK_BATCH": "{}"}) is None


def test_a_launched_task_without_its_batch_has_a_named_error() -> None:
    with pytest.raises(SettingMissing, match="CRAFTSPARK_BATCH"):
        BatchLaunch.find({"CRAFTSPARK_TASK_TOKEN": "t"})
