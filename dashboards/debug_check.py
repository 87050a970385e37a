"""Debug, first: the check, the part of the traffic, the explainer."""

from __future__ import annotations

from dashboards.kinds import DASHED, SEEN_WHOLE, WRAPPED
from dashboards.model import Column, Panel, Prom, Row, Sql
from dashboards.notes import note
from dashboards.palette import LEVEL, STATE, UNKNOWN, YES
from dashboards.snippets import (
    CHECK_PAGE,
    CHOSEN,
    MONITOR,
    MONITOR_PAGE,
    OF_MONITOR,
    OF_VERSION,
    VIEW,
    WHY_CHECK,
    held,
)

_IN_COLOUR = {"cellOptions": {"type": "color-text"}, **SEEN_WHOLE}
_JUDGED = 'test=~"psi_max|ks_max|stability_max|change_max"'

_SAID = f"""WITH {CHOSEN},
r AS (SELECT * FROM grafana_check_runs JOIN chosen USING (check_id, monitor, planned_at))
SELECT what, said, monitor, check_id FROM (
  SELECT v.*, 0 AS n, r.monitor, r.check_id FROM r CROSS JOIN LATERAL (VALUES
    (1, 'monitor', r.monitor), (2, 'slot', to_char(r.planned_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')),
    (3, 'level', r.state), (4, 'verdict', r.verdict),
    (7, 'model version', r.model_version), (8, 'rows', r.n_drawn || ' of ' || r.n_seen),
    (9, 'reference', r.reference_id), (10, 'explained by', r.engine)) v(place, what, said)
  UNION ALL
  SELECT 5, 'in words', s.line, s.n, r.monitor, r.check_id
  FROM r CROSS JOIN LATERAL regexp_split_to_table(r.sentence, '(?<=[.]) ') WITH ORDINALITY s(line, n)
  UNION ALL
  SELECT 6, 'evidence', e.line, e.n, r.monitor, r.check_id
  FROM r CROSS JOIN LATERAL regexp_split_to_table(r.evidence, E'\\n') WITH ORDINALITY e(line, n)
) f WHERE said IS NOT NULL ORDER BY place, n"""

CHECK = Row(
    title="The check",
    panels=(
        Panel(
            id=1,
            kind="table",
            title="What the check concluded",
            description="The chosen check, or the latest that raised a level: verdict, evidence, what it rests on.",
            answers="what happened, and why?",
            width=24,
            height=14,
            queries=(Sql(sql=_SAID),),
            columns=(
                Column(name="what", links=(CHECK_PAGE, MONITOR_PAGE), width=140, title=" "),
                Column(name="said", scale=STATE, title="  ", custom=_IN_COLOUR),
                Column(name="monitor", hidden=True),
                Column(name="check_id", hidden=True),
            ),
        ),
        Panel(
            id=2,
            kind="table",
            title="Checks within the range",
            description="A click takes one of them as the check that everything below shows.",
            answers="which check?",
            width=16,
            queries=(
                Sql(
                    sql="SELECT planned_at AS time, monitor, state, verdict, model_version, level_holdout, "
                    "level_traffic, level_total, check_id FROM grafana_check_runs WHERE check_id IS NOT NULL "
                    f"AND $__timeFilter(planned_at) AND {OF_MONITOR} AND {OF_VERSION} ORDER BY 1 DESC LIMIT 200"
                ),
            ),
            columns=(
                Column(name="time", title="slot", width=170, links=(WHY_CHECK, CHECK_PAGE)),
                Column(name="monitor", links=(WHY_CHECK, CHECK_PAGE)),
                Column(name="state", scale=STATE, width=80),
                Column(name="verdict", width=95),
                Column(name="model_version", title="version", width=95),
                *(
                    Column(name=f"level_{view}", title=view, scale=LEVEL, width=90)
                    for view in ("holdout", "traffic", "total")
                ),
                Column(name="check_id", hidden=True),
            ),
        ),
        Panel(
            id=3,
            kind="timeseries",
            title="Score against threshold",
            description="Largest statistic over all features, smoothed beside it. Dashed: the thresholds in force.",
            answers="baselines and trend lines",
            width=8,
            min=0,
            queries=(
                Prom(
                    expr=held(f"xdrift_drift_score{{{MONITOR},{VIEW},{_JUDGED}}}", by="monitor, view, test"),
                    legend="{{monitor}} {{view}} {{test}}",
                ),
                Prom(
                    expr=held(f"xdrift_drift_score_smoothed{{{MONITOR},{VIEW}}}", by="monitor, view, test"),
                    legend="{{monitor}} {{view}} {{test}} smoothed",
                ),
                Prom(
                    expr=held(f"xdrift_drift_threshold{{{MONITOR},{VIEW},{_JUDGED}}}", by="monitor, view, test, level"),
                    legend="{{monitor}} {{view}} {{test}} threshold {{level}}",
                ),
            ),
            columns=(Column(name="/threshold/", regex=True, colour=UNKNOWN, custom=DASHED),),
        ),
    ),
)

