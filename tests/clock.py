"""A clock for code that measures or waits."""


class Clock:
    """Seconds that pass only when a test moves `now` or the code waits."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
