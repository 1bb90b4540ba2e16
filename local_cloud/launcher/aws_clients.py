"""boto3 clients that ignore the user's AWS configuration and call only the local cloud."""

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from local_cloud.launcher.environment import ACCESS_KEY, REGION, SECRET_KEY


class Clients:
    """Clients of one local cloud, created on first use and cached. Existing clients are safe to share among threads."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        no_files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
        core = botocore.session.Session(session_vars=no_files | {"profile": (None, None, None, None)})
        self._session = boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            botocore_session=core,
        )
        self._clients: dict[str, Any] = {}

    def __getitem__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                config=Config(
                    proxies={},
                    # Who looks often for a change is throttled, as on AWS, and waits.
                    retries={"mode": "standard", "total_max_attempts": 8},
                    connect_timeout=5,
                    read_timeout=60,
                    max_pool_connections=50,
                    use_dualstack_endpoint=False,
                    use_fips_endpoint=False,
                    s3={"addressing_style": "path"},
                    # boto3 would sign links of S3 in the version that new buckets refuse.
                    signature_version="s3v4" if service == "s3" else None,
                ),
            )
        return self._clients[service]
