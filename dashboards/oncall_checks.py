"""On-call, third: do checks run, and what changed?"""

from __future__ import annotations

from dashboards.kinds import WRAPPED
from dashboards.model import Column, Panel, Prom, Row, Sql
from dashboards.notes import note
from dashboards.palette import (
    AGE,
    LEVEL,
    NONE_ALLOWED,
    STATE,
    STATE_NUMBER,
    STATES,
    told_apart,
)
from dashboards.snippets import (
    CHECK_PAGE,
    MONITOR,
    MONITOR_PAGE,
    OF_MONITOR,
    OF_VERSION,
    WHY_CHECK,
    WHY_MONITOR,
    held,
)
from monitor.names import STAGES

_STATE_NUMBER = "array_position(ARRAY[{}], state) - 1".format(", ".join(f"'{word}'" for word in STATES))

CHECKS = Row(
    title="Do checks run?",
    panels=(
        Panel(
            id=19,
            kind="table",
            title="Failing explain jobs",
            description="Monitors whose latest checks failed, since when they gave a verdict, when they try again.",
            answers="failing explain jobs",
            width=10,
            queries=(
                Prom(
                    expr=held(f"xdrift_check_consecutive_failures{{{MONITOR}}}") + " > 0",
                    instant=True,
                    format="table",
                ),
                Prom(
                    expr=f"{held('monitor:xdrift_check_success_age:seconds{' + MONITOR + '}')} and on (monitor) "
                    f"{held('xdrift_check_consecutive_failures')} > 0",
                    instant=True,
                    format="table",
                ),
                Prom(
                    expr=f"{held('xdrift_check_next_run_timestamp_seconds{' + MONITOR + '}')} * 1000 and on (monitor) "
                    f"{held('xdrift_check_consecutive_failures')} > 0",
                    instant=True,
                    format="table",
                ),
            ),
            columns=(
                Column(name="monitor", links=(MONITOR_PAGE, WHY_MONITOR)),
                Column(name="Value #A", title="failed in a row", scale=NONE_ALLOWED, width=150),
                Column(name="Value #B", title="last verdict ago", unit="s", width=158),
                Column(name="Value #C", title="next try", unit="dateTimeFromNow"),
            ),
            no_value="No check fails",
        ),
        Panel(
            id=20,
            kind="table",
            title="Why checks failed or were skipped",
            description="Checks without a verdict within the range and the reason.",
            answers="failing explain jobs",
            width=14,
            queries=(
                Sql(
                    sql="SELECT planned_at AS time, state, monitor, reason, sentence, check_id "
                    f"FROM grafana_check_runs WHERE $__timeFilter(planned_at) AND {OF_MONITOR} AND {OF_VERSION} "
                    "AND outcome <> 'succeeded' ORDER BY planned_at DESC LIMIT 50"
                ),
            ),
            columns=(
                Column(name="time", title="slot", width=175),
                Column(name="state", scale=STATE, width=80),
                Column(name="monitor", links=(CHECK_PAGE, MONITOR_PAGE), width=110),
                Column(name="reason", width=150),
                Column(name="sentence", custom=WRAPPED),
                Column(name="check_id", hidden=True),
            ),
            no_value="Every check within the range gave a verdict",
        ),
        Panel(
            id=21,
            kind="status-history",
            title="Check results",
            description="One square per slot: level, or unknown, failed, skipped.",
            answers="failing explain jobs",
            scale=STATE_NUMBER,
            queries=(
                Sql(
                    format="time_series",
                    sql=f"SELECT planned_at AS time, monitor AS metric, {_STATE_NUMBER} AS value "
                    f"FROM grafana_check_runs WHERE $__timeFilter(planned_at) AND {OF_MONITOR} AND {OF_VERSION} "
                    "ORDER BY 1",
                ),
            ),
        ),
        Panel(
            id=22,
            kind="bargauge",
            title="Freshness",
            description="Age of the latest verdict, in intervals between two checks; stale from two on.",
            answers="is the drift verdict recent?",
            width=6,
            min=0,
            max=3,
            decimals=1,
            scale=AGE,
            queries=(
                Prom(
                    expr=f"{held('monitor:xdrift_check_success_age:seconds{' + MONITOR + '}')} / "
                    f"{held('xdrift_check_interval_seconds{' + MONITOR + '}')}",
                    legend="{{monitor}}",
                    instant=True,
                ),
            ),
        ),
        Panel(
            id=23,
            kind="timeseries",
            title="Duration of stages, p95",
            description="How long the parts of a check take, over all monitors of a daemon.",
            answers="why are checks slow?",
            unit="s",
            width=6,
            min=0,
            columns=told_apart(*STAGES),
            queries=(
                Prom(
                    expr="histogram_quantile(0.95, sum by (le, stage) "
                    "(rate(xdrift_check_duration_seconds_bucket[$__rate_interval])))",
                    legend="{{stage}}",
                ),
            ),
        ),
    ),
)

CHANGED = Row(
    title="What changed?",
    panels=(
        Panel(
            id=24,
            kind="table",
            title="What changed",
            description="Deployments, references, level changes and maintenance within the range.",
            answers="what changed just before?",
            width=24,
            queries=(
                Sql(
                    sql='SELECT "at" AS time, monitor, kind, text, until, check_id FROM grafana_events '
                    f'WHERE $__timeFilter("at") AND {OF_MONITOR} ORDER BY 1 DESC LIMIT 100'
                ),
            ),
            columns=(
                Column(name="time", width=175),
                Column(name="monitor", links=(WHY_CHECK, MONITOR_PAGE), width=130),
                Column(name="kind", width=110),
                Column(name="text", custom=WRAPPED),
                Column(name="until", width=175),
                Column(name="check_id", hidden=True),
            ),
            no_value="Nothing changed within the range",
        ),
        Panel(
            id=25,
            kind="table",
            title="Segments that drift",
            description="Judged segments of traffic by their held level.",
            answers="which part of the traffic?",
            width=24,
            height=5,
            queries=(
                Prom(
                    expr=held(f'xdrift_segment_drift_level{{{MONITOR},segment=~"$segment"}}', by="monitor, segment"),
                    instant=True,
                    format="table",
                ),
            ),
            columns=(
                Column(name="monitor", links=(WHY_MONITOR, MONITOR_PAGE)),
                Column(name="segment"),
                Column(name="Value", title="level", scale=LEVEL),
            ),
            no_value="No segments are watched",
        ),
        note(
            26,
            before="**From an alert to its cause:** click the monitor, then the feature, then a prediction. ",
            said="the fleet's verdicts",
        ),
    ),
)
