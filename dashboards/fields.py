"""How values are shown: thresholds, words, overrides of single fields, links."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards.kinds import COLOURED
from dashboards.model import Column, Link, Panel, Scale, Steps


def thresholds(scale: Scale | None) -> build.ThresholdsConfig:
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(_steps(scale.steps if scale else ()))


def _steps(steps: Steps) -> list[model.Threshold]:
    return [model.Threshold(value=value, color=colour) for value, colour in steps or ((None, "text"),)]


def mappings(scale: Scale | None) -> list[Any]:
    if scale is None or scale.words is None:
        return []
    shown = {
        word: model.ValueMappingResult(text=text, color=colour, index=place)
        for place, (word, (text, colour)) in enumerate(scale.words.items())
        if word != "null"
    }
    found: list[Any] = [model.ValueMap(options=shown)] if shown else []
    if "null" in scale.words:
        text, colour = scale.words["null"]
        result = model.ValueMappingResult(text=text, color=colour, index=len(shown))
        options = build.DashboardSpecialValueMapOptions().match(model.SpecialValueMatch.NULL_AND_NAN).result(result)
        found.append(model.SpecialValueMap(options=options.build()))
    return found


def empty_cells(panel: Panel) -> list[build.DashboardFieldConfigSourceOverrides]:
    """What a table says when it has no rows must not stand in its empty cells."""
    if panel.kind != "table" or not panel.no_value:
        return []
    everything = model.MatcherConfig(id_val="byRegexp", options="/.*/")
    made = build.DashboardFieldConfigSourceOverrides().matcher(everything)
    return [made.properties([model.DynamicConfigValue(id_val="noValue", value="–")])]


def override(column: Column) -> build.DashboardFieldConfigSourceOverrides:
    properties: list[tuple[str, Any]] = []
    if column.title:
        properties.append(("displayName", column.title))
    if column.unit:
        properties.append(("unit", column.unit))
    if column.decimals is not None:
        properties.append(("decimals", column.decimals))
    if column.width is not None:
        properties.append(("custom.width", column.width))
    if column.hidden:
        properties.append(("custom.hidden", True))
    custom = {**(COLOURED if column.scale and not column.custom else {}), **(column.custom or {})}
    properties += [(f"custom.{name}", value) for name, value in custom.items()]
    if column.scale is not None:
        steps = [{"value": value, "color": colour} for value, colour in column.scale.steps]
        properties += [
            ("color", {"mode": "thresholds"}),
            ("thresholds", {"mode": "absolute", "steps": steps}),
            ("mappings", mappings(column.scale)),
        ]
    if column.colour:
        properties.append(("color", {"mode": "fixed", "fixedColor": column.colour}))
    if column.links:
        properties.append(("links", [_as_property(link) for link in column.links]))
    matcher = model.MatcherConfig(id_val="byRegexp" if column.regex else "byName", options=column.name)
    made = build.DashboardFieldConfigSourceOverrides().matcher(matcher)
    return made.properties([model.DynamicConfigValue(id_val=name, value=value) for name, value in properties])


def _as_property(link: Link) -> dict[str, Any]:
    return {"title": link.title, "url": link.url, "targetBlank": link.new_tab}


def link(link: Link) -> build.DashboardLink:
    made = build.DashboardLink(link.title).type(model.DashboardLinkType.LINK)
    return made.url(link.url).target_blank(link.new_tab)
