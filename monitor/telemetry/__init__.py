"""What the explanation log says: understanding one record, adding up many. Reading and storing is done elsewhere.

understanding = Understanding(monitor)
found = understanding.line(raw, now=now)          # Logged, or the word why it is quarantined
batch = count(records, settings=monitor.telemetry, watermark=..., seen=..., known=...)
"""

from __future__ import annotations

from monitor.telemetry.counting import Seen, count, digests_of, failed_requests
from monitor.telemetry.records import Batch, Bucket, Day, Known, Logged, Quarantined, Span
from monitor.telemetry.understanding import LINE_LIMIT, Understanding

__all__ = [
    "LINE_LIMIT",
    "Batch",
    "Bucket",
    "Day",
    "Known",
    "Logged",
    "Quarantined",
    "Seen",
    "Span",
    "Understanding",
    "count",
    "digests_of",
    "failed_requests",
]
