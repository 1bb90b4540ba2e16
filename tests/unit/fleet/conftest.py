"""The controller that these tests share."""

import pytest

from tests.unit.fleet.stage import Stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)
