"""Exec, second: do our models still decide for the same reasons?"""

from __future__ import annotations

from dashboards.kinds import BARS
from dashboards.model import Column, Panel, Prom, Row, Scale, Sql
from dashboards.notes import note
from dashboards.palette import BAD, GOOD, LEVEL, NOT_JUDGED, STATE, WARNING, told_apart
from dashboards.snippets import (
    MONITOR,
    MONITOR_PAGE,
    NOW,
    OF_MONITOR,
    PLACE,
    SOME_DAYS,
    VIEW,
    WHY_MONITOR,
)

_DAYS = f"WHERE {OF_MONITOR} AND {SOME_DAYS}"
_KEY = f"{PLACE}, monitor, view, test"
_SMOOTHED = f"monitor_view_test:xdrift_drift_score_smoothed:max{{{MONITOR},{VIEW}}}"
_WARNING = f'xdrift_drift_threshold{{{MONITOR},{VIEW},level="warning"}}'
_WORST = f"topk(10, max by ({_KEY}) ({_SMOOTHED}) / max by ({_KEY}) ({_WARNING}))"
# A slope that rests on less than a day would be stretched to a week.
_SLOPE = f"604800 * max by ({_KEY}) (deriv({_SMOOTHED}[7d]) and {_SMOOTHED} offset 1d)"


DRIFT = Row(
    title="Do our models still decide for the same reasons?",
    panels=(
        Panel(
            id=9,
            kind="timeseries",
            title="Drift state of the fleet",
            description="Monitors by their highest level over all views but trend, now and over time.",
            answers="high-level drift trends",
            custom={**BARS, "drawStyle": "line", "lineInterpolation": "stepAfter"},
            queries=(
                Prom(
                    expr='count_values("level", max by (cluster, namespace, monitor) '
                    f'(xdrift_drift_level{{{MONITOR},{VIEW},view!="trend"}}))',
                    legend="{{level}}",
                ),
            ),
            columns=tuple(
                Column(name=level, title=title, colour=colour)
                for level, title, colour in (("0", "none", GOOD), ("1", "warning", WARNING), ("2", "severe", BAD))
            ),
        ),
        Panel(
            id=10,
            kind="table",
            title="Drift trend, worst 10",
            description="Smoothed drift score, as a share of its warning threshold, and its change a week.",
            answers="high-level drift trends",
            queries=(
                Prom(expr=_WORST, instant=True, format="table"),
                Prom(expr=f"{_SLOPE} and on ({_KEY}) {_WORST}", instant=True, format="table"),
            ),
            columns=(
                Column(name="monitor", links=(WHY_MONITOR, MONITOR_PAGE)),
                Column(name="view", width=90),
                Column(name="test", width=115),
                Column(
                    name="Value #A",
                    title="of its threshold",
                    width=160,
                    unit="percentunit",
                    scale=Scale(steps=((None, GOOD), (0.8, WARNING), (1, BAD))),
                ),
                Column(name="Value #B", title="change a week", decimals=3, width=140),
            ),
        ),
        Panel(
            id=11,
            kind="status-history",
            title="Highest level by model and day",
            description="Highest level of the day's checks. Grey: nothing could be judged that day.",
            answers="high-level drift trends",
            width=24,
            scale=LEVEL,
            queries=(
                Sql(
                    format="time_series",
                    sql="SELECT day AS time, monitor AS metric, coalesce(max(max_level), "
                    f"{NOT_JUDGED}) AS value FROM grafana_drift_daily {_DAYS} GROUP BY 1, 2 ORDER BY 1",
                ),
            ),
        ),
        Panel(
            id=12,
            kind="timeseries",
            title="What was found, by cause and week",
            description="Checks that raised a level, by the cause their verdict names.",
            answers="in which periods did a model decide for other reasons, and why?",
            custom=BARS,
            columns=told_apart("data", "model", "both", "pipeline", "explainer"),
            queries=(
                Sql(
                    format="time_series",
                    sql="SELECT date_trunc('week', day AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS time, "
                    "verdict AS metric, count(*) AS value FROM grafana_drift_daily "
                    f"{_DAYS} AND max_level > 0 GROUP BY 1, 2 ORDER BY 1",
                ),
            ),
        ),
        Panel(
            id=13,
            kind="timeseries",
            title="Alerts by week",
            description="Alerts that fired within the week before, by severity.",
            answers="how much do alerts ask of people?",
            custom=BARS,
            interval="1d",
            columns=told_apart("critical", "warning", "info"),
            queries=(
                Prom(
                    expr="count by (severity) (count by (alertname, monitor, severity) (count_over_time(ALERTS"
                    '{alertstate="firing",alertname=~"Explanation.*",monitor=~"$monitor|"}[1w])))',
                    legend="{{severity}}",
                    step="1d",
                ),
            ),
            no_value="No alert has fired",
        ),
        Panel(
            id=14,
            kind="table",
            title="Monitors",
            description="Every monitor in service with its model, owner and latest verdict.",
            answers="who owns what, and is it watched?",
            width=24,
            queries=(
                Sql(
                    sql="SELECT m.monitor, m.model, m.owner, m.tier, m.cadence, r.state, r.verdict, "
                    "m.last_success_at, m.check_id FROM grafana_monitors m "
                    "LEFT JOIN grafana_check_runs r ON r.check_id = m.check_id "
                    f"WHERE NOT m.retired AND m.{OF_MONITOR} ORDER BY r.level DESC NULLS LAST, m.monitor"
                ),
            ),
            columns=(
                Column(name="monitor", links=(WHY_MONITOR, NOW, MONITOR_PAGE)),
                *(Column(name=name, width=100) for name in ("tier", "cadence", "verdict")),
                Column(name="state", scale=STATE, width=100),
                Column(name="last_success_at", title="last verdict", unit="dateTimeFromNow"),
                Column(name="check_id", hidden=True),
            ),
        ),
        note(15),
    ),
)
