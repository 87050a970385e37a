"""Alerts on what checks conclude. Nothing calls a person on one verdict: a severe level must hold for two checks."""

from __future__ import annotations

from alerts.model import Alert, Group
from alerts.promql import INFO, KEY, block, either, grown, held, lines, named
from alerts.records import age, alarms, comparisons, severe, severe_segments, smoothed

_WHO = "Monitor {{ $labels.monitor }} (model {{ $labels.model }} version {{ $labels.model_version }})"
_WARNING = held('xdrift_drift_threshold{level="warning"}')
_VIEW = f"{KEY}, model, view, test"
PROMISED = (("warning", 0.05), ("severe", 0.01))
"""Level and share of checks without drift that may reach it at most: docs/concepts.md."""
DEVIATIONS = 4
"""Halves of one holdout overlap from check to check, so that alarms come in clusters: more than the usual three."""


def above_promise(level: str, share: float) -> str:
    """More alarms than the promised share, four standard deviations of counting and one on top allow."""
    n = comparisons.name
    return (
        f'{alarms.name}{{level="{level}"}} > on ({KEY}, model) group_left () '
        f"({share} * {n} + {DEVIATIONS} * sqrt({share * (1 - share):.6g} * {n}) + 1)"
    )


drift = (
    Alert(
        name="ExplanationDriftSevere",
        expr=named(f"{severe.name} == 1"),
        severity="critical",
        alert_class="drift",
        summary="Severe explanation drift, confirmed by a second check.",
        description=_WHO + ", view {{ $labels.view }}: severe in two or more checks in a row.",
    ),
    Alert(
        name="ExplanationPipelineBroken",
        expr=named(
            lines(
                held('xdrift_verdict{verdict="pipeline"}') + " == 1",
                f"and on ({KEY})",
                block(either(f'{severe.name}{{view=~"traffic|total"}} == 1', f"{severe_segments.name} == 1")),
            )
        ),
        severity="critical",
        alert_class="drift",
        summary="A feature pipeline is broken, confirmed by a second check.",
        description=_WHO + ": predictions are likely wrong as well, not only their explanations.",
    ),
    Alert(
        name="ExplanationExplainerBroken",
        expr=named(
            lines(
                f"{held('xdrift_explainer_selfcheck_ok')} == 0",
                f"and on ({KEY})",
                block(
                    either(
                        f"{held('xdrift_check_consecutive_failures')} >= 2",
                        held('xdrift_drift_streak_checks{view="holdout"}') + " >= 2",
                    )
                ),
            )
        ),
        severity="critical",
        alert_class="drift",
        summary="The explainer gives other answers for the same model and rows, or they do not add up.",
        description=_WHO + ": results since then say nothing about model or data.",
    ),
    Alert(
        name="ExplanationSegmentDrift",
        expr=named(f"{severe_segments.name} == 1"),
        severity="warning",
        alert_class="drift",
        keep="2h",
        summary="Severe explanation drift in one segment, confirmed by a second check.",
        description=_WHO + ", segment {{ $labels.segment }}: severe in two or more checks in a row.",
    ),
    Alert(
        name="ExplanationDriftGradual",
        expr=named(
            lines(
                held('xdrift_drift_level{view!="trend"}') + " == 1",
                "and",
                f"{held('xdrift_drift_streak_checks')} >= 3",
            )
        ),
        severity="warning",
        alert_class="drift",
        keep="2h",
        summary="Explanation drift over the warning threshold lasts.",
        description=_WHO + ", view {{ $labels.view }}: over the warning threshold in three or more checks in a row.",
    ),
    Alert(
        name="ExplanationDriftTrend",
        expr=named(
            lines(
                f"predict_linear({smoothed.name}[7d], 7 * 86400) > on ({_VIEW}) group_left () {_WARNING}",
                f"and on ({_VIEW})",
                # Noise rises as well now and then: a line must explain three quarters of what the score did.
                f"deriv({smoothed.name}[7d]) * 7 * 86400 > 3 * stddev_over_time({smoothed.name}[7d])",
                f"and on ({_VIEW})",
                f"{smoothed.name} offset 7d",
                f"and on ({_VIEW})",
                f"{smoothed.name} > on ({_VIEW}) group_left () (0.5 * {_WARNING})",
                f"and on ({KEY})",
                # A week holds one step of a weekly monitor: no slope.
                f'{INFO}{{cadence!="weekly"}}',
            )
        ),
        severity="info",
        alert_class="trend",
        wait="6h",
        summary="A smoothed drift score is heading for its threshold.",
        description=_WHO + ", view {{ $labels.view }}, {{ $labels.test }}: over the warning threshold within 7 days "
        "at the present slope.",
    ),
    Alert(
        name="ExplanationMigrationInProgress",
        expr=named(f"{held('xdrift_monitor_maintenance')} == 1"),
        severity="info",
        alert_class="inhibitor",
        summary="A declared maintenance is open for this monitor.",
        description="Drift alerts of {{ $labels.monitor }} are held back while this alert fires.",
    ),
)

checks = (
    Alert(
        name="ExplanationChecksFailing",
        expr=named(
            either(
                f"{held('xdrift_check_consecutive_failures')} >= 2",
                block(f'{held("xdrift_check_consecutive_failures")} == 1\nand on ({KEY})\n{INFO}{{cadence="weekly"}}'),
            )
        ),
        severity="warning",
        alert_class="checks",
        summary="Checks of this monitor fail.",
        description=_WHO + ": {{ $value }} failed in a row.",
    ),
    Alert(
        name="ExplanationCannotJudge",
        expr=named(
            lines(
                age.name,
                f"and on ({KEY})",
                'monitor_slo:xdrift_healthy:bool{slo="freshness"} == 0',
                f"and on ({KEY})",
                held('xdrift_verdict{verdict="unknown"}') + " == 1",
                f"unless on ({KEY})",
                f"{held('xdrift_check_consecutive_failures')} > 0",
            )
        ),
        severity="warning",
        alert_class="checks",
        wait="5m",
        summary="Checks run but cannot judge: too few predictions.",
        description=_WHO + ": the last verdict was reached {{ $value | humanizeDuration }} ago.",
    ),
    Alert(
        name="ExplanationCheckStale",
        expr=named(f'{age.name}\nand on ({KEY})\nmonitor_slo:xdrift_healthy:bool{{slo="freshness"}} == 0'),
        severity="warning",
        alert_class="checks",
        wait="5m",
        summary="No check has reached a verdict for two intervals.",
        description=_WHO + ": the last verdict was reached {{ $value | humanizeDuration }} ago.",
    ),
    Alert(
        name="ExplanationCanaryAboveBudget",
        expr=named(either(*(above_promise(level, share) for level, share in PROMISED))),
        severity="warning",
        alert_class="checks",
        wait="1h",
        summary="False alarms are more frequent than promised.",
        description=_WHO + ": {{ $value }} comparisons of equals came out at level {{ $labels.level }} within 7 days.",
    ),
    Alert(
        name="ExplanationNotificationsFailing",
        expr=named(
            either(
                f"{grown('xdrift_notification_failures_total', '6h')} > 0",
                f"{held('xdrift_notifications_waiting')} > 0",
            )
        ),
        severity="warning",
        alert_class="checks",
        wait="30m",
        summary="Messages about this monitor do not arrive.",
        description=_WHO + ": messages wait for over 30 minutes, or were given up.",
    ),
)

GROUPS = (Group(name="xdrift-alerts-drift", rules=drift), Group(name="xdrift-alerts-checks", rules=checks))
