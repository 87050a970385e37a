"""Every exported metric once, and the closed sets of words that labels may carry.

Conventions are Prometheus': base units, `_total` on counters and nowhere else, timestamps instead of ages, ratios
between 0 and 1. No label is called `type`, `owner`, `service` or `env`: scrape configurations own those words.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

VIEW_VALUES = ("holdout", "traffic", "total", "trend")
"""Label `view`: which pair is compared."""
VERDICTS = ("none", "data", "model", "both", "pipeline", "explainer", "unknown")
"""Label `verdict`."""
LEVEL_NAMES = ("none", "warning", "severe")
"""Name of level 0, 1, 2; label `level` of a threshold carries the last two."""
CADENCES = ("minutely", "hourly", "daily", "weekly")
"""Label `cadence`: the nearest word for a monitor's longest gap between two slots."""
TIERS = ("critical", "standard", "experimental")
"""Label `tier`."""
STAGES = ("sample", "load", "explain", "test", "store")
"""Label `stage`: the parts of one check, in order."""
SIDES = ("reference", "current")
"""Label `side`: reference model on the holdout, current model on recent traffic."""
FAILURE_REASONS = (
    "config",
    "sampling",
    "model_load",
    "data",
    "reference_missing",
    "explainer",
    "timeout",
    "storage",
    "interrupted",
    "internal",
)
"""Label `reason` of a check that could not run: the errors' own words, and `interrupted` for a slot lost twice."""
UNKNOWN_REASONS = ("empty_window", "thin_sample", "not_judged")
"""Why a check that ran could not judge. Such a check is counted by its verdict, not as a failure."""
SKIP_REASONS = ("misfire", "overlap", "catch_up", "maintenance")
"""Label `reason` of a slot that was not run: too late, still busy with the slot before, older than the limit on
slots made up for, inside a declared maintenance."""
SCORE_TESTS = (
    "psi_max",
    "ks_max",
    "stability_max",
    "change_max",
    "wasserstein_max",
    "jensen_shannon_max",
    "kl_max",
    "ndcg",
    "cosine",
    "top_k_overlap",
    "importance_change",
)
"""Label `test` of model-level series: `<test>_max` is the largest over features, or over those that can alarm where the
test can; the rest are model numbers."""

