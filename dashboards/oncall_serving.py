"""On-call, second: are predictions explained, and fast enough?"""

from __future__ import annotations

from dashboards.kinds import BARS, DASHED, SEEN_WHOLE
from dashboards.model import Column, Panel, Prom, Row, Sql
from dashboards.palette import (
    UNKNOWN,
    told_apart,
)
from dashboards.snippets import (
    MONITOR,
    MONITOR_PAGE,
    OF_MONITOR,
    OF_VERSION,
    SOME_DAYS,
    WHY_MONITOR,
    grown,
    held,
)
from monitor.names import ERROR_REASONS, EXPLANATION_SOURCES, UNEXPLAINED_REASONS

SERVING = Row(
    title="Are predictions explained, and fast enough?",
    panels=(
        Panel(
            id=11,
            kind="timeseries",
            title="p95 explanation latency",
            description="95th percentile over five minutes. Dashed: above this an explanation is slow.",
            answers="p95 explanation latency",
            unit="s",
            min=0,
            queries=(
                Prom(
                    expr=held(f"monitor:xdrift_explanation_duration_seconds:p95_5m{{{MONITOR}}}"),
                    legend="{{monitor}}",
                ),
                Prom(
                    expr=held(f"xdrift_explanation_latency_threshold_seconds{{{MONITOR}}}"),
                    legend="{{monitor}} threshold",
                ),
            ),
            columns=(Column(name="/threshold$/", regex=True, colour=UNKNOWN, custom=DASHED),),
        ),
        Panel(
            id=12,
            kind="heatmap",
            title="Latency of explanations",
            description="How many explanations took how long.",
            answers="p95 explanation latency",
            unit="s",
            queries=(
                Prom(
                    expr="sum by (le) (max without (instance, pod) (increase("
                    f"xdrift_explanation_duration_seconds_bucket{{{MONITOR}}}[$__rate_interval])))",
                    legend="{{le}}",
                    format="heatmap",
                ),
            ),
        ),
        Panel(
            id=13,
            kind="timeseries",
            title="Explanation errors by reason",
            description="Failed explanations; those of one request count once a day.",
            answers="recent explanation errors",
            width=8,
            custom=BARS,
            min=0,
            columns=told_apart(*ERROR_REASONS),
            queries=(Prom(expr=grown("xdrift_explanation_errors_total", by="reason"), legend="{{reason}}"),),
        ),
        Panel(
            id=14,
            kind="table",
            title="Recent explanation errors",
            description="The latest 50 failures by request. Never their text, which may quote inputs.",
            answers="recent explanation errors",
            width=16,
            queries=(
                Sql(
                    sql="SELECT last_seen AS time, monitor, model_version, reason, error, n, fingerprint "
                    "FROM grafana_explanation_errors "
                    f"WHERE $__timeFilter(last_seen) AND {OF_MONITOR} AND {OF_VERSION} "
                    "ORDER BY last_seen DESC LIMIT 50"
                ),
            ),
            columns=(
                Column(name="time", title="last seen", width=160),
                Column(name="monitor", links=(MONITOR_PAGE, WHY_MONITOR), width=130),
                Column(name="model_version", title="version", width=95),
                Column(name="reason", width=90),
                Column(name="error", width=125),
                Column(name="n", width=60),
                Column(name="fingerprint", custom=SEEN_WHOLE),
            ),
            no_value="None within the range",
        ),
        Panel(
            id=15,
            kind="timeseries",
            title="Predictions without explanation, by reason",
            description="Predictions of the explanation log that nobody explained, and why.",
            answers="explanation coverage",
            width=8,
            custom=BARS,
            min=0,
            columns=told_apart(*UNEXPLAINED_REASONS),
            queries=(Prom(expr=grown("xdrift_predictions_unexplained_total", by="reason"), legend="{{reason}}"),),
        ),
        Panel(
            id=16,
            kind="table",
            title="What most lacks explanations",
            description="Routes, flows and segments with most predictions that nobody explained; never an input.",
            answers="queries that most lack explanations",
            width=16,
            queries=(
                Sql(
                    sql="SELECT grouped, reason, monitor, model_version, sum(n) AS n, max(last_seen) AS last_seen "
                    f"FROM grafana_unexplained WHERE {SOME_DAYS} AND {OF_MONITOR} AND {OF_VERSION} "
                    "GROUP BY 1, 2, 3, 4 ORDER BY n DESC LIMIT 20"
                ),
            ),
            columns=(
                Column(name="grouped", title="which"),
                Column(name="reason", width=90),
                Column(name="monitor", links=(MONITOR_PAGE, WHY_MONITOR), width=130),
                Column(name="model_version", title="version", width=95),
                Column(name="n", title="predictions", width=125),
                Column(name="last_seen", title="last seen", width=160),
            ),
            no_value="Every prediction was explained",
        ),
        Panel(
            id=17,
            kind="timeseries",
            title="Explanations by source",
            description="From a cache, computed live, approximate or a fallback.",
            answers="fallback rate, cache hit rate",
            custom=BARS,
            min=0,
            columns=told_apart(*EXPLANATION_SOURCES),
            queries=(Prom(expr=grown("xdrift_explanation_sources_total", by="source"), legend="{{source}}"),),
        ),
        Panel(
            id=18,
            kind="timeseries",
            title="The explanation log itself",
            description="Age of the newest record counted, and lines that could not be used.",
            answers="is the explanation log still read?",
            unit="s",
            min=0,
            queries=(
                Prom(
                    expr=f"time() - {held('xdrift_telemetry_watermark_timestamp_seconds{' + MONITOR + '}')}",
                    legend="{{monitor}} newest record",
                ),
                Prom(
                    expr=grown("xdrift_telemetry_quarantined_total", by="monitor"),
                    legend="{{monitor}} lines not usable",
                ),
            ),
            columns=(
                Column(name="/not usable$/", regex=True, unit="short", custom={**BARS, "axisPlacement": "right"}),
            ),
        ),
    ),
)
