"""Messages about changed conditions: what they say, and how they are delivered to a webhook."""

from monitor.notify.delivery import backoff, deliver
from monitor.notify.message import Announcer

__all__ = ["Announcer", "backoff", "deliver"]
