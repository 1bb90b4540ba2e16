"""Who calls: the administrator's key, and sessions of the roles of GPU tasks.

The emulator gives each Lambda process a session of its function's role. As on AWS, a request's signature names the key,
and the key the identity whose policies decide.
"""

import secrets
import uuid
from collections.abc import Mapping

from ministack.core.responses import get_account_id, now_iso
from ministack.services import iam, sts

from local_cloud.launcher.environment import ACCESS_KEY, ADMINISTRATOR, SECRET_KEY

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


def create_administrator() -> None:
    """Create the user who deploys and operates, with the key of the launcher."""
    iam._create_user({"UserName": ADMINISTRATOR})
    iam._attach_user_policy({"UserName": ADMINISTRATOR, "PolicyArn": ADMINISTRATOR_ACCESS})
    iam._access_keys[ACCESS_KEY] = {
        "UserName": ADMINISTRATOR,
        "AccessKeyId": ACCESS_KEY,
        "SecretAccessKey": SECRET_KEY,
        "Status": "Active",
        "CreateDate": now_iso(),
    }


def assume_role(role_arn: str, session_name: str) -> Mapping[str, str]:
    """The credentials of a new session of a role, as environment variables of an AWS SDK."""
    role = role_arn.rpartition("/")[2]
    key, secret, token = f"ASIA{uuid.uuid4().hex[:16].upper()}", secrets.token_hex(20), secrets.token_hex(32)
    session = {
        "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{role}/{session_name}",
        "UserId": f"{role}:{session_name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(key, session)
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
