"""HTML, Markdown and JSON: escaped, complete in one file, small, and the same facts in all."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from monitor.reports import charts, render
from monitor.reports.build import fleet_report
from monitor.reports.model import FeatureTrend, FleetReport, MonitorReport, Part
from monitor.reports.swarms import swarms
from monitor.store.reported import Counted, SwarmRow
from monitor.types import Attributions, ExplainerRef, Level, Maintenance, Reference
from tests.reports.records import DAY, NOW, WEEK, activation, budget, check, facts, feature, monitor, settings

HOSTILE = '"><script>alert(1)</script>&lt;b&gt;|`[x](javascript:1)'


class Reader(HTMLParser):
    """What a browser would fetch, run and show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.shown: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []  # type: ignore[list-item]
        self.fetched += [f"{tag} {name}" for name in ("src", "srcset", "action", "xlink:href") if name in given]
        self.fetched += ["handler" for name in given if name.startswith("on")]
        if "href" in given:
            (self.links if tag == "a" else self.fetched).append(given["href"] or "")

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def hostile_fleet() -> FleetReport:
    """Every text that comes from outside is hostile."""
    given = settings(owner=HOSTILE)
    line = monitor(model=HOSTILE, owner=HOSTILE)
    raised = check(0, level=2, sentence=f"The data changed: {HOSTILE} counts 2.0x more.", model_version=HOSTILE)
    declared = Maintenance(monitor="credit", start=WEEK.start, until=WEEK.start + DAY, author=HOSTILE, reason=HOSTILE)
    found = facts(
        raised, check(1, level=1, verdict="model", sentence=HOSTILE),
        monitors=(line,), features=(feature(0, HOSTILE, 3.0), feature(1, HOSTILE)), maintenances=(declared,),
        activations=(activation(WEEK.start + DAY, author=HOSTILE, reason=HOSTILE),),
        skipped=(Counted(monitor="credit", word=HOSTILE, detail="", n=1),),
        errors=(Counted(monitor="credit", word="input", detail=HOSTILE, n=1),),
        budgets={"credit": (budget("drift", -1.0),)},
    )  # fmt: skip
    return fleet_report(given, found, {}, week=WEEK, now=NOW, version="0")


@pytest.fixture(scope="module")
def hostile() -> FleetReport:
    fleet = hostile_fleet()
    one = replace(
        fleet.monitors[0],
        parts=(Part(feature=HOSTILE, model_part=1.0, data_part=-0.5),),
        swarms=swarms(reference((HOSTILE,), 20), rows((HOSTILE,), 20)),
        evidence=(HOSTILE,),
    )
    return replace(fleet, monitors=(one,))


def reference(names: tuple[str, ...], n: int) -> Reference:
    values = np.random.default_rng(1).normal(size=(n, len(names)))
    explainer = ExplainerRef(engine="e", exact=True, scale="s", class_index=None, config={}, libraries={}, digest="d")
    return Reference(
        id="r", monitor="credit", row_ids=tuple(map(str, range(n))), periods=None, holdout_digest="h",
        model_digest="m", model_version="1", model_libraries={}, input_profiles=(), created_at=NOW, author="a",
        reason="r",
        attributions=Attributions(
            values=values, base_values=np.zeros((n, 1)), predictions=np.zeros((n, 1)), feature_names=names,
            explainer=explainer, additivity_gap=0.0,
        ),
    )  # fmt: skip


def rows(names: tuple[str, ...], n: int, **inputs: Any) -> list[SwarmRow]:
    values = np.random.default_rng(2).normal(size=(n, len(names)))
    return [
        SwarmRow(values=dict(zip(names, row, strict=True)), inputs={**dict(zip(names, row, strict=True)), **inputs},
                 prediction=0.0)
        for row in values.tolist()
    ]  # fmt: skip


def test_only_features_that_raised_a_level_and_changed_their_place_are_coloured_as_moved() -> None:
    """Small features change places every week by chance: lines that are all coloured say nothing."""

    def trend(name: str, level: Level, *ranks: int) -> FeatureTrend:
        levels: tuple[Level, ...] = (0, level)
        return FeatureTrend(feature=name, levels=levels, importances=(1.0, 1.0), ranks=ranks)

    found = [trend("swapped", 0, 3, 4), trend("stayed", 2, 2, 2), trend("moved", 1, 4, 1), trend("passed by", 0, 1, 3)]
    drawn = charts.bump("bump", "t", "d", found, ["2026-W45", "2026-W46"])

    groups = re.findall(r'<g class="(line[^"]*)"><title>([^<]*)</title>', drawn)
    assert {name for kind, name in groups if "moved" in kind.split()} == {"moved"}


def pages(fleet: FleetReport) -> list[str]:
    return [render.fleet_html(fleet), render.monitor_html(fleet.monitors[0], fleet), render.summary(fleet)[2]]


