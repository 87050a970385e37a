"""On-call, first: what is broken?"""

from __future__ import annotations

from dashboards.kinds import WRAPPED
from dashboards.model import Column, Panel, Prom, Row, Sql
from dashboards.palette import (
    BURN,
    HEARTBEAT,
    LEVEL,
    NONE_ALLOWED,
    SEVERITY,
    STATE,
    UP,
    YES,
)
from dashboards.snippets import (
    CHECK_PAGE,
    MONITOR,
    MONITOR_PAGE,
    OF_MONITOR,
    VIEW,
    WHY_CHECK,
    WHY_MONITOR,
    held,
)


def _daemon(panel_id: int, title: str, description: str, expr: str, **more: object) -> Panel:
    """One of the stats about the daemon itself."""
    given: dict[str, object] = {
        "id": panel_id,
        "kind": "stat",
        "title": title,
        "description": description,
        "answers": "does the watching itself work?",
        "width": 4,
        "height": 4,
        "options": {"graphMode": "none", "colorMode": "background" if more.get("scale") else "value"},
        "queries": (Prom(expr=expr, instant=True),),
        "no_value": "not scraped",
    }
    return Panel(**{**given, **more})  # type: ignore[arg-type]


NOW = Row(
    title="What is broken?",
    panels=(
        Panel(
            id=1,
            kind="table",
            title="Firing now",
            description="Alerts that fire. A click leads to the check behind it, and on to feature and prediction.",
            answers="what fires, and for whom?",
            width=24,
            height=7,
            queries=(
                Prom(
                    expr="max by (alertname, severity, monitor, slo, view, segment, reason, kind, model_owner) "
                    '(ALERTS{alertstate="firing",alertname=~"Explanation.*",monitor=~"$monitor|"})',
                    instant=True,
                    format="table",
                ),
            ),
            columns=(
                Column(name="severity", scale=SEVERITY, width=105),
                Column(name="alertname", title="alert", width=260, links=(WHY_MONITOR, MONITOR_PAGE)),
                Column(name="monitor", links=(WHY_MONITOR, MONITOR_PAGE), width=140),
                Column(name="slo", title="objective"),
                Column(name="view"),
                Column(name="segment"),
                Column(name="model_owner", title="owner"),
                Column(name="Value", hidden=True),
            ),
            no_value="Nothing fires",
        ),
        Panel(
            id=2,
            kind="table",
            title="Latest verdicts",
            description="What the latest check of every monitor, up to the end of the range, concluded and why.",
            answers="what happened, and why?",
            width=24,
            height=7,
            queries=(
                Sql(
                    sql="SELECT planned_at AS time, state, monitor, verdict, sentence, check_id FROM ("
                    "SELECT DISTINCT ON (r.monitor) r.* FROM grafana_check_runs r JOIN grafana_monitors m "
                    f"USING (monitor) WHERE NOT m.retired AND r.check_id IS NOT NULL AND r.{OF_MONITOR} "
                    "AND r.planned_at <= $__timeTo()::timestamptz ORDER BY r.monitor, r.planned_at DESC) latest "
                    "ORDER BY level DESC NULLS LAST, planned_at DESC"
                ),
            ),
            columns=(
                Column(name="time", title="slot", width=175),
                Column(name="state", scale=STATE, width=90),
                Column(name="monitor", links=(WHY_CHECK, CHECK_PAGE, MONITOR_PAGE), width=130),
                Column(name="verdict", width=100),
                Column(name="sentence", custom=WRAPPED),
                Column(name="check_id", hidden=True),
            ),
        ),
        _daemon(3, "Daemons up", "Targets of job xdrift that answer a scrape.", 'sum(up{job="xdrift"})', scale=UP),
        _daemon(
            4,
            "Heartbeat",
            "Time since the scheduler last beat; it beats every 15 seconds.",
            "time() - max(xdrift_scheduler_heartbeat_timestamp_seconds)",
            unit="s",
            scale=HEARTBEAT,
        ),
        _daemon(
            5, "Store answers", "Whether a daemon could read the store at its latest try.",
            "max(xdrift_collector_up)", scale=YES,
        ),
        _daemon(6, "Slots waiting", "Slots that are due and not yet under way.", "max(xdrift_check_queue_length)"),
        _daemon(7, "Checks running", "Checks under way in all daemons.", "sum(xdrift_checks_in_progress)"),
        _daemon(
            8, "Messages waiting", "Messages about level changes that were not delivered yet.",
            f"sum({held('xdrift_notifications_waiting{' + MONITOR + '}')})", scale=NONE_ALLOWED,
        ),
        Panel(
            id=9,
            kind="table",
            title="Burn now",
            description="How fast error budgets burn: at 1 a budget ends with its period, at 14 within two days.",
            answers="which objective is being missed, and how fast?",
            queries=tuple(
                Prom(
                    expr=held(f"slo:burn_rate:ratio_rate{window}{{{MONITOR}}}", by="monitor, slo"),
                    instant=True,
                    format="table",
                )
                for window in ("1h", "6h", "1d")
            ),
            columns=(
                Column(name="monitor", links=(WHY_MONITOR, MONITOR_PAGE)),
                Column(name="slo", title="objective"),
                *(
                    Column(name=f"Value #{letter}", title=f"burn {window}", decimals=1, scale=BURN)
                    for letter, window in (("A", "1h"), ("B", "6h"), ("C", "1d"))
                ),
            ),
        ),
        Panel(
            id=10,
            kind="table",
            title="Level by view",
            description="Held level per view and how many judged checks it has lasted; two in a row are confirmed.",
            answers="is it confirmed?",
            queries=(
                Prom(
                    expr=held(f"xdrift_drift_level{{{MONITOR},{VIEW}}}", by="monitor, view"),
                    instant=True,
                    format="table",
                ),
                Prom(
                    expr=held(f"xdrift_drift_streak_checks{{{MONITOR},{VIEW}}}", by="monitor, view"),
                    instant=True,
                    format="table",
                ),
            ),
            columns=(
                Column(name="monitor", links=(WHY_MONITOR, MONITOR_PAGE)),
                Column(name="view"),
                Column(name="Value #A", title="level", scale=LEVEL),
                Column(name="Value #B", title="checks in a row", width=150),
            ),
        ),
    ),
)  # fmt: skip
