"""Every query of every panel, on a real Prometheus that scraped the real daemon and on a real store of real checks."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

import dashboards
from dashboards.preview.grafana import sql
from dashboards.preview.run import Frame, Servers, frames, panels
from tests.dashboards.conftest import BROKEN, LIVE, Living
from tests.dashboards.history import NAME, REDACTED, SECRET
from tests.dashboards.queries import PROMQL
from tests.servers import binary

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]

_DAY = timedelta(days=1)
EMPTY: dict[tuple[str, int, str], str] = {
    ("exec", 10, "B"): "a slope is shown from a day of data on, and Prometheus is here for a minute",
}
"""(dashboard, panel, target) that answers nothing here, and why that is right."""
SHAPES: dict[str, tuple[str, ...]] = {
    "timeseries": ("time", "number"),
    "status-history": ("time", "number"),
    "heatmap": ("time", "number"),
    "stat": ("number",),
    "bargauge": ("number",),
    "barchart": ("string", "number"),
    "xychart": ("number", "number"),
    "table": (),
}
"""Kind of panel to the kinds of fields that it needs."""


def filled(found: list[Frame]) -> list[Frame]:
    return [one for one in found if one["fields"] and one["fields"][0]["values"]]


def misshapen(panel: dict[str, Any], found: list[Frame]) -> str | None:
    """Why a panel could not show what was answered."""
    for frame in found:
        kinds = [field["type"] for field in frame["fields"]]
        for kind in set(SHAPES[panel["type"]]):
            if kinds.count(kind) < SHAPES[panel["type"]].count(kind):
                return f"{kinds} has too few of {kind}"
        if panel["type"] == "status-history" and any(value is None for value in frame["fields"][1]["values"]):
            return "a status without a number"
    names = {field["name"] for frame in found for field in frame["fields"]}
    columns = {
        override["matcher"]["options"]
        for override in panel["fieldConfig"].get("overrides", [])
        if override["matcher"]["id"] == "byName"
    }
    if panel["type"] != "table":
        return None
    absent = {column for column in columns - names if column not in _unanswered(panel)}
    stray = names - columns - {"Time"} if "expr" in panel["targets"][0] else set()
    if absent and panel["title"] != "Firing now":  # alerts differ in the labels they have
        return f"columns {absent} are in no answer, only {names}"
    if stray - MAY_STAND_BESIDE:
        return f"columns {stray} that nobody asked for"
    return "; ".join(cut(panel, found)) or None


SMALL = 1280
"""Pixels of a window in which every table can still be read without scrolling sideways."""
LETTER, MARGIN, FILTER = 7.5, 14, 22
"""Pixels of a letter, of a cell's padding, and of the mark in its head that filters: Grafana's, in its usual font."""


def cut(panel: dict[str, Any], found: list[Frame]) -> list[str]:
    """Heads and words that their column is too narrow for, in widths shared out as Grafana does it."""
    properties: dict[str, dict[str, Any]] = {
        override["matcher"]["options"]: {prop["id"]: prop["value"] for prop in override["properties"]}
        for override in panel["fieldConfig"].get("overrides", [])
    }
    fields = {field["name"]: field for frame in found for field in frame["fields"]}
    if "expr" in panel["targets"][0]:
        fields.pop("Time", None)
    shown = [name for name in fields if not properties.get(name, {}).get("custom.hidden")]
    fixed = {name: float(properties.get(name, {}).get("custom.width", 0)) for name in shown}
    free = [name for name, width in fixed.items() if not width]
    room = SMALL * panel["gridPos"]["w"] / 24 - 26
    share = (room - sum(fixed.values())) / len(free) if free else 0.0
    wrong = []
    for name in shown:
        mine = properties.get(name, {})
        width = fixed[name] or share
        head = mine.get("displayName", name)
        told = mine.get("custom.cellOptions", {}).get("wrapText") or mine.get("custom.inspect")
        texts = [] if told else [one for one in fields[name]["values"] if isinstance(one, str)]
        longest = max(texts, key=len, default="")
        if len(head) * LETTER + MARGIN + FILTER > width or len(longest) * LETTER + MARGIN > width:
            wrong.append(f"{head!r} with {longest!r} in {width:.0f} pixels")
    return wrong


MAY_STAND_BESIDE = {"reason", "kind"}
"""Labels of some alerts."""


def _unanswered(panel: dict[str, Any]) -> set[str]:
    """Values of targets that are empty for a reason."""
    return {f"Value #{ref}" for _, number, ref in EMPTY if number == panel["id"]}


def answers(name: str, living: Living) -> dict[int, tuple[dict[str, Any], list[Frame]]]:
    document = dashboards.load(name)
    found = {}
    for panel in panels(document):
        if panel.get("targets"):
            live = "expr" in panel["targets"][0]
            servers: Servers = living.just_now() if live else living.servers()
            found[panel["id"]] = panel, frames(panel, document, servers)
    return found


@pytest.mark.parametrize("name", dashboards.NAMES)
def test_every_panel_answers_in_the_shape_it_needs(living: Living, name: str) -> None:
    wrong = []
    for number, (panel, found) in answers(name, living).items():
        full = {one["refId"] for one in filled(found)}
        empty = {target["refId"] for target in panel["targets"]} - full
        expected = {ref for board, at, ref in EMPTY if (board, at) == (name, number)}
        if empty != expected:
            wrong.append(f"{number} {panel['title']}: nothing from {empty}, expected of {expected}")
        elif full and (why := misshapen(panel, filled(found))):
            wrong.append(f"{number} {panel['title']}: {why}")

    assert wrong == []


def test_promtool_takes_every_expression(tmp_path: Path) -> None:
    """The parser follows Prometheus 3; Debian's promtool is 2.42."""
    rules = [{"record": f"panel:{number}", "expr": one.text} for number, one in enumerate(PROMQL)]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    ran = subprocess.run([binary("promtool"), "check", "rules", str(path)], capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(PROMQL)} rules found" in ran.stdout


