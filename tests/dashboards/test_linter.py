"""The rules of Grafana's dashboard linter, and ours, as tests. What is excluded has its reason beside it."""

from __future__ import annotations

import json
import re
from typing import Any

import promql_parser
import pytest

import dashboards
from dashboards.palette import BAD, FAILED, GOOD, NEUTRAL, SHADES, SKIPPED, UNKNOWN, WARNING
from dashboards.preview.run import panels
from dashboards.snippets import ALL, ORDER
from dashboards.variables import USED
from tests.dashboards.queries import PROMQL, Asked, selectors

DOCUMENTS = {name: dashboards.load(name) for name in dashboards.NAMES}
PANELS = [(name, panel) for name, document in DOCUMENTS.items() for panel in panels(document)]
EVERY_PANEL = pytest.mark.parametrize(
    ("name", "panel"), PANELS, ids=[f"{name}-{panel['id']}" for name, panel in PANELS]
)
EVERY_BOARD = pytest.mark.parametrize("name", dashboards.NAMES)

# Not applied: the linter wants variables job and instance in every query. Instances are aggregated away here, because
# replicas export the same series, and a monitor belongs to one job. It wants one data source: rows come from a second.
FIXED_RANGES = {
    "[7d]": "the slope of a trend is that of a week, whatever the range looked at",
    "[1w]": "alerts are counted by week",
}
UNITS = frozenset({"short", "percentunit", "s", "currencyUSD", "sci", "dateTimeFromNow"})
"""Ids of Grafana's units; a misspelt one would be shown as a suffix."""
NAMED_BY_LEVEL = {("exec", 9): "its three series are the levels themselves"}
"""Panels with colours of verdicts on series that are no values."""


@EVERY_PANEL
def test_a_panel_says_what_it_shows(name: str, panel: dict[str, Any]) -> None:
    assert panel["title"].strip()
    assert panel["title"] == panel["title"].strip().rstrip(".")
    assert panel["description"].endswith("."), panel["description"]
    assert len(panel["description"]) > 20


