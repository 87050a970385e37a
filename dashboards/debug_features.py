"""Debug, second: which feature?"""

from __future__ import annotations

from dashboards.model import Column, Panel, Prom, Row, Sql
from dashboards.palette import LEVEL, told_apart
from dashboards.snippets import (
    CHOOSE_FEATURE,
    CHOSEN,
    FEATURE,
    MONITOR,
    OF_MONITOR,
    OF_VERSION,
    OF_VIEW,
    held,
)


def _distribution(panel_id: int, kind: str, title: str, description: str, name: str) -> Panel:
    """Shares of bins then and now, of the chosen feature."""
    holdout = "h.holdout_share AS holdout, " if kind == "attribution" else ""
    return Panel(
        id=panel_id,
        kind="barchart",
        title=title,
        description=description,
        answers="feature distributions",
        unit="percentunit",
        width=12,
        options={"xField": "bin", "orientation": "vertical", "xTickLabelRotation": -30},
        columns=told_apart("reference", "holdout", "traffic"),
        queries=(
            Sql(
                sql=f"WITH {FEATURE} SELECT h.bin, h.reference_share AS reference, {holdout}"
                "h.current_share AS traffic "
                f"FROM grafana_feature_hist h JOIN chosen c USING (check_id) JOIN wanted w ON {name} "
                f"WHERE h.kind = '{kind}' ORDER BY h.bin_no"
            ),
        ),
        no_value="No profile: the check failed, or the column is kept back",
    )


FEATURES = Row(
    title="Which feature?",
    panels=(
        Panel(
            id=4,
            kind="table",
            title="Top offending features",
            description="Importance then and now, split into what the model and what the data did; a click chooses.",
            answers="top offending features",
            width=16,
            queries=(
                Sql(
                    sql=f"WITH {CHOSEN} SELECT feature, p.level, share_reference, share_current, times, model_part, "
                    "data_part FROM grafana_contributions p JOIN chosen USING (check_id) "
                    "ORDER BY p.level DESC, abs(coalesce(model_part, 0)) + abs(coalesce(data_part, 0)) DESC LIMIT 50"
                ),
            ),
            columns=(
                Column(name="feature", links=(CHOOSE_FEATURE,)),
                Column(name="level", scale=LEVEL, width=80),
                Column(name="share_reference", title="share then", unit="percentunit", width=115),
                Column(name="share_current", title="share now", unit="percentunit", width=110),
                Column(name="times", title="now by then", decimals=2, width=125),
                Column(name="model_part", title="by the model", decimals=4, width=130),
                Column(name="data_part", title="by the data", decimals=4, width=120),
            ),
        ),
        Panel(
            id=5,
            kind="barchart",
            title="What changed importance: model or data",
            description="Change of importance since the reference; both parts add up to it exactly.",
            answers="data or model?",
            width=8,
            options={"xField": "feature", "stacking": "normal"},
            columns=told_apart("model", "data"),
            queries=(
                Sql(
                    sql=f"WITH {CHOSEN} SELECT feature, model_part AS model, data_part AS data "
                    "FROM grafana_contributions JOIN chosen USING (check_id) ORDER BY "
                    "abs(coalesce(model_part, 0)) + abs(coalesce(data_part, 0)) DESC LIMIT 15"
                ),
            ),
        ),
        Panel(
            id=6,
            kind="status-history",
            title="Level by feature and check",
            description="The 20 features with the highest levels within the range, all chosen views together.",
            answers="since when?",
            width=24,
            height=9,
            scale=LEVEL,
            queries=(
                Sql(
                    format="time_series",
                    sql="WITH found AS (SELECT planned_at, feature, max(level) AS level FROM grafana_feature_drift "
                    f"WHERE $__timeFilter(planned_at) AND {OF_MONITOR} AND {OF_VERSION} AND {OF_VIEW} "
                    "AND segment IS NULL AND threshold IS NOT NULL GROUP BY 1, 2), "
                    "top AS (SELECT feature FROM found GROUP BY 1 ORDER BY sum(level) DESC, 1 LIMIT 20) "
                    "SELECT planned_at AS time, feature AS metric, level AS value FROM found JOIN top USING (feature) "
                    "ORDER BY 1",
                ),
            ),
        ),
        _distribution(
            7,
            "attribution",
            "Attributions of the feature, then and now",
            "The chosen feature in the reference, on the same rows by the model of this check, and in recent traffic.",
            "w.feature = h.feature",
        ),
        _distribution(
            8,
            "input",
            "Values of the feature, then and now",
            "How the values of the chosen feature are distributed; columns that are kept back have no profile.",
            "h.feature IN (w.feature, regexp_replace(w.feature, '\\[[^][]*\\]$', ''))",
        ),
        Panel(
            id=9,
            kind="table",
            title="Tests of the feature",
            description="Every statistic of the chosen feature in this check beside its thresholds.",
            answers="how sure is it?",
            width=14,
            queries=(
                Sql(
                    sql=f"WITH {FEATURE} SELECT d.view, d.test, d.statistic, d.threshold, d.threshold_severe, "
                    "d.p_adjusted, d.level FROM grafana_feature_drift d JOIN chosen c USING (check_id) "
                    f"JOIN wanted USING (feature) WHERE d.segment IS NULL AND {OF_VIEW} "
                    "ORDER BY d.level DESC NULLS LAST, d.view, d.test"
                ),
            ),
            columns=(
                Column(name="test", width=110),
                *(Column(name=name, decimals=4, width=110) for name in ("statistic", "threshold")),
                Column(name="threshold_severe", title="severe from", decimals=4, width=120),
                Column(name="p_adjusted", title="p, adjusted", unit="sci", decimals=1, width=120),
                Column(name="level", scale=LEVEL, width=80),
            ),
        ),
        Panel(
            id=10,
            kind="timeseries",
            title="Importance of the feature over checks",
            description="Mean size of its attributions: in the reference, on the holdout now, in recent traffic.",
            answers="baselines and trend lines",
            width=10,
            min=0,
            columns=told_apart("reference", "holdout", "traffic"),
            queries=(
                Sql(
                    format="time_series",
                    sql=f"WITH {FEATURE} SELECT p.planned_at AS time, p.importance_reference AS reference, "
                    "p.importance_holdout AS holdout, p.importance_current AS traffic "
                    "FROM grafana_contributions p JOIN chosen c ON c.monitor = p.monitor JOIN wanted USING (feature) "
                    "WHERE $__timeFilter(p.planned_at) ORDER BY 1",
                ),
            ),
        ),
        Panel(
            id=11,
            kind="timeseries",
            title="Share of the most important features",
            description="Share of a feature in all importance, in recent traffic.",
            answers="baselines and trend lines",
            unit="percentunit",
            width=24,
            min=0,
            queries=(
                Prom(
                    expr=held(f'xdrift_feature_importance_ratio{{{MONITOR},side="current"}}', by="monitor, feature"),
                    legend="{{monitor}} {{feature}}",
                ),
            ),
        ),
    ),
)