SEGMENTS = Row(
    title="Which part of the traffic, which inputs?",
    panels=(
        Panel(
            id=12,
            kind="table",
            title="Segments of this check",
            description="Segments of traffic against the same segments of the holdout, and what moved most there.",
            answers="which part of the traffic?",
            width=24,
            height=6,
            queries=(
                Sql(
                    sql=f"WITH {CHOSEN} SELECT s.segment, s.level, s.feature, s.test, s.statistic, s.threshold, "
                    "s.n_current, s.reason FROM grafana_segments s JOIN chosen USING (check_id) "
                    "WHERE segment ~ '^(?:${segment:regex})$' ORDER BY s.level DESC NULLS LAST, s.segment"
                ),
            ),
            columns=(
                Column(name="level", scale=LEVEL, width=80),
                Column(name="test", width=90),
                Column(name="statistic", decimals=3, width=105),
                Column(name="threshold", decimals=3, width=110),
                Column(name="n_current", title="rows", width=80),
                Column(name="reason", title="why not judged", custom=WRAPPED),
            ),
            no_value="No segments are watched",
        ),
        Panel(
            id=13,
            kind="table",
            title="Top offending inputs",
            description="Drift of every input column and of the predictions, traffic against holdout, in this check.",
            answers="top offending inputs",
            width=8,
            queries=(
                Sql(
                    sql=f"WITH {CHOSEN} SELECT coalesce(feature, '(prediction)') AS feature, psi "
                    "FROM grafana_input_drift JOIN chosen USING (check_id) ORDER BY psi DESC NULLS LAST LIMIT 50"
                ),
            ),
            columns=(Column(name="psi", title="PSI", decimals=3),),
        ),
        Panel(
            id=14,
            kind="timeseries",
            title="Input and prediction drift",
            description="Largest drift of an input, and of the predictions: did the world change, or the model.",
            answers="data or model?",
            width=16,
            min=0,
            queries=(
                Prom(
                    expr=held(f"xdrift_input_drift_score{{{MONITOR}}}", by="monitor, test"),
                    legend="{{monitor}} inputs {{test}}",
                ),
                Prom(
                    expr=held(f"xdrift_prediction_drift_score{{{MONITOR}}}", by="monitor, test"),
                    legend="{{monitor}} predictions {{test}}",
                ),
            ),
        ),
    ),
)  # fmt: skip

EXPLAINER = Row(
    title="Can the explainer be trusted?",
    panels=(
        Panel(
            id=22,
            kind="stat",
            title="Self-check of the explainer",
            description="Whether the latest explanations added up and the explainer was unchanged.",
            answers="is it the explainer?",
            width=4,
            height=7,
            scale=YES,
            options={"graphMode": "none", "colorMode": "background"},
            queries=(
                Prom(expr=held(f"xdrift_explainer_selfcheck_ok{{{MONITOR}}}"), legend="{{monitor}}", instant=True),
            ),
        ),
        Panel(
            id=23,
            kind="timeseries",
            title="Additivity error",
            description="Largest gap between base value plus attributions and the model's output, relative.",
            answers="is it the explainer?",
            unit="percentunit",
            width=10,
            height=7,
            min=0,
            queries=(Prom(expr=held(f"xdrift_explainer_additivity_error_ratio{{{MONITOR}}}"), legend="{{monitor}}"),),
        ),
        Panel(
            id=24,
            kind="table",
            title="False alarms of the monitor itself, 7 days",
            description="Random halves of the holdout compared: nothing drifted there, so every alarm is false.",
            answers="can the alarms be trusted?",
            width=10,
            height=7,
            unit="percentunit",
            queries=(
                Prom(
                    expr=f"{held('monitor_level:xdrift_canary_alarms:delta7d{' + MONITOR + '}', by='monitor, level')} "
                    "/ on (cluster, namespace, monitor) group_left () "
                    f"({held('monitor:xdrift_canary_comparisons:delta7d{' + MONITOR + '}')} > 0)",
                    instant=True,
                    format="table",
                ),
            ),
            columns=(
                Column(name="monitor", links=(MONITOR_PAGE,)),
                Column(name="level"),
                Column(name="Value", title="false alarms"),
            ),
        ),
        note(
            25,
            before="Nothing needs typing: without a choice, the latest check that raised a level, the feature that "
            "moved most in it and the prediction it counts most for are shown. ",
            path="/monitors/${monitor:percentencode}",
            said="the monitor's page",
        ),
    ),
)
