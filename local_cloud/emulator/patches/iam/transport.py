"""Loopback stands for an encrypted connection.

Gap: the emulator answers on HTTP and so evaluates `aws:SecureTransport` as false, which the policies of queues, buckets
and topics deny. With this patch, the key is true.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
"""

from ministack import app

from local_cloud.emulator.patching import Patch, Replacement, Target

_pin_request_origin = app.pin_request_origin


def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
    _pin_request_origin(source_ip, True)


PATCH = Patch(
    name="IAM transport",
    gap="every request is refused by policies that demand TLS",
    targets=(
        Replacement(app, "pin_request_origin", "de819c1bd9ac2be4b8dd3c7a66d2c3c6", pin_request_origin),
        Target(app, "app", "ab1297bd6cd59811b347cef576050a6d"),
    ),
)
