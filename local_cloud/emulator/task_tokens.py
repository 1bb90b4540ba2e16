"""Tokens of tasks that wait for a callback. A token names its state machine: the right to answer is one on it."""

import base64
import binascii
import uuid


def new_token(machine_arn: str) -> str:
    """A new token for a task of a state machine."""
    return base64.urlsafe_b64encode(f"{machine_arn} {uuid.uuid4()}".encode()).decode()


def machine_of(token: str) -> str:
    """The ARN of the state machine that a token belongs to. It is empty if the token is not one of `new_token`."""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode().partition(" ")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
