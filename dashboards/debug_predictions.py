"""Debug, third: which predictions, and were they explained as they are recomputed?"""

from __future__ import annotations

from dashboards.kinds import SEEN_WHOLE
from dashboards.model import Column, Panel, Prom, Row, Sql
from dashboards.palette import told_apart
from dashboards.snippets import (
    CHOOSE_PREDICTION,
    CHOSEN,
    FEATURE,
    MONITOR,
    OF_SEGMENTS,
    PREDICTION,
    PREDICTION_PAGE,
    held,
)

PREDICTIONS = Row(
    title="Which predictions?",
    panels=(
        Panel(
            id=15,
            kind="table",
            title="Predictions of this check",
            description="Those to which the chosen feature contributes most; a click chooses one, or opens its page.",
            answers="example predictions",
            width=16,
            queries=(
                Sql(
                    sql=f"WITH {FEATURE} SELECT a.time, a.row_id, a.prediction, v.value, v.logged, a.segments, "
                    "a.monitor, a.check_id FROM grafana_attributions a JOIN chosen c USING (check_id) "
                    "JOIN grafana_attribution_values v USING (check_id, row_id) JOIN wanted USING (feature) "
                    f"WHERE {OF_SEGMENTS} ORDER BY abs(v.value) DESC NULLS LAST LIMIT 200"
                ),
            ),
            columns=(
                Column(name="time", width=160),
                Column(name="row_id", title="id", links=(CHOOSE_PREDICTION, PREDICTION_PAGE), width=200),
                Column(name="prediction", title="output", decimals=4, width=95),
                Column(name="value", title="attribution", decimals=4, width=125),
                Column(name="logged", title="as logged", decimals=4, width=115),
                Column(name="monitor", hidden=True),
                Column(name="check_id", hidden=True),
            ),
            no_value="No rows: the check failed, or its rows were purged",
        ),
        Panel(
            id=16,
            kind="barchart",
            title="Attributions of the prediction",
            description="What every feature contributed to the chosen prediction, recomputed and as logged.",
            answers="per-prediction attribution vectors",
            width=8,
            options={"xField": "feature"},
            columns=told_apart("recomputed", "logged"),
            queries=(
                Sql(
                    sql=f"WITH {PREDICTION} SELECT v.feature, v.value AS recomputed, v.logged "
                    "FROM grafana_attribution_values v JOIN one USING (check_id, row_id) "
                    "ORDER BY abs(v.value) DESC NULLS LAST LIMIT 20"
                ),
            ),
            no_value="No rows: the check failed, or its rows were purged",
        ),
        Panel(
            id=17,
            kind="table",
            title="Nearest rows with the other decision",
            description="Real rows, not causes: which features differ, the farthest first. Values are on the page of "
            "the prediction, with links to the others; a row of the holdout has no page.",
            answers="counterfactual examples",
            width=24,
            queries=(
                Sql(
                    sql=f"WITH {PREDICTION} SELECT f.row_id, f.prediction, f.nearest_row_id, f.nearest_prediction, "
                    "CASE WHEN f.nearest_is_holdout THEN 'the holdout' ELSE 'this check' END AS nearest_from, "
                    "f.distance, f.differs, f.monitor, f.check_id FROM grafana_counterfactuals f "
                    "JOIN chosen USING (check_id) CROSS JOIN one WHERE f.check_id = one.check_id "
                    "ORDER BY f.row_id = one.row_id DESC, f.distance LIMIT 50"
                ),
            ),
            columns=(
                Column(name="row_id", title="id", links=(CHOOSE_PREDICTION, PREDICTION_PAGE), width=230),
                Column(name="prediction", title="output", decimals=4, width=95),
                Column(name="nearest_row_id", title="nearest other", width=230),
                Column(name="nearest_prediction", title="its output", decimals=4, width=115),
                Column(name="nearest_from", title="it is of", width=110),
                Column(name="distance", decimals=3, width=100),
                Column(name="differs", title="what differs", custom=SEEN_WHOLE),
                Column(name="monitor", hidden=True),
                Column(name="check_id", hidden=True),
            ),
            no_value="No decision is known, or no row has the other one",
        ),
        Panel(
            id=21,
            kind="table",
            title="The prediction",
            description="Output recomputed and as logged, base value, segments.",
            answers="per-prediction attribution vectors",
            width=24,
            height=4,
            queries=(
                Sql(
                    sql=f"WITH {PREDICTION} SELECT a.row_id, a.time, a.prediction, a.logged_prediction, a.base_value, "
                    "a.segments, a.monitor, a.check_id "
                    "FROM grafana_attributions a JOIN one USING (check_id, row_id)"
                ),
            ),
            columns=(
                Column(name="time", width=160),
                Column(name="row_id", title="id", links=(PREDICTION_PAGE,), width=230),
                Column(name="prediction", title="output", decimals=4),
                Column(name="logged_prediction", title="as logged", decimals=4),
                Column(name="base_value", title="base value", decimals=4),
                Column(name="monitor", hidden=True),
                Column(name="check_id", hidden=True),
            ),
            no_value="No rows: the check failed, or its rows were purged",
        ),
    ),
)

OFFLINE = Row(
    title="Served explanations against recomputed ones",
    panels=(
        Panel(
            id=18,
            kind="barchart",
            title="Offline against runtime, by feature",
            description="Mean size of attributions, recomputed and as logged, of the features with the largest gap.",
            answers="side by side offline against runtime explanations",
            options={"xField": "feature", "orientation": "vertical", "xTickLabelRotation": -30},
            columns=told_apart("offline", "runtime", "gap"),
            queries=(
                Sql(
                    sql=f"WITH {CHOSEN} SELECT feature, avg(abs(offline)) AS offline, avg(abs(runtime)) AS runtime, "
                    "avg(gap) AS gap FROM grafana_offline_runtime JOIN chosen USING (check_id) "
                    "GROUP BY 1 ORDER BY gap DESC NULLS LAST LIMIT 20"
                ),
            ),
            no_value="No prediction of this check has logged attributions",
        ),
        Panel(
            id=19,
            kind="xychart",
            title="Offline against runtime, by prediction",
            description="Every logged prediction for the chosen feature; on the diagonal both agree.",
            answers="side by side offline against runtime explanations",
            width=6,
            queries=(
                Sql(
                    sql=f"WITH {FEATURE} SELECT offline, runtime FROM grafana_offline_runtime "
                    "JOIN chosen c USING (check_id) JOIN wanted USING (feature) ORDER BY offline LIMIT 1000"
                ),
            ),
            no_value="No prediction of this check has logged attributions",
        ),
        Panel(
            id=20,
            kind="timeseries",
            title="Rows beyond the tolerance",
            description="Share of logged predictions whose attributions differ from the recomputed ones.",
            answers="side by side offline against runtime explanations",
            unit="percentunit",
            width=6,
            min=0,
            queries=(
                Prom(
                    expr=held(f"xdrift_offline_runtime_beyond_ratio{{{MONITOR}}}"),
                    legend="{{monitor}} rows beyond",
                ),
                Prom(
                    expr=held(f"xdrift_offline_runtime_gap_ratio{{{MONITOR}}}"),
                    legend="{{monitor}} largest gap of a feature",
                ),
            ),
        ),
    ),
)
