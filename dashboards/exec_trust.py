"""Exec, first: can we trust our explanations, and afford them?"""

from __future__ import annotations

from dashboards.kinds import BARS, DASHED, GAUGE
from dashboards.model import Column, Panel, Prom, Row, Sql
from dashboards.palette import BUDGET, NONE_ALLOWED, UNKNOWN, told_apart
from dashboards.snippets import (
    MONITOR,
    MONITOR_PAGE,
    NOW,
    OF_MONITOR,
    SOME_DAYS,
    held,
)
from monitor.names import EXPLANATION_SOURCES

_DAYS = f"WHERE {OF_MONITOR} AND {SOME_DAYS}"

TRUST = Row(
    title="Can we trust them?",
    panels=(
        Panel(
            id=1,
            kind="stat",
            title="Explanation coverage by tier",
            description="Share of predictions that were explained, of the latest day, with its course by day.",
            answers="explanation coverage",
            unit="percentunit",
            decimals=2,
            width=8,
            queries=(
                Sql(
                    format="time_series",
                    sql="SELECT day AS time, tier AS metric, "
                    "sum(explained)::float8 / nullif(sum(predictions), 0) AS value "
                    f"FROM grafana_coverage_daily {_DAYS} GROUP BY 1, 2 ORDER BY 1",
                ),
            ),
        ),
        Panel(
            id=2,
            kind="timeseries",
            title="Coverage by day, against its objective",
            description="Share of predictions explained per monitor and day. Dashed: the objective now in force.",
            answers="explanation coverage",
            unit="percentunit",
            width=16,
            max=1,
            queries=(
                Sql(
                    format="time_series",
                    sql="SELECT day AS time, monitor AS metric, "
                    "sum(explained)::float8 / nullif(sum(predictions), 0) AS value "
                    f"FROM grafana_coverage_daily {_DAYS} GROUP BY 1, 2 ORDER BY 1",
                ),
                Sql(
                    format="time_series",
                    sql="SELECT day AS time, monitor || ' objective' AS metric, max(objective) AS value "
                    f"FROM grafana_coverage_daily {_DAYS} GROUP BY 1, 2 ORDER BY 1",
                ),
            ),
            columns=(Column(name="/objective$/", regex=True, colour=UNKNOWN, custom=DASHED),),
        ),
        Panel(
            id=3,
            kind="table",
            title="Error budget left",
            description="Share of the period's error budget that is left, per objective; below 0 it is overspent.",
            answers="are objectives kept over the whole period?",
            unit="percentunit",
            width=9,
            queries=(
                Prom(
                    expr=held(f"slo:period_error_budget_remaining:ratio{{{MONITOR}}}", by="monitor, slo"),
                    instant=True,
                    format="table",
                ),
                Prom(expr=held(f"slo:objective:ratio{{{MONITOR}}}", by="monitor, slo"), instant=True, format="table"),
            ),
            columns=(
                Column(name="monitor", links=(NOW, MONITOR_PAGE)),
                Column(name="slo", title="objective", width=105),
                Column(name="Value #B", title="target", decimals=2, width=85),
                Column(name="Value #A", title="budget left", scale=BUDGET, custom=GAUGE, width=130),
            ),
            min=0,
            max=1,
        ),
        Panel(
            id=4,
            kind="stat",
            title="Privacy incidents",
            description="Explanations that held personal data, within the range. None is allowed.",
            answers="privacy incidents",
            width=4,
            scale=NONE_ALLOWED,
            options={"colorMode": "background", "graphMode": "none"},
            queries=(Sql(sql=f"SELECT coalesce(sum(n), 0) AS incidents FROM grafana_privacy_incidents {_DAYS}"),),
        ),
        Panel(
            id=5,
            kind="table",
            title="Privacy incidents, by field",
            description="Which kind of personal data was found in which field of the explanation log; never the value.",
            answers="privacy incidents",
            width=11,
            queries=(
                Sql(
                    sql="SELECT last_seen AS time, monitor, kind, field, sum(n) AS n FROM grafana_privacy_incidents "
                    f"{_DAYS} GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC LIMIT 50"
                ),
            ),
            columns=(
                Column(name="time", title="last seen", width=160),
                Column(name="monitor", links=(NOW, MONITOR_PAGE), width=115),
                Column(name="kind", width=90),
                Column(name="n", width=50),
            ),
            no_value="None within the range",
        ),
    ),
)

COST = Row(
    title="Can we afford them?",
    panels=(
        Panel(
            id=6,
            kind="timeseries",
            title="Explanation cost by day",
            description="Compute spent on explaining times the configured price, by model.",
            answers="explanation cost",
            unit="currencyUSD",
            custom=BARS,
            queries=(
                Sql(
                    format="time_series",
                    sql="SELECT day AS time, model AS metric, sum(cost_dollars) AS value FROM grafana_cost_daily "
                    f"{_DAYS} GROUP BY 1, 2 ORDER BY 1",
                ),
            ),
        ),
        Panel(
            id=7,
            kind="stat",
            title="Cost per 1,000 explanations",
            description="Of the whole range, by model.",
            answers="explanation cost",
            unit="currencyUSD",
            decimals=3,
            width=6,
            options={"graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": True}},
            queries=(
                Sql(
                    sql="SELECT model, 1000 * sum(cost_dollars) / nullif(sum(explained), 0) AS cost "
                    f"FROM grafana_cost_daily {_DAYS} GROUP BY 1 ORDER BY 2 DESC NULLS LAST"
                ),
            ),
        ),
        Panel(
            id=8,
            kind="timeseries",
            title="Where explanations came from",
            description="Explanations per day by source: from a cache, computed live, or a fallback.",
            answers="cache hit rate and source mix",
            width=6,
            custom={**BARS, "stacking": {"mode": "percent", "group": "A"}},
            unit="percentunit",
            columns=told_apart(*EXPLANATION_SOURCES),
            queries=(
                Sql(
                    format="time_series",
                    sql="SELECT day AS time, source AS metric, sum(n) AS value FROM grafana_sources_daily "
                    f"{_DAYS} GROUP BY 1, 2 ORDER BY 1",
                ),
            ),
        ),
    ),
)