SLOS = ("coverage", "latency", "errors", "freshness", "checks", "drift", "privacy", "explanations")
"""Label `slo`; the last is the composite of the others but privacy."""
UNEXPLAINED_REASONS = ("timeout", "error", "missing", "disabled", "sampling", "other")
"""Label `reason` of a prediction without explanation; `missing` when nobody said why, `other` for unknown words."""
LEFT_OUT = "sampling"
"""The one of them for predictions that were not to be explained: no objective counts these."""
ERROR_REASONS = ("timeout", "memory", "input", "model", "explainer", "malformed", "other")
"""Label `reason` of a failed explanation; `malformed`: one that is no explanation (not finite, not additive, empty)."""
EXPLANATION_SOURCES = ("cache", "live_treeshap", "live_approximate", "fallback", "other")
"""Label `source`: where an explanation came from."""
QUARANTINE_REASONS = ("not_json", "not_an_object", "missing_field", "wrong_type", "bad_time", "too_long", "torn")
"""Label `reason` of a line of the explanation log that could not be used; `torn`: its end never came."""
QUARANTINE_MEANINGS = {
    "not_json": "no JSON",
    "not_an_object": "no JSON object",
    "missing_field": "without id or time",
    "wrong_type": "with an id, a time or attributions of another kind",
    "bad_time": "with a time that is unreadable, without a zone, before 1970 or too far ahead of the clock",
    "too_long": "too long",
    "torn": "whose end never came",
}
"""What each of QUARANTINE_REASONS means: lines that are ..."""
PRIVACY_KINDS = ("email", "phone", "card", "iban", "national_id", "ip_address", "redacted_field")
"""Label `kind` of personal data found in an explanation; `redacted_field`: a redacted column was logged in clear."""
COMPUTE_KINDS = ("online", "recompute")
"""Label `kind`: explaining in the serving system, explaining again in a check."""
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds in seconds of the latency histogram; +Inf follows."""
SMOOTHED_TESTS = ("psi_max", "stability_max")
"""Scores that are smoothed over checks, for trends."""


ANNOTATIONS, REPORTS = "grafana:annotations", "report:weekly"
"""Channels of the outbox that are not webhooks; names of `channels` cannot hold a colon."""


class Metric(NamedTuple):
    """How one metric is exported; unpacks as (kind, help, labels)."""

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...]


_M = ("monitor", "model")

METRICS: dict[str, Metric] = {
    # identity
    "xdrift_build_info": Metric("gauge", "Always 1; which build runs.", ("version", "revision", "python")),
    "xdrift_monitor_info": Metric(
        "gauge",
        "Always 1; one row per monitor with what it is.",
        (*_M, "model_version", "model_owner", "tier", "cadence"),
    ),
    "xdrift_model_deployed_timestamp_seconds": Metric(
        "gauge",
        "When the model version in force was first seen in force, again after a rollback.",
        (*_M, "model_version"),
    ),
    "xdrift_monitor_created_timestamp_seconds": Metric(
        "gauge", "When the monitor was registered; freshness counts from here before the first success.", _M
    ),
    "xdrift_reference_info": Metric(
        "gauge",
        "Always 1; the reference in force and what explained it.",
        (*_M, "reference", "explainer", "explainer_version"),
    ),
    "xdrift_reference_created_timestamp_seconds": Metric("gauge", "When the reference in force was made.", _M),
    # scheduler and daemon
    "xdrift_scheduler_heartbeat_timestamp_seconds": Metric(
        "gauge", "Last beat of a job that goes through the scheduler itself.", ()
    ),
    "xdrift_check_queue_length": Metric("gauge", "Monitors with a slot that is due and not yet under way.", ()),
    "xdrift_check_queue_wait_seconds": Metric("histogram", "From the planned time of a slot to its start.", ()),
    "xdrift_checks_in_progress": Metric("gauge", "Checks running now in this daemon.", ()),
    "xdrift_collector_up": Metric("gauge", "1 when the store answered the latest read, else 0.", ()),
    "xdrift_collector_duration_seconds": Metric("gauge", "How long the latest read of the store took.", ()),
    # checks
    "xdrift_checks_total": Metric("counter", "Finished checks, whatever came out.", _M),
    "xdrift_check_failures_total": Metric("counter", "Checks that could not run, by reason.", (*_M, "reason")),
    "xdrift_checks_skipped_total": Metric("counter", "Slots that were not run, by reason.", (*_M, "reason")),
    "xdrift_check_consecutive_failures": Metric("gauge", "Failed checks in a row, up to the latest slot.", _M),
    "xdrift_check_last_run_timestamp_seconds": Metric("gauge", "When the latest slot's check finished.", _M),
    "xdrift_check_last_success_timestamp_seconds": Metric(
        "gauge", "When the check of the latest slot that succeeded finished.", _M
    ),
    "xdrift_check_next_run_timestamp_seconds": Metric("gauge", "When the next slot is planned.", _M),
    "xdrift_check_interval_seconds": Metric("gauge", "Longest gap between two planned slots.", _M),
    "xdrift_check_interval_since_timestamp_seconds": Metric("gauge", "Since when that gap is as it is.", _M),
    "xdrift_check_last_duration_seconds": Metric("gauge", "How long the latest check took.", _M),
    "xdrift_check_duration_seconds": Metric("histogram", "How long the stages of a check take.", ("stage",)),
    "xdrift_check_window_rows": Metric("gauge", "Rows in the window of the latest check, drawn or not.", _M),
    "xdrift_check_newest_row_timestamp_seconds": Metric(
        "gauge", "Time of the newest prediction in the window of the latest check that saw any.", _M
    ),
    "xdrift_check_sample_rows": Metric("gauge", "Rows that the latest check explained and tested.", _M),
    # drift
    "xdrift_verdicts_total": Metric("counter", "Finished checks by verdict.", (*_M, "verdict")),
    "xdrift_verdict": Metric("gauge", "1 for the verdict of the latest check, 0 for the others.", (*_M, "verdict")),
    "xdrift_drift_level": Metric(
        "gauge",
        "0 none, 1 warning, 2 severe; held by a check that could not judge.",
        (*_M, "view"),
    ),
    "xdrift_drift_streak_checks": Metric(
        "gauge",
        "Judged checks in a row at the current level or above it; 0 while the level is none.",
        (*_M, "view"),
    ),
    "xdrift_drift_score": Metric(
        "gauge",
        "Statistic of the whole model; `_max` is the largest over features, or those that can alarm.",
        (*_M, "view", "test"),
    ),
    "xdrift_drift_threshold": Metric(
        "gauge",
        "What the statistic is held against, at these sample sizes.",
        (*_M, "view", "test", "level"),
    ),
    "xdrift_features_monitored": Metric("gauge", "Features that the latest check tested.", _M),
    "xdrift_features_drifted": Metric("gauge", "Features at level warning or severe.", (*_M, "view")),
    "xdrift_feature_drift_score": Metric(
        "gauge", "Statistic of one feature, for the most important features only.", (*_M, "view", "feature", "test")
    ),
    "xdrift_feature_importance_ratio": Metric(
        "gauge", "Share of one feature in all importance, for the most important features.", (*_M, "feature", "side")
    ),
    "xdrift_feature_series_dropped": Metric("gauge", "Features without series because of the limit.", _M),
    "xdrift_segment_drift_level": Metric(
        "gauge",
        "0 none, 1 warning, 2 severe for traffic of one segment; absent while the latest check could not judge it.",
        (*_M, "segment"),
    ),
    "xdrift_segment_series_dropped": Metric("gauge", "Judged segments without series because of the limit.", _M),
    "xdrift_input_drift_score": Metric(
        "gauge", "Largest drift of an input column, traffic against holdout.", (*_M, "test")
    ),
    "xdrift_prediction_drift_score": Metric(
        "gauge", "Drift of the predictions, traffic against holdout.", (*_M, "test")
    ),
    "xdrift_drift_score_smoothed": Metric(
        "gauge", "Exponentially weighted mean of the score over judged checks.", (*_M, "view", "test")
    ),
    "xdrift_segment_drift_streak_checks": Metric(
        "gauge", "Judged checks in a row at the segment's current level; 0 while it is none.", (*_M, "segment")
    ),
    # serving, from the explanation log
    "xdrift_predictions_total": Metric("counter", "Predictions in the explanation log.", _M),
    "xdrift_predictions_explained_total": Metric("counter", "Predictions that were explained.", _M),
    "xdrift_predictions_unexplained_total": Metric(
        "counter", "Predictions without an explanation, by reason.", (*_M, "reason")
    ),
    "xdrift_explanations_total": Metric("counter", "Attempts to explain that ended, well or badly.", _M),
    "xdrift_explanation_errors_total": Metric(
        "counter", "Failed explanations by reason; those of one fingerprint count once a day.", (*_M, "reason")
    ),
    "xdrift_explanation_errors_repeated_total": Metric(
        "counter", "Failed explanations whose fingerprint had been counted within the day.", _M
    ),
    "xdrift_explanations_slow_total": Metric("counter", "Explanations over the monitor's latency threshold.", _M),
    "xdrift_explanation_duration_seconds": Metric("histogram", "Time to explain one prediction.", _M),
    "xdrift_explanation_latency_threshold_seconds": Metric("gauge", "Above this an explanation is slow.", _M),
    "xdrift_explanation_sources_total": Metric("counter", "Explanations by where they came from.", (*_M, "source")),
    "xdrift_explanation_payload_bytes_total": Metric("counter", "Bytes of the log records of explanations.", _M),
    "xdrift_explanations_oversize_total": Metric("counter", "Explanations over the monitor's payload limit.", _M),
    "xdrift_explanations_stale_total": Metric(
        "counter", "Cached explanations of another model version than the one that predicted.", _M
    ),
    "xdrift_explanation_compute_seconds_total": Metric("counter", "Compute spent on explaining.", (*_M, "kind")),
    "xdrift_explanation_cost_dollars_total": Metric("counter", "Compute spent times the configured price.", _M),
    "xdrift_privacy_incidents_total": Metric("counter", "Explanations that held personal data.", (*_M, "kind")),
    "xdrift_telemetry_records_total": Metric("counter", "Records read from the explanation log and counted.", _M),
    "xdrift_telemetry_duplicates_total": Metric("counter", "Records that had been counted before.", _M),
    "xdrift_telemetry_late_total": Metric("counter", "Records that came later than the monitor expects.", _M),
    "xdrift_telemetry_quarantined_total": Metric(
        "counter", "Lines of the explanation log that could not be used, by reason.", (*_M, "reason")
    ),
    "xdrift_telemetry_watermark_timestamp_seconds": Metric("gauge", "Time of the newest record counted.", _M),
    "xdrift_telemetry_last_success_timestamp_seconds": Metric(
        "gauge", "When the explanation log was last read to its end.", _M
    ),
    "xdrift_telemetry_consecutive_failures": Metric("gauge", "Reads of the explanation log in a row that failed.", _M),
    # offline against runtime
    "xdrift_offline_runtime_rows": Metric("gauge", "Rows whose logged attributions were recomputed.", _M),
    "xdrift_offline_runtime_beyond_ratio": Metric("gauge", "Share of these rows beyond the tolerance.", _M),
    "xdrift_offline_runtime_gap_ratio": Metric(
        "gauge", "Largest mean gap of a feature, as a share of all importance.", _M
    ),
    # objectives
    "xdrift_slo_objective_ratio": Metric("gauge", "Objective.", (*_M, "slo")),
    "xdrift_slo_period_seconds": Metric("gauge", "Period that the objective holds for.", (*_M, "slo")),
    "xdrift_slo_error_budget_remaining_ratio": Metric(
        "gauge", "Share of the period's error budget that is left; below 0 it is overspent.", (*_M, "slo")
    ),
    "xdrift_monitor_maintenance": Metric("gauge", "1 while a declared maintenance is open.", _M),
    "xdrift_monitor_maintenance_end_timestamp_seconds": Metric("gauge", "When the open maintenance ends.", _M),
    # messages
    "xdrift_notifications_total": Metric("counter", "Messages that were delivered: level changes and annotations.", _M),
    "xdrift_notification_failures_total": Metric("counter", "Messages that were given up.", _M),
    "xdrift_notifications_waiting": Metric("gauge", "Messages that wait to be delivered.", _M),
    # weekly reports
    "xdrift_report_last_success_timestamp_seconds": Metric("gauge", "When a weekly report was last written.", ()),
    "xdrift_report_deliveries_waiting": Metric(
        "gauge", "Weekly reports, and mails and messages about them, that wait to be made or delivered.", ()
    ),
    "xdrift_report_deliveries_given_up": Metric(
        "gauge", "Those that were given up and are still on record, which they are as long as checks.", ()
    ),
    # trust in the alarms themselves
    "xdrift_canary_comparisons_total": Metric(
        "counter", "Random halves of the holdout compared with each other: nothing can have drifted there.", _M
    ),
    "xdrift_canary_alarms_total": Metric(
        "counter",
        "Those that came out at this level or higher; over comparisons, the false-alarm rate.",
        (*_M, "level"),
    ),
    # the explainer itself
    "xdrift_explainer_selfcheck_ok": Metric(
        "gauge", "1 when the latest explanations added up and the explainer was unchanged, else 0.", _M
    ),
    "xdrift_explainer_additivity_error_ratio": Metric(
        "gauge", "Largest gap between base value plus attributions and the model's output, relative.", _M
    ),
}

COUNTERS: dict[str, tuple[str, tuple[str, ...]] | None] = {
    "xdrift_checks_total": None,
    "xdrift_check_failures_total": ("reason", FAILURE_REASONS),
    "xdrift_checks_skipped_total": ("reason", SKIP_REASONS),
    "xdrift_verdicts_total": ("verdict", VERDICTS),
    "xdrift_canary_comparisons_total": None,
    "xdrift_canary_alarms_total": ("level", LEVEL_NAMES[1:]),
    "xdrift_predictions_total": None,
    "xdrift_predictions_explained_total": None,
    "xdrift_predictions_unexplained_total": ("reason", UNEXPLAINED_REASONS),
    "xdrift_explanations_total": None,
    "xdrift_explanation_errors_total": ("reason", ERROR_REASONS),
    "xdrift_explanation_errors_repeated_total": None,
    "xdrift_explanations_slow_total": None,
    "xdrift_explanation_sources_total": ("source", EXPLANATION_SOURCES),
    "xdrift_explanation_payload_bytes_total": None,
    "xdrift_explanations_oversize_total": None,
    "xdrift_explanations_stale_total": None,
    "xdrift_explanation_compute_seconds_total": ("kind", COMPUTE_KINDS),
    "xdrift_explanation_cost_dollars_total": None,
    "xdrift_privacy_incidents_total": ("kind", PRIVACY_KINDS),
    "xdrift_telemetry_records_total": None,
    "xdrift_telemetry_duplicates_total": None,
    "xdrift_telemetry_late_total": None,
    "xdrift_telemetry_quarantined_total": ("reason", QUARANTINE_REASONS),
    "xdrift_notifications_total": None,
    "xdrift_notification_failures_total": None,
}
"""Durable totals, kept as rows of the store: the label beside monitor and model, with its values, all at 0 from the
start. None: no further label."""

TELEMETRY_COUNTERS = tuple(
    name for name in COUNTERS if name.startswith(("xdrift_predictions_", "xdrift_explanation", "xdrift_telemetry_"))
)
"""Totals of the explanation log: exported only for monitors that have one, since a 0 would read as no traffic."""
HISTOGRAM_PARTS = ("bucket", "sum")
"""A durable histogram is kept as totals named `<metric>_bucket` with label `le`, and `<metric>_sum`."""
