"""SQL of the views on what serving systems logged, and on what happened to monitors."""

from __future__ import annotations

from monitor.names import LATENCY_BUCKETS

_DAY = "d.day, d.monitor, m.model, m.tier, d.model_version"
_DAYS = "FROM telemetry_days d JOIN monitors m ON m.name = d.monitor"
_BOUNDS = ", ".join(f"({number}, {bound!r}::float8)" for number, bound in enumerate(LATENCY_BUCKETS, start=1))

COVERAGE_DAILY = f"""
SELECT {_DAY}, d.predictions, d.explained, d.explanations, d.errors, d.slow, d.adverse,
       (m.slo -> 'objectives' ->> 'coverage')::float8 AS objective
{_DAYS}
"""
"""`objective` is the monitor's for coverage, now in force."""

COST_DAILY = f"""
SELECT {_DAY}, d.cost AS cost_dollars, d.compute_seconds, d.explained, d.explanations, d.payload_bytes {_DAYS}
"""

SOURCES_DAILY = f"""
SELECT {_DAY}, s.key AS source, s.value::bigint AS n {_DAYS}
CROSS JOIN LATERAL jsonb_each_text(d.sources) s(key, value)
"""

LATENCY_DAILY = f"""
SELECT {_DAY}, l.bucket_no::int AS bucket_no, b.upper_bound_seconds, l.n::bigint AS n {_DAYS}
CROSS JOIN LATERAL jsonb_array_elements_text(d.latency) WITH ORDINALITY l(n, bucket_no)
LEFT JOIN (VALUES {_BOUNDS}) b(number, upper_bound_seconds) ON b.number = l.bucket_no
"""
"""Explanations per bucket of latency, not cumulated; the last one has no upper bound."""

UNEXPLAINED = """
SELECT u.day, u.monitor, m.model, m.tier, u.model_version, u.reason,
       coalesce((SELECT string_agg(g.key || '=' || coalesce(g.value, ''), ', ' ORDER BY g.key)
                 FROM jsonb_each_text(u.groups) g), '') AS grouped, u.n, u.first_seen, u.last_seen
FROM unexplained u JOIN monitors m ON m.name = u.monitor
"""

EXPLANATION_ERRORS = """
SELECT e.day, e.monitor, m.model, m.tier, e.model_version, e.reason, e.error, e.fingerprint, e.n, e.first_seen,
       e.last_seen
FROM explanation_errors e JOIN monitors m ON m.name = e.monitor
"""

PRIVACY_INCIDENTS = """
SELECT p.day, p.monitor, m.model, m.tier, p.kind, p.field, p.n, p.first_seen, p.last_seen
FROM privacy_incidents p JOIN monitors m ON m.name = p.monitor
"""
"""Which kind of personal data in which field, never the value."""

VIEWS = {
    "grafana_coverage_daily": COVERAGE_DAILY,
    "grafana_cost_daily": COST_DAILY,
    "grafana_sources_daily": SOURCES_DAILY,
    "grafana_latency_daily": LATENCY_DAILY,
    "grafana_unexplained": UNEXPLAINED,
    "grafana_explanation_errors": EXPLANATION_ERRORS,
    "grafana_privacy_incidents": PRIVACY_INCIDENTS,
}
