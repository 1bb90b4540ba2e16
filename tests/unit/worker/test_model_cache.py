import pytest

from gpu_tasks.renderers.model_cache import MemoryExceeded, ModelCache

SIZES = {"a": 4.0, "b": 5.0, "c": 6.0, "large": 20.0, "broken": 1.0}


class Shop:
    """Opens models, and records what it opens and closes."""

    def __init__(self, budget_gib: float = 10.0) -> None:
        self.log: list[str] = []
        self.full: set[str] = set()
        self.cache = ModelCache[str](
            open_model=self.open_model,
            close_model=lambda model: self.log.append(f"-{model}"),
            needs_gib=lambda names: sum(SIZES[name] for name in names),
            budget_gib=budget_gib,
        )

    def open_model(self, name: str) -> str:
        if name in self.full and self.cache.loaded:
            raise MemoryExceeded(name)
        if name == "broken":
            raise ValueError(name)
        self.log.append(f"+{name}")
        return name


def test_models_that_fit_the_budget_stay_loaded() -> None:
    shop = Shop()

    for name in "abab":
        shop.cache.use(name)

    assert shop.log == ["+a", "+b"]


def test_the_least_recently_used_model_is_unloaded_before_another_is_loaded() -> None:
    shop = Shop()

    for name in "abac":
        shop.cache.use(name)

    assert shop.log == ["+a", "+b", "-b", "+c"]
    assert list(shop.cache.loaded) == ["a", "c"]


def test_a_model_larger_than_the_budget_is_loaded_alone() -> None:
    shop = Shop()

    for name in ("a", "b", "large"):
        shop.cache.use(name)

    assert shop.log == ["+a", "+b", "-a", "-b", "+large"]


def test_a_model_that_does_not_fit_after_all_is_loaded_without_the_others() -> None:
    shop = Shop()
    shop.full = {"b"}

    for name in "ab":
        shop.cache.use(name)

    assert shop.log == ["+a", "-a", "+b"]


def test_a_model_that_does_not_fit_even_alone_is_an_error_and_not_loaded() -> None:
    def open_model(name: str) -> str:
        raise MemoryExceeded(name)

    cache = ModelCache[str](open_model=open_model, close_model=print, needs_gib=len, budget_gib=1.0)

    with pytest.raises(MemoryExceeded):
        cache.use("a")
    assert not cache.loaded


def test_a_model_that_cannot_be_opened_is_not_loaded() -> None:
    shop = Shop()
    shop.cache.use("a")

    with pytest.raises(ValueError, match="broken"):
        shop.cache.use("broken")
    assert list(shop.cache.loaded) == ["a"]
