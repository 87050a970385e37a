"""Marks on every time axis: what happened, from Prometheus, so that they are there whatever the store is."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.palette import BAD, NEUTRAL, UNKNOWN
from dashboards.snippets import MONITOR
from dashboards.variables import PROMETHEUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    name: str
    expr: str
    title: str
    text: str
    colour: str
    at_value: bool = False
    """The value is the moment, in milliseconds; otherwise a mark spans the time in which there is a value."""


MARKS = (
    Mark(
        name="Deployments",
        expr=f"max by (monitor, model_version) (xdrift_model_deployed_timestamp_seconds{{{MONITOR}}}) * 1000",
        title="Model version in force",
        text="{{monitor}}: {{model_version}}",
        colour=NEUTRAL,
        at_value=True,
    ),
    Mark(
        name="References",
        expr=f"max by (monitor) (xdrift_reference_created_timestamp_seconds{{{MONITOR}}}) * 1000",
        title="Reference made",
        text="{{monitor}}",
        colour="purple",
        at_value=True,
    ),
    Mark(
        name="Maintenance",
        expr=f"max by (monitor) (xdrift_monitor_maintenance{{{MONITOR}}}) == 1",
        title="Maintenance",
        text="{{monitor}}: drift is expected",
        colour=UNKNOWN,
    ),
    Mark(
        name="Firing alerts",
        expr='max by (alertname, monitor, severity) (ALERTS{alertstate="firing",alertname=~"Explanation.*",'
        'alertname!="ExplanationMigrationInProgress",monitor=~"$monitor|"})',
        title="{{alertname}}",
        text="{{monitor}} {{severity}}",
        colour=BAD,
    ),
)


class PrometheusMark(model.AnnotationQuery):
    """With the fields of the Prometheus data source, which the SDK's class lacks."""

    def __init__(self, mark: Mark) -> None:
        super().__init__(name=mark.name, datasource=PROMETHEUS, icon_color=mark.colour, expr=mark.expr)
        self._mark = mark

    def to_json(self) -> dict[str, object]:
        return super().to_json() | {
            "titleFormat": self._mark.title,
            "textFormat": self._mark.text,
            "step": "60s",
            "useValueForTime": self._mark.at_value,
        }


class _Mark(Builder[model.AnnotationQuery]):
    def __init__(self, built: model.AnnotationQuery) -> None:
        self._built = built

    def build(self) -> model.AnnotationQuery:
        return self._built


def marks() -> list[Builder[model.AnnotationQuery]]:
    """Grafana's own, level changes that the daemon pushed, and the marks above."""
    grafana = model.DataSourceRef(type_val="grafana", uid="-- Grafana --")
    own = build.AnnotationQuery().name("Annotations & Alerts").datasource(grafana).enable(True).hide(True)
    pushed = build.AnnotationQuery().name("Levels, as pushed").datasource(grafana).enable(True)
    tagged = build.AnnotationTarget().limit(100).match_any(False).tags(["xdrift", "level"]).type("tags")
    return [
        own.icon_color(NEUTRAL).type("dashboard").built_in(1),
        pushed.icon_color("dark-purple").target(tagged),
        *(_Mark(PrometheusMark(mark)) for mark in MARKS),
    ]