def test_variables_offer_what_there_is(living: Living) -> None:
    assert {LIVE, BROKEN, NAME} <= set(labels(living, "xdrift_monitor_info", "monitor"))
    document = dashboards.load("debug")
    offered = {
        one["name"]: [value for _, value in living.rows(sql(one["query"], document, {}, living.servers().around))[1]]
        for one in document["templating"]["list"]
        if one["type"] == "query" and one["datasource"]["uid"] == "${postgres}"
    }

    assert offered.keys() == {"check", "feature", "prediction"}
    assert all(values[0] == "auto" and len(values) > 1 for values in offered.values())


def labels(living: Living, series: str, label: str) -> list[str]:
    from tests.servers import get

    found: list[str] = json.loads(get(f"{living.prometheus}/api/v1/label/{label}/values?match[]={series}"))["data"]
    return found


def test_marks_appear(living: Living) -> None:
    for name, panel in _marks().items():
        servers = living.just_now()
        found = frames({"targets": [panel]}, dashboards.load("oncall"), servers)
        assert filled(found), name


def _marks() -> dict[str, dict[str, Any]]:
    return {
        one["name"]: {"refId": "Anno", "expr": one["expr"], "format": "time_series", "legendFormat": one["textFormat"]}
        for one in dashboards.load("oncall")["annotations"]["list"]
        if "expr" in one
    }


def rows(living: Living, board: str, panel: int, **chosen: Any) -> list[dict[str, Any]]:
    """What a table shows, with the variables that clicks have set."""
    document = dashboards.load(board)
    (one,) = (found for found in panels(document) if found["id"] == panel)
    (frame,) = frames(one, document, living.servers(**chosen))
    names = [field["name"] for field in frame["fields"]]
    return [dict(zip(names, row, strict=True)) for row in zip(*(f["values"] for f in frame["fields"]), strict=True)]


def test_from_the_alert_to_the_prediction_by_the_values_that_clicks_carry(living: Living) -> None:
    verdict = next(row for row in rows(living, "oncall", 2) if row["monitor"] == NAME)
    assert verdict["state"] == "severe"
    assert "income" in verdict["sentence"] or "debt" in verdict["sentence"]

    clicked = {"monitor": (NAME,), "check": verdict["check_id"]}
    concluded = rows(living, "debug", 1, **clicked)
    said = {row["what"]: row["said"] for row in concluded}
    words = " ".join(row["said"] for row in concluded if row["what"] == "in words")
    assert {row["check_id"] for row in concluded} == {verdict["check_id"]}
    assert (words, said["level"]) == (verdict["sentence"], "severe")
    assert [row["said"] for row in concluded if row["what"] == "evidence"]
    worst = rows(living, "debug", 4, **clicked)[0]
    assert worst["level"] == 2

    clicked["feature"] = worst["feature"]
    assert {row["level"] for row in rows(living, "debug", 9, **clicked)} >= {2}
    prediction, *others = rows(living, "debug", 15, **clicked)
    assert abs(prediction["value"]) >= max(abs(row["value"]) for row in others)

    clicked["prediction"] = others[3]["row_id"]
    vector = {row["feature"]: row["recomputed"] for row in rows(living, "debug", 16, **clicked)}
    (one,) = rows(living, "debug", 21, **clicked)
    assert one["row_id"] == others[3]["row_id"]
    assert sum(vector.values()) + one["base_value"] == pytest.approx(one["prediction"], abs=1e-4)
    assert vector[worst["feature"]] == others[3]["value"]


def test_without_a_click_the_same_is_shown(living: Living) -> None:
    check = rows(living, "debug", 1, monitor=(NAME,))[0]
    newest = max(rows(living, "debug", 2, monitor=(NAME,)), key=lambda row: row["time"])
    worst = rows(living, "debug", 4, monitor=(NAME,))[0]["feature"]
    tests = rows(living, "debug", 9, monitor=(NAME,))

    assert check["check_id"] == newest["check_id"]
    assert tests == rows(living, "debug", 9, monitor=(NAME,), feature=worst)


def test_a_check_of_the_past_is_found_by_the_range_alone(living: Living) -> None:
    """Whoever looks at last week sees last week's cause: the range ends there."""
    document = dashboards.load("oncall")
    (panel,) = (one for one in panels(document) if one["id"] == 2)
    later = living.servers()
    day = living.today
    past = replace(later.around, end=day.replace(hour=1) - 4 * _DAY)
    before = replace(later, chosen={"monitor": (NAME,)}, around=past)
    (frame,) = frames(panel, document, before)
    found = {field["name"]: field["values"] for field in frame["fields"]}

    assert found["state"] == ["none"]


def test_a_reader_sees_no_secret_and_no_table(living: Living) -> None:
    from monitor.store.views import VIEWS

    with psycopg.connect(living.address, autocommit=True) as reader:
        for view in VIEWS:
            found = reader.execute(f"SELECT coalesce(string_agg(v::text, ' '), '') FROM {view} v".encode()).fetchone()
            assert found is not None
            assert SECRET not in found[0]
        for name in ("attributions", "checks", "explanation_errors", "counters"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"SELECT * FROM {name}".encode())
        values = reader.execute(
            "SELECT count(*) FROM grafana_feature_hist WHERE kind = 'input' AND (monitor, feature) = (%s, %s)",
            (NAME, REDACTED),
        ).fetchone()
        assert values == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("CREATE TABLE mine (n int)")