def test_nothing_hostile_becomes_markup(hostile: FleetReport) -> None:
    for html in pages(hostile):
        reader = read(html)
        assert "script" not in reader.tags
        assert not any(link.startswith("javascript") for link in reader.links)
        assert "<script>alert(1)</script>" in "".join(reader.shown)


def test_a_page_fetches_nothing_and_runs_nothing(hostile: FleetReport) -> None:
    for html in pages(hostile):
        assert read(html).fetched == []
        assert "url(" not in html
        assert "@import" not in html


def test_ids_are_unique_and_every_chart_has_a_title_and_a_description(hostile: FleetReport) -> None:
    html = render.monitor_html(hostile.monitors[0], hostile)
    reader = read(html)

    assert len(reader.ids) == len(set(reader.ids))
    charts = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(charts) == 5
    for chart in charts:
        drawn = ET.fromstring(chart)  # well-formed XML
        assert drawn.get("role") == "img"
        named = {each.get("id") for each in drawn.iter() if each.get("id")}
        assert named == set((drawn.get("aria-labelledby") or "").split())
        assert all((each.text or "").strip() for each in drawn if each.tag in ("title", "desc"))


def test_markdown_shows_hostile_text_as_text(hostile: FleetReport) -> None:
    for text in (render.monitor_markdown(hostile.monitors[0], hostile), render.fleet_markdown(hostile)):
        assert not re.search(r"(?<!\\)<script", text)
        assert not re.search(r"(?<!\\)\]\(javascript", text)
        for line in text.splitlines():
            if line.startswith("|"):
                cells = re.split(r"(?<!\\)\|", line)
                assert len(cells) in (4, 5, 6, 10), line


def test_json_is_strict_and_holds_no_points(hostile: FleetReport) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    for one in (hostile, hostile.monitors[0]):
        found = json.loads(render.as_json(one), parse_constant=refuse)
        assert "swarms" not in json.dumps(found)
    assert json.loads(render.as_json(hostile))["monitors"][0]["story"][0].startswith("The data changed")


def test_all_forms_tell_the_same_story(hostile: FleetReport) -> None:
    one = hostile.monitors[0]
    shown = " ".join("".join(read(render.monitor_html(one, hostile)).shown).split())
    plain = re.sub(r"\\(.)", r"\1", render.monitor_markdown(one, hostile))

    for sentence in (*one.story, *(each.text for each in one.decisions), *one.questions):
        assert sentence in shown
        assert sentence in plain


def wide(features: int) -> tuple[FleetReport, MonitorReport]:
    names = tuple(f"feature_{number:03d}" for number in range(features))
    lines = [check(back, level=back % 3) for back in range(26)]
    many = tuple(feature(back, name, 1.0 + place / 9) for back in range(26) for place, name in enumerate(names))
    fleet = fleet_report(settings(), facts(*lines, features=many), {}, week=WEEK, now=NOW, version="0")
    drawn = replace(fleet.monitors[0], swarms=swarms(reference(names, 2000), rows(names, 250)))
    return fleet, drawn


def test_half_a_year_of_two_hundred_features_is_far_below_two_megabytes() -> None:
    fleet, one = wide(200)

    assert len(render.monitor_html(one, fleet).encode()) < 400_000
    assert len(one.features) == 15


def test_a_page_with_links_leads_to_the_daemon_and_to_its_neighbours() -> None:
    given = settings().model_copy(
        update={"server": settings().server.model_copy(update={"external_url": "https://xdrift.internal/"})}
    )
    fleet = fleet_report(given, facts(check(0, level=2)), {}, week=WEEK, now=NOW, version="0")

    links = read(render.monitor_html(fleet.monitors[0], fleet, extra="../evidently/credit.html")).links

    assert "../index.html" in links
    assert "https://xdrift.internal/monitors/credit" in links
    assert f"https://xdrift.internal/checks/{fleet.monitors[0].checks[0].id}" in links
    assert "../evidently/credit.html" in links
    assert read(render.fleet_html(fleet)).links.count("monitors/credit.html") == 2


def test_ranks_are_shown_only_of_values_that_have_an_order() -> None:
    (plain,) = swarms(reference(("a",), 30), rows(("a",), 30))
    (kept_back,) = swarms(reference(("a",), 30), rows(("a",), 30, a="[redacted]"))
    (constant,) = swarms(reference(("a",), 30), rows(("a",), 30, a=7.0))

    values, ranks = np.array(plain.now.values), np.array(plain.now.ranks, dtype=float)
    assert np.corrcoef(np.argsort(np.argsort(values)), ranks)[0, 1] == pytest.approx(1.0)
    assert 0 < ranks.min() < ranks.max() < 1
    assert set(kept_back.now.ranks) == set(constant.now.ranks) == {None}
    assert set(plain.then.ranks) == {None}
