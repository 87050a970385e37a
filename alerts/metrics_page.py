"""docs/metrics.md from the catalogue of metrics."""

from __future__ import annotations

from monitor import names

PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Identity",
        ("xdrift_build_", "xdrift_monitor_info", "xdrift_monitor_created", "xdrift_model_", "xdrift_reference_"),
    ),
    ("Daemon", ("xdrift_scheduler_", "xdrift_check_queue_", "xdrift_checks_in_progress", "xdrift_collector_")),
    ("Checks", ("xdrift_check_", "xdrift_checks_")),
    (
        "Explanation log",
        ("xdrift_predictions_", "xdrift_explanation_", "xdrift_explanations_", "xdrift_privacy_", "xdrift_telemetry_"),
    ),
    ("Offline against runtime", ("xdrift_offline_",)),
    ("Objectives and maintenance", ("xdrift_slo_", "xdrift_monitor_maintenance")),
    ("Messages", ("xdrift_notification", "xdrift_report_")),
    ("Explainer and trust in alarms", ("xdrift_explainer_", "xdrift_canary_")),
    ("Drift", ("xdrift_",)),
)  # fmt: skip
"""Heading and the beginnings of names that stand under it; the first that fits."""
LABELS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("view", names.VIEW_VALUES, "which pair is compared"),
    ("verdict", names.VERDICTS, "what a check concluded"),
    ("level", names.LEVEL_NAMES, "of a threshold or an alarm"),
    ("test", names.SCORE_TESTS, "`<test>_max` is the largest over features, or those that can alarm"),
    ("slo", names.SLOS, "objective"),
    ("cadence", names.CADENCES, "word for the longest gap between two slots"),
    ("tier", names.TIERS, "from the configuration"),
    ("stage", names.STAGES, "part of a check"),
    ("side", names.SIDES, "whose importance"),
    ("source", names.EXPLANATION_SOURCES, "where an explanation came from"),
    ("reason", names.FAILURE_REASONS, "of a check that failed"),
    ("reason", names.SKIP_REASONS, "of a slot that was not run"),
    ("reason", names.UNEXPLAINED_REASONS, "of a prediction without explanation"),
    ("reason", names.ERROR_REASONS, "of a failed explanation"),
    ("reason", names.QUARANTINE_REASONS, "of a line that could not be used"),
    ("kind", names.PRIVACY_KINDS, "of personal data"),
    ("kind", names.COMPUTE_KINDS, "of compute"),
)
_INTRODUCTION = """# Metrics

Generated from `monitor/names.py` by `python -m alerts`. Every series at `/metrics` is one of these, beside those of the
Python process. What comes from the store reads the same on every replica: aggregate with `max without (instance, pod)`.
Totals survive restarts and start at 0 for every value of a closed label.
"""


def part_of(name: str) -> str:
    """Heading under which a metric stands."""
    return next(heading for heading, starts in PARTS if name.startswith(starts))


def page() -> str:
    """The page: metrics by part, then the closed sets of label values."""
    lines = [_INTRODUCTION]
    for heading, _ in PARTS:
        lines += [f"## {heading}\n", "| metric | kind | labels | meaning |", "| --- | --- | --- | --- |"]
        for name, metric in names.METRICS.items():
            if part_of(name) == heading:
                labels = ", ".join(metric.labels) or "none"
                lines.append(f"| `{name}` | {metric.kind} | {labels} | {metric.help.replace('|', '/')} |")
        lines.append("")
    lines += ["## Values of labels\n", "| label | values | meaning |", "| --- | --- | --- |"]
    lines += [f"| {label} | {', '.join(values)} | {meaning} |" for label, values, meaning in LABELS]
    buckets = ", ".join(f"{bound:g}" for bound in names.LATENCY_BUCKETS)
    lines += ["", f"Upper bounds of `xdrift_explanation_duration_seconds`, in seconds: {buckets}, +Inf."]
    return "\n".join(lines) + "\n"
