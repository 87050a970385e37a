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
    "wasserstein_max",
    "jensen_shannon_max",
    "kl_max",
    "ndcg",
    "cosine",
    "top_k_overlap",
    "importance_change",
)
"""Label `test` of model-level series: `<test>_max` is the largest over features, the rest are model numbers."""


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
    "xdrift_check_last_duration_seconds": Metric("gauge", "How long the latest check took.", _M),
    "xdrift_check_duration_seconds": Metric("histogram", "How long the stages of a check take.", ("stage",)),
    "xdrift_check_window_rows": Metric("gauge", "Rows in the window of the latest check, drawn or not.", _M),
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
        "gauge", "Judged checks in a row at the current level; 0 while the level is none.", (*_M, "view")
    ),
    "xdrift_drift_score": Metric(
        "gauge", "Statistic of the whole model; `_max` is the largest over features.", (*_M, "view", "test")
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
}
"""Durable totals, kept as rows of the store: the label beside monitor and model, with its values, all at 0 from the
start. None: no further label."""
