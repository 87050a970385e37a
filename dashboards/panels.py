"""From our tables to Grafana's model of a dashboard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards import NAMES, UIDS
from dashboards.annotations import marks
from dashboards.fields import empty_cells, link, mappings, override, thresholds
from dashboards.kinds import CUSTOM, OPTIONS
from dashboards.model import Board, Panel, Prom, Query, Sql
from dashboards.palette import NEUTRAL
from dashboards.variables import POSTGRES, PROMETHEUS, variables

PLUGIN_VERSION = "11.6.0"
"""Of the panels whose options are written here; newer versions of Grafana move them on from there."""
SCHEMA_VERSION = 41
TITLES = {"exec": "Trust and cost", "oncall": "What is broken now", "debug": "Why"}


class SqlQuery(Dataquery):
    """A target of the PostgreSQL data source, which the SDK has no class for."""

    def __init__(self, query: Sql, ref_id: str) -> None:
        self._query, self._ref_id = query, ref_id

    def to_json(self) -> dict[str, object]:
        return {
            "refId": self._ref_id,
            "datasource": POSTGRES,
            "editorMode": "code",
            "format": self._query.format,
            "rawQuery": True,
            "rawSql": self._query.sql,
        }


class _SqlBuilder(Builder[Dataquery]):
    def __init__(self, query: Sql, ref_id: str) -> None:
        self._built = SqlQuery(query, ref_id)

    def build(self) -> Dataquery:
        return self._built


def document(board: Board) -> dict[str, Any]:
    """A dashboard in the classic JSON model."""
    made = (
        build.Dashboard(board.title)
        .uid(UIDS[board.name])
        .description(board.description)
        .tags(["xdrift", "generated"])
        .readonly()
        .timezone("utc")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time(board.since, "now")
        .refresh(board.refresh)
        .links([*(_to(name) for name in NAMES if name != board.name), _to_daemon()])
        .variables(variables(board.name))
        .annotations(marks())
    )
    number = 1000
    for row in board.rows:
        number += 1
        made.with_row(build.Row(row.title).id(number))
        for panel in row.panels:
            made.with_panel(_panel(panel))
    plain: dict[str, Any] = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    for variable in plain["templating"]["list"]:
        if variable["type"] == "constant":
            variable |= {"hide": 2, "skipUrlSync": True}
        # The SDK writes them for every variable: they belong to intervals, the last one to newer versions of Grafana.
        for name in ("auto", "auto_min", "auto_count", "allowCustomValue"):
            variable.pop(name, None)
    return plain | {"id": None, "schemaVersion": SCHEMA_VERSION}


def _to(name: str) -> build.DashboardLink:
    made = build.DashboardLink(TITLES[name]).type(model.DashboardLinkType.LINK).url(f"/d/{UIDS[name]}")
    return made.icon("dashboard").include_vars(True).keep_time(True).tooltip("Same variables, same time")


def _to_daemon() -> build.DashboardLink:
    made = build.DashboardLink("The daemon's pages").type(model.DashboardLinkType.LINK).url("${daemon:raw}/")
    return made.icon("external link").target_blank(True).tooltip("Verdicts and predictions, with redacted inputs")


def _panel(panel: Panel) -> build.Panel:
    custom = {**CUSTOM[panel.kind], **(panel.custom or {})}
    options = {**OPTIONS[panel.kind], **(panel.options or {})}
    if panel.kind == "text":
        options["content"] = panel.content
    made = (
        build.Panel()
        .id(panel.id)
        .type(panel.kind)
        .plugin_version(PLUGIN_VERSION)
        .title(panel.title)
        .description(panel.description)
        .height(panel.height)
        .span(panel.width)
        .options(options)
        .custom(custom)
        .unit(panel.unit)
        .color_scheme(_colour(panel))
        .thresholds(thresholds(panel.scale))
        .mappings(mappings(panel.scale))
        .transformations([model.DataTransformerConfig(id_val=name, options=dict(how)) for name, how in _moves(panel)])
        .overrides([*empty_cells(panel), *(override(column) for column in panel.columns)])
        .targets([_target(query, chr(ord("A") + place)) for place, query in enumerate(panel.queries)])
    )
    if panel.queries:
        made.datasource(PROMETHEUS if isinstance(panel.queries[0], Prom) else POSTGRES)
    for setter, value in ((made.min, panel.min), (made.max, panel.max), (made.decimals, panel.decimals)):
        if value is not None:
            setter(value)
    if panel.no_value:
        made.no_value(panel.no_value)
    if panel.interval:
        made.interval(panel.interval)
    if panel.links:
        made.data_links([link(one) for one in panel.links])
    return made


def _colour(panel: Panel) -> build.FieldColor:
    """Judged panels take the colour of their thresholds, all others shades of one neutral colour."""
    judged = panel.scale is not None
    made = build.FieldColor()
    if judged:
        return made.mode(model.FieldColorModeId.THRESHOLDS)
    mode = (
        model.FieldColorModeId.FIXED if panel.kind in ("stat", "bargauge", "table") else model.FieldColorModeId.SHADES
    )
    return made.mode(mode).fixed_color("text" if panel.kind in ("stat", "table") else NEUTRAL)


def _moves(panel: Panel) -> list[tuple[str, Mapping[str, Any]]]:
    """Transformations; a table of Prometheus has its columns in the order of ours, and only those."""
    moves = list(panel.transformations)
    if panel.kind == "table" and panel.queries and isinstance(panel.queries[0], Prom):
        if len(panel.queries) > 1:
            moves.append(("merge", {}))
        shown = [column.name for column in panel.columns]
        order = {name: place for place, name in enumerate(shown)}
        moves.append(("organize", {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": {}}))
    return moves


def _target(query: Query, ref_id: str) -> Builder[Any]:
    if isinstance(query, Sql):
        return _SqlBuilder(query, ref_id)
    made = prometheus.Dataquery().ref_id(ref_id).datasource(PROMETHEUS).expr(query.expr)
    made = made.format(PromQueryFormat(query.format)).legend_format(query.legend or "__auto").exemplar(query.exemplar)
    if query.step:
        made.interval(query.step)
    return made.instant() if query.instant else made.range()
