"""The metrics of the HTTP API, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The metrics of one application, in their own registry."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.ready = Gauge("craftspark_ready", "Whether the model is loaded and warm.", registry=registry)
        self.waiting = Gauge("craftspark_requests_waiting", "Requests that wait or are rendered.", registry=registry)
        self.images = Counter(
            "craftspark_images", "Images by tool and outcome.", ("tool", "outcome"), registry=registry
        )
        self.refused = Counter("craftspark_requests_refused", "Requests refused.", ("reason",), registry=registry)
        self.seconds = Histogram(
            "craftspark_request_seconds",
            "From the request to its answer.",
            ("tool",),
            buckets=SECONDS,
            registry=registry,
        )

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
