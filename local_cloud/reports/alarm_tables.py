"""Tables of alarms."""

from collections.abc import Iterable

from rich.table import Table

from local_cloud.alarms import Alarm, read_alarms
from local_cloud.launcher.cloud import LocalCloud

ALARM = "ALARM"


def list_alarms(cloud: LocalCloud) -> Table:
    """All alarms, those in ALARM first."""
    alarms = sorted(read_alarms(cloud), key=lambda each: (each.state != ALARM, each.name))
    return _table("Alarms", alarms)


def list_ringing(cloud: LocalCloud) -> Table:
    """The alarms in ALARM."""
    return _table("Alarms in ALARM", (each for each in read_alarms(cloud) if each.state == ALARM))


def _table(title: str, alarms: Iterable[Alarm]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("alarm", "state", "since", "means", "reason"):
        table.add_column(column, overflow="fold")
    for each in alarms:
        table.add_row(each.name, each.state, f"{each.since.astimezone():%H:%M:%S}", each.means, each.reason)
    return table
