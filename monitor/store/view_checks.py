"""SQL of the views on checks and their parts. Values of inputs are in none of them, and no text of an error."""

from __future__ import annotations

FAILED = "'The check could not be done: ' || replace(coalesce(c.reason, 'internal'), '_', ' ') || '.'"


def finite(expression: str) -> str:
    """Grafana reads rows as JSON, which knows no infinity."""
    return f"CASE WHEN abs({expression}) < 'Infinity'::float8 THEN {expression} END"


_CHECK = "c.id AS check_id, c.monitor, c.model, m.tier, c.planned_at, c.model_version"
"""What every row about a check says of it."""
_FROM = "FROM checks c JOIN monitors m ON m.name = c.monitor"
_PARTS = "JOIN checks c ON c.id = p.check_id JOIN monitors m ON m.name = c.monitor"

MONITORS = """
SELECT m.name AS monitor, m.model, m.owner, m.tier, m.cadence, m.interval_seconds, m.created_at, m.retired,
       s.model_version, s.deployed_at, s.last_check_id AS check_id, s.last_run_at, s.last_success_at,
       s.consecutive_failures, a.reference_id
FROM monitors m
LEFT JOIN monitor_state s ON s.monitor = m.name
LEFT JOIN LATERAL (SELECT r.reference_id FROM reference_activations r WHERE r.monitor = m.name
                   ORDER BY r.position DESC LIMIT 1) a ON true
"""

CHECK_RUNS = f"""
SELECT {_CHECK}, c.window_start, c.window_end, c.started_at, c.finished_at,
       extract(epoch FROM c.finished_at - c.started_at)::float8 AS duration_seconds,
       c.outcome, c.verdict, CASE WHEN c.outcome = 'succeeded' THEN c.level END AS level,
       CASE c.outcome WHEN 'succeeded' THEN (ARRAY['none', 'warning', 'severe'])[c.level + 1]
                      ELSE c.outcome END AS state,
       c.level_holdout, c.level_traffic, c.level_total, c.level_trend, c.reason,
       CASE WHEN c.outcome = 'failed' THEN {FAILED} ELSE c.sentence END AS sentence,
       CASE WHEN c.outcome <> 'failed' THEN (SELECT string_agg(e.line, E'\\n' ORDER BY e.n)
            FROM jsonb_array_elements_text(c.evidence) WITH ORDINALITY e(line, n)) END AS evidence,
       c.n_seen, c.n_drawn, c.n_explained, c.n_holdout, c.reference_id, c.explainer ->> 'engine' AS engine,
       {finite("c.additivity_gap")} AS additivity_gap, c.confirms
{_FROM}
UNION ALL
SELECT NULL, s.monitor, m.model, m.tier, s.planned_at, NULL, NULL, NULL, NULL, s.finished_at, NULL, 'skipped', NULL,
       NULL, 'skipped', NULL, NULL, NULL, NULL, s.reason, 'The slot was skipped: ' || replace(s.reason, '_', ' ')
       || '.', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM slots s JOIN monitors m ON m.name = s.monitor WHERE s.state = 'skipped'
"""
"""One row per finished check, and one per slot that was skipped. `level` only where it was judged; `state`: none,
warning, severe, unknown, failed, skipped."""

DRIFT_DAILY = """
SELECT date_trunc('day', c.planned_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS day, c.monitor, m.model, m.tier,
       count(*) AS checks, count(*) FILTER (WHERE c.outcome = 'succeeded') AS judged,
       count(*) FILTER (WHERE c.outcome = 'failed') AS failed,
       max(c.level) FILTER (WHERE c.outcome = 'succeeded') AS max_level,
       (array_agg(c.verdict ORDER BY (c.outcome = 'succeeded') DESC, c.level DESC, c.planned_at DESC))[1] AS verdict
FROM checks c JOIN monitors m ON m.name = c.monitor GROUP BY 1, 2, 3, 4
"""
"""One row per UTC day and monitor; `max_level` is NULL where nothing was judged, `verdict` is the highest level's."""

FEATURE_DRIFT = f"""
SELECT {_CHECK}, p.view, p.feature, p.segment, p.test, {finite("p.statistic")} AS statistic,
       {finite("p.threshold")} AS threshold, {finite("p.threshold_severe")} AS threshold_severe,
       p.p_adjusted, CASE WHEN p.threshold IS NOT NULL THEN p.level END AS level, p.n_reference, p.n_current
FROM findings p {_PARTS} WHERE p.feature IS NOT NULL AND p.feature NOT LIKE 'group %'
"""
"""`level` is NULL for statistics that are reported and not judged."""

CONTRIBUTIONS = f"""
SELECT {_CHECK}, p.feature, {finite("p.importance_reference")} AS importance_reference,
       {finite("p.importance_holdout")} AS importance_holdout, {finite("p.importance_current")} AS importance_current,
       {finite("p.share_reference")} AS share_reference, {finite("p.share_current")} AS share_current,
       {finite("p.model_part")} AS model_part, {finite("p.data_part")} AS data_part,
       {finite("p.importance_current / nullif(p.importance_reference, 0)")} AS times, p.level
FROM contributions p {_PARTS}
"""
"""`times`: current importance over that of the reference."""

SEGMENTS = f"""
SELECT DISTINCT ON (c.monitor, c.planned_at, p.segment)
       {_CHECK}, p.segment, CASE WHEN p.reason IS NULL THEN p.level END AS level, p.feature,
       CASE WHEN p.reason IS NULL THEN p.test END AS test, p.reason,
       {finite("p.statistic")} AS statistic, {finite("p.threshold")} AS threshold, p.n_reference, p.n_current
FROM findings p {_PARTS} WHERE p.segment IS NOT NULL
ORDER BY c.monitor, c.planned_at, p.segment, p.level DESC, p.statistic / nullif(p.threshold, 0) DESC NULLS LAST
"""
"""One row per check and segment: what moved most there. `level` is NULL where it could not be judged."""

