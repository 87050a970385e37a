"""Error budgets of a whole period: pure arithmetic over what the store holds, without a clock of its own.

Prometheus answers for windows of hours; a period of 28 or 30 days is beyond what it keeps, and adding up ratios of
short windows weighs a quiet night like a busy noon.
"""

from monitor.slo.budgets import budgets
from monitor.slo.facts import BUCKET_SECONDS, COUNTED, Buckets, CheckFact, Facts
from monitor.slo.incidents import INCIDENT_EVENTS, INCIDENT_SECONDS, INCIDENT_SHARE, incident_spans
from monitor.slo.minutes import SEVERE_STREAK, VERDICT_VIEWS, Limit, drift_spans, freshness_limits, stale_spans
from monitor.slo.spans import Span, length, minus, union, within

__all__ = [
    "BUCKET_SECONDS",
    "COUNTED",
    "INCIDENT_EVENTS",
    "INCIDENT_SECONDS",
    "INCIDENT_SHARE",
    "SEVERE_STREAK",
    "VERDICT_VIEWS",
    "Buckets",
    "CheckFact",
    "Facts",
    "Limit",
    "Span",
    "budgets",
    "drift_spans",
    "freshness_limits",
    "incident_spans",
    "length",
    "minus",
    "stale_spans",
    "union",
    "within",
]
