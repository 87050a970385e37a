"""The variables of every dashboard, in one order, so that links carry them from one to the next."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from dashboards import DAEMON
from dashboards.snippets import ALL, CHOSEN, FEATURE, OF_MONITOR, OF_SEGMENTS, OF_VERSION
from monitor.names import VIEW_VALUES

PROMETHEUS = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
POSTGRES = model.DataSourceRef(type_val="grafana-postgresql-datasource", uid="${postgres}")
LOCAL = "http://127.0.0.1:9464"
"""Where a daemon listens that nobody told otherwise."""
_EVERY = model.VariableOption(selected=True, text=["All"], value=["$__all"])
_AUTO = model.VariableOption(selected=True, text="auto", value="auto")

CHECKS = f"""SELECT __text, __value FROM (
  SELECT 'auto' AS __text, 'auto' AS __value, 0 AS first, now() AS planned_at
  UNION ALL
  SELECT to_char(planned_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || monitor || ' ' || state, check_id, 1,
         planned_at
  FROM grafana_check_runs WHERE check_id IS NOT NULL AND {OF_MONITOR} AND {OF_VERSION} AND $__timeFilter(planned_at)
) c ORDER BY first, planned_at DESC LIMIT 500"""
FEATURES = f"""WITH {CHOSEN} SELECT __text, __value FROM (
  SELECT 'auto' AS __text, 'auto' AS __value, 3 AS level, 0::float8 AS moved
  UNION ALL
  SELECT feature, feature, level, abs(coalesce(model_part, 0)) + abs(coalesce(data_part, 0))
  FROM grafana_contributions JOIN chosen USING (check_id)) f ORDER BY level DESC, moved DESC LIMIT 500"""
PREDICTIONS = f"""WITH {FEATURE} SELECT __text, __value FROM (
  SELECT 'auto' AS __text, 'auto' AS __value, 0 AS first, 0::float8 AS size
  UNION ALL
  SELECT row_id, row_id, 1, abs(value) FROM grafana_attribution_values JOIN chosen c USING (check_id)
  JOIN wanted USING (feature) JOIN grafana_attributions a USING (check_id, row_id) WHERE {OF_SEGMENTS}
) p ORDER BY first, size DESC LIMIT 200"""

USED = {
    "exec": {"monitor", "view"},
    "oncall": {"monitor", "model_version", "view", "segment"},
    "debug": {"monitor", "model_version", "view", "segment", "feature", "check", "prediction"},
}
"""Which variables a reader of a dashboard can set; the others are carried along, out of sight."""


def variables(board: str) -> list[Builder[model.VariableModel]]:
    """All of one dashboard. `check`, `feature` and `prediction` are `auto` until somebody clicks on one."""
    hide = dict.fromkeys({"model_version", "view", "segment"} - USED[board], model.VariableHide.HIDE_VARIABLE)
    return [
        build.DatasourceVariable("datasource").label("Data Source").type("prometheus"),
        build.DatasourceVariable("postgres").label("PostgreSQL").type("grafana-postgresql-datasource"),
        _labels("monitor", "Monitor", "label_values(xdrift_monitor_info, monitor)", hide),
        _labels(
            "model_version", "Version", 'label_values(xdrift_monitor_info{monitor=~"$monitor"}, model_version)', hide
        ),
        build.CustomVariable("view")
        .label("View")
        .values(",".join(VIEW_VALUES))
        .multi(True)
        .include_all(True)
        .all_value(ALL)
        .current(_EVERY)
        .hide(hide.get("view", model.VariableHide.DONT_HIDE)),
        _labels(
            "segment", "Segment", 'label_values(xdrift_segment_drift_level{monitor=~"$monitor"}, segment)', hide
        ),
        *(_chosen(board, *one) for one in (
            ("feature", "Feature", FEATURES), ("check", "Check", CHECKS), ("prediction", "Prediction", PREDICTIONS)
        )),
        build.ConstantVariable(DAEMON).label("Address of the daemon's pages").value(LOCAL),
    ]  # fmt: skip


def _labels(name: str, label: str, query: str, hide: dict[str, model.VariableHide]) -> build.QueryVariable:
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(ALL)
        .current(_EVERY)
        .hide(hide.get(name, model.VariableHide.DONT_HIDE))
    )


def _chosen(board: str, name: str, label: str, query: str) -> Builder[model.VariableModel]:
    """On the debug dashboard a list, elsewhere a hidden text that only carries the choice."""
    if name not in USED[board]:
        text = build.TextBoxVariable(name).label(label).default_value("auto").current(_AUTO)
        return text.hide(model.VariableHide.HIDE_VARIABLE)
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(POSTGRES)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.DISABLED)
        .current(_AUTO)
    )
