"""Settings of the functions for live updates and webhooks."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ConnectionSettings(Settings):
    """What `connect_live` and `disconnect_live` need."""

    connections_table: str


@dataclass(frozen=True, kw_only=True)
class LiveSettings(ConnectionSettings):
    """What `open_live` needs. `live_url` is the WebSocket API's address."""

    live_url: str


@dataclass(frozen=True, kw_only=True)
class PushSettings(ConnectionSettings):
    """What `push_updates` needs."""

    images_bucket: str
    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class WebhookSettings(Settings):
    """Settings of the functions that read and change webhooks. `create_webhook` also has AccountSettings."""

    webhooks_table: str


@dataclass(frozen=True, kw_only=True)
class FanOutSettings(WebhookSettings):
    """What `fan_out_webhooks` needs."""

    delivery_queue_url: str


@dataclass(frozen=True, kw_only=True)
class DeliverySettings(FanOutSettings):
    """What `deliver_webhook` needs. `dead_letters_url` is the dead-letter queue."""

    dead_letters_url: str
