"""SQL of the view on what happened to monitors: the same as monitor/store/events.py says in Python."""

from __future__ import annotations

_LEVELS = "(ARRAY['none', 'warning', 'severe'])"


def _stamp(moment: str) -> str:
    return f"""to_char({moment} AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISSUS"Z"')"""


EVENTS = f"""
SELECT 'deployment-' || d.monitor || '-' || {_stamp("d.activated_at")} AS id, d.monitor, 'deployment'::text AS kind,
       d.activated_at AS at, NULL::timestamptz AS until,
       'Model version ' || coalesce(nullif(d.version, ''), left(d.digest, 12)) || ' in force' AS text,
       c.id AS check_id
FROM model_deployments d LEFT JOIN checks c ON c.monitor = d.monitor AND c.planned_at = d.activated_at
UNION ALL
SELECT 'reference-' || a.monitor || '-' || a.position, a.monitor, 'reference', a.activated_at, NULL,
       'Reference ' || a.reference_id || ' in force, ' || a.author || ': ' || a.reason, NULL
FROM reference_activations a
UNION ALL
SELECT 'level-' || j.id, j.monitor, 'level', j.planned_at, NULL,
       CASE WHEN j.confirms IS NULL THEN 'Level ' ELSE 'Looked at again: level ' END
       || {_LEVELS}[j.before + 1] || ' to ' || {_LEVELS}[j.level + 1] || '. ' || j.sentence, j.id
FROM (SELECT c.id, c.monitor, c.planned_at, c.confirms, c.level, c.sentence,
             lag(c.level, 1, 0::bigint) OVER (PARTITION BY c.monitor ORDER BY c.planned_at) AS before
      FROM checks c WHERE c.outcome = 'succeeded') j WHERE j.before <> j.level
UNION ALL
SELECT 'maintenance-' || m.monitor || '-' || {_stamp("m.start")}, m.monitor, 'maintenance', m.start,
       least(m.until, coalesce(m.ended_at, m.until)), 'Maintenance, ' || m.author || ': ' || m.reason, NULL
FROM maintenances m
"""

VIEWS = {"grafana_events": EVENTS}
