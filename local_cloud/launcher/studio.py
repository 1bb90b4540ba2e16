"""Where Studio is in a cloud, and who can sign in to it."""

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.makers import PASSWORD


def describe_studio(cloud: LocalCloud) -> str:
    """The lines that a person needs to open Studio. Creates who can sign in."""
    return (
        f"Studio   {cloud.api_url}/\nSign in  {', '.join(cloud.create_people())}\n         with the password {PASSWORD}"
    )
