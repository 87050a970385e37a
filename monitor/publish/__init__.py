"""What goes out: metrics, the JSON API and the pages. Everything is read through a `Reader`; nothing is written."""

from monitor.publish.app import create_app
from monitor.publish.collector import SnapshotCollector
from monitor.publish.health import Health
from monitor.publish.metrics import Metrics
from monitor.publish.reader import Reader
from monitor.publish.snapshot import SnapshotHolder

__all__ = ["Health", "Metrics", "Reader", "SnapshotCollector", "SnapshotHolder", "create_app"]