INPUT_DRIFT = f"""
SELECT {_CHECK}, nullif(d.key, '__prediction__') AS feature, {finite("d.value::float8")} AS psi
{_FROM} CROSS JOIN LATERAL jsonb_each_text(c.input_drift) d(key, value)
"""
"""Population stability index of every input column; `feature` is NULL for the predictions."""


def _share(counts: str, place: str) -> str:
    """Share of one bin in all of a histogram."""
    total = f"(SELECT sum(x::float8) FROM jsonb_array_elements_text({counts}) x)"
    return f"({counts} ->> ({place} - 1)::int)::float8 / nullif({total}, 0)"


FEATURE_HIST = f"""
SELECT {_CHECK}, p.kind, nullif(p.feature, '__prediction__') AS feature, b.bin_no::int AS bin_no,
       CASE WHEN jsonb_array_length(p.categories) > 0 THEN p.categories ->> (b.bin_no - 1)::int
            WHEN jsonb_array_length(p.edges) = 0 THEN 'all'
            WHEN b.bin_no = 1 THEN '< ' || round((p.edges ->> 0)::numeric, 4)::float8::text
            ELSE '>= ' || round((p.edges ->> (b.bin_no - 2)::int)::numeric, 4)::float8::text END AS bin,
       {_share("coalesce(o.counts, r.counts)", "b.bin_no")} AS reference_share,
       CASE WHEN p.kind = 'attribution' THEN {_share("coalesce(h.counts, o.counts)", "b.bin_no")} END AS holdout_share,
       {_share("p.counts", "b.bin_no")} AS current_share
FROM profiles p {_PARTS}
CROSS JOIN LATERAL generate_series(1, jsonb_array_length(p.counts)) b(bin_no)
LEFT JOIN profiles o ON o.check_id = p.check_id AND o.kind = p.kind AND o.feature = p.feature
      AND o.side = 'reference' AND o.edges = p.edges
LEFT JOIN profiles h ON h.check_id = p.check_id AND h.kind = p.kind AND h.feature = p.feature
      AND h.side = 'holdout' AND h.edges = p.edges
LEFT JOIN reference_profiles r ON r.monitor = c.monitor AND r.reference_id = c.reference_id
      AND r.kind = p.kind AND r.feature = p.feature AND r.edges = p.edges AND r.categories = p.categories
WHERE p.side = 'traffic'
"""
"""Shares of bins: in the reference, on the holdout as the model of the check explains it (attributions only), in
recent traffic."""

ATTRIBUTIONS = f"""
SELECT {_CHECK}, p.row_id, p.kind, p.time, {finite("p.prediction")} AS prediction,
       {finite("p.logged_prediction")} AS logged_prediction, {finite("p.base_value")} AS base_value,
       coalesce((SELECT string_agg(s.key || '=' || s.value, ', ' ORDER BY s.key)
                 FROM jsonb_each_text(p.segments) s), '') AS segments,
       p.logged_vector IS NOT NULL AS logged, p.nearest_other ->> 'row_id' AS nearest_other
FROM attributions p {_PARTS}
"""

ATTRIBUTION_VALUES = f"""
SELECT {_CHECK}, p.row_id, v.key AS feature, {finite("v.value::float8")} AS value,
       {finite("(p.logged_vector ->> v.key)::float8")} AS logged
FROM attributions p {_PARTS} CROSS JOIN LATERAL jsonb_each_text(p.vector) v(key, value)
"""

OFFLINE_RUNTIME = f"""
SELECT {_CHECK}, p.row_id, v.key AS feature, {finite("v.value::float8")} AS offline,
       {finite("(p.logged_vector ->> v.key)::float8")} AS runtime,
       {finite("abs(v.value::float8 - (p.logged_vector ->> v.key)::float8)")} AS gap
FROM attributions p {_PARTS} CROSS JOIN LATERAL jsonb_each_text(p.vector) v(key, value)
WHERE p.logged_vector ? v.key
"""

COUNTERFACTUALS = f"""
SELECT {_CHECK}, p.row_id, {finite("p.prediction")} AS prediction, p.nearest_other ->> 'row_id' AS nearest_row_id,
       {finite("(p.nearest_other ->> 'prediction')::float8")} AS nearest_prediction,
       {finite("(p.nearest_other ->> 'distance')::float8")} AS distance,
       (SELECT string_agg(d.name, ', ' ORDER BY d.n)
        FROM jsonb_array_elements_text(p.nearest_other -> 'differs') WITH ORDINALITY d(name, n)) AS differs,
       coalesce((p.nearest_other ->> 'holdout')::boolean, false) AS nearest_is_holdout
FROM attributions p {_PARTS} WHERE p.nearest_other IS NOT NULL
"""
"""The nearest real row with the other decision, and the names of what differs, farthest first. A row of the holdout
is no prediction: it is kept by no check and has no page."""

VIEWS = {
    "grafana_monitors": MONITORS,
    "grafana_check_runs": CHECK_RUNS,
    "grafana_drift_daily": DRIFT_DAILY,
    "grafana_feature_drift": FEATURE_DRIFT,
    "grafana_contributions": CONTRIBUTIONS,
    "grafana_segments": SEGMENTS,
    "grafana_input_drift": INPUT_DRIFT,
    "grafana_feature_hist": FEATURE_HIST,
    "grafana_attributions": ATTRIBUTIONS,
    "grafana_attribution_values": ATTRIBUTION_VALUES,
    "grafana_offline_runtime": OFFLINE_RUNTIME,
    "grafana_counterfactuals": COUNTERFACTUALS,
}