@EVERY_PANEL
def test_a_panel_has_a_unit_that_grafana_knows(name: str, panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    overridden = [
        prop["value"]
        for override in panel["fieldConfig"].get("overrides", [])
        for prop in override["properties"]
        if prop["id"] == "unit"
    ]

    assert defaults["unit"] in UNITS
    assert set(overridden) <= UNITS


@EVERY_PANEL
def test_a_panel_asks_one_of_the_two_data_source_variables(name: str, panel: dict[str, Any]) -> None:
    if panel["type"] == "text":
        assert not panel.get("targets")
        return
    uids = {target["datasource"]["uid"] for target in panel["targets"]} | {panel["datasource"]["uid"]}

    assert len(uids) == 1
    assert uids <= {"${datasource}", "${postgres}"}


@EVERY_BOARD
def test_a_dashboard_cannot_be_edited_and_keeps_its_name(name: str) -> None:
    document = DOCUMENTS[name]

    assert document["uid"] == f"xdrift-{name}" == dashboards.UIDS[name]
    assert document["editable"] is False
    assert document["id"] is None
    assert "version" not in document
    assert document["schemaVersion"] == 41
    assert document["tags"] == ["xdrift", "generated"]


@EVERY_BOARD
def test_panels_have_ids_of_their_own_and_do_not_overlap(name: str) -> None:
    found = [*panels(DOCUMENTS[name]), *(one for one in DOCUMENTS[name]["panels"] if one["type"] == "row")]
    ids = [panel["id"] for panel in found]
    cells = [
        (x, y)
        for panel in found
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(ids) == len(set(ids))
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


@EVERY_BOARD
def test_lines_of_panels_fill_the_width(name: str) -> None:
    widths: dict[int, int] = {}
    for panel in panels(DOCUMENTS[name]):
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]

    assert set(widths.values()) == {24}, widths


@EVERY_BOARD
def test_variables_come_in_one_order_and_all_can_be_carried(name: str) -> None:
    found = DOCUMENTS[name]["templating"]["list"]

    assert tuple(one["name"] for one in found) == (*ORDER, "daemon")
    assert found[0]["label"] == "Data Source"
    assert all(one.get("label") for one in found)
    assert found[-1] | {"hide": 2} == found[-1], "the address of the daemon is nobody's choice"
    assert not any(one.get("skipUrlSync") for one in found[:-1])


@EVERY_BOARD
def test_lists_of_values_follow_the_time_range(name: str) -> None:
    queries = [one for one in DOCUMENTS[name]["templating"]["list"] if one["type"] == "query"]

    assert {one["refresh"] for one in queries} == {2}


@EVERY_BOARD
def test_all_means_everything_also_where_no_list_knows_it(name: str) -> None:
    several = [one for one in DOCUMENTS[name]["templating"]["list"] if one.get("includeAll")]

    assert [one["name"] for one in several] == ["monitor", "model_version", "view", "segment"]
    assert {one["allValue"] for one in several} == {ALL}


@EVERY_BOARD
def test_a_variable_that_can_be_seen_is_used_and_one_that_is_used_can_be_seen(name: str) -> None:
    text = json.dumps([panel.get("targets", []) for panel in panels(DOCUMENTS[name])])
    seen = {one["name"] for one in DOCUMENTS[name]["templating"]["list"] if one.get("hide") != 2}
    used = {variable for variable in ORDER[2:] if re.search(rf"\$\{{?{variable}\b", text)}

    assert used == USED[name] == seen - {"datasource", "postgres", "daemon"}


@pytest.mark.parametrize("one", PROMQL, ids=str)
def test_promql_parses(one: Asked) -> None:
    promql_parser.parse(one.text)


@pytest.mark.parametrize("one", PROMQL, ids=str)
def test_totals_are_only_seen_as_growth(one: Asked) -> None:
    for series, around in selectors(promql_parser.parse(one.text)):
        if series.endswith(("_total", "_bucket", "_count", "_sum")):
            assert {"rate", "increase"} & set(around), series


@pytest.mark.parametrize("one", PROMQL, ids=str)
def test_rates_take_the_time_that_fits_the_scrapes(one: Asked) -> None:
    ranges = set(re.findall(r"\[[^\]]+\]", one.raw))

    assert ranges <= {"[$__rate_interval]", *FIXED_RANGES}


@pytest.mark.parametrize("one", PROMQL, ids=str)
def test_replicas_are_counted_once(one: Asked) -> None:
    """Durable series are the same on every replica: without an aggregation each replica would be a line of its own."""
    if one.where.startswith("variable"):
        return
    for series, around in selectors(promql_parser.parse(one.text)):
        assert "aggregation" in around, series


@EVERY_PANEL
def test_colours_of_verdicts_are_for_what_was_judged(name: str, panel: dict[str, Any]) -> None:
    judged = {GOOD, WARNING, BAD}
    words = json.dumps(panel["fieldConfig"])
    used = set(re.findall(r'"(?:color|fixedColor)": ?"([^"]+)"', words))
    known = {*judged, UNKNOWN, FAILED, SKIPPED, NEUTRAL, "text", "purple", *SHADES}

    assert used <= known, used - known
    if used & judged:
        assert '"mode": "thresholds"' in words or (name, panel["id"]) in NAMED_BY_LEVEL
    else:
        assert panel["fieldConfig"]["defaults"]["color"]["mode"] in ("shades", "fixed")


@EVERY_PANEL
def test_nothing_known_is_never_green(name: str, panel: dict[str, Any]) -> None:
    """A level, budget or state that is missing is grey."""
    for where in (panel["fieldConfig"]["defaults"], *_overrides(panel)):
        mapped = [one for one in where.get("mappings", []) if one["type"] == "special"]
        for one in mapped:
            assert one["options"]["result"]["color"] == UNKNOWN


def _overrides(panel: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {prop["id"]: prop["value"] for prop in override["properties"]}
        for override in panel["fieldConfig"].get("overrides", [])
    ]


@EVERY_BOARD
def test_links_keep_variables_and_time(name: str) -> None:
    boards = [link for link in DOCUMENTS[name]["links"] if link["url"].startswith("/d/")]

    assert {link["url"] for link in boards} == {f"/d/{uid}" for other, uid in dashboards.UIDS.items() if other != name}
    assert all(link["includeVars"] and link["keepTime"] for link in boards)


@EVERY_BOARD
def test_marks_show_what_happened(name: str) -> None:
    marks = {one["name"]: one for one in DOCUMENTS[name]["annotations"]["list"]}

    assert {"Deployments", "References", "Maintenance", "Firing alerts", "Levels, as pushed"} <= marks.keys()
    assert all(one["enable"] for one in marks.values())


@EVERY_PANEL
def test_the_title_of_a_column_is_no_other_columns_name(name: str, panel: dict[str, Any]) -> None:
    """An override by name matches what is shown as well: it would take both columns."""
    named = {o["matcher"]["options"] for o in panel["fieldConfig"].get("overrides", [])}
    titles = [one["displayName"] for one in _overrides(panel) if "displayName" in one]

    assert len(titles) == len(set(titles))
    assert not named & set(titles)


@EVERY_PANEL
def test_what_an_empty_table_says_does_not_stand_in_its_cells(name: str, panel: dict[str, Any]) -> None:
    if panel["type"] == "table" and panel["fieldConfig"]["defaults"].get("noValue"):
        assert _overrides(panel)[0] == {"noValue": "–"}
