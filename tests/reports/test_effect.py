"""How bad a raised week was, and why nobody was told: what the records hold, in words for people who know no PSI."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.reports import render
from monitor.reports.build import fleet_report, headlines
from monitor.reports.model import FleetReport
from monitor.store.reported import CheckLine, TelemetryDay
from monitor.types import Check, ExplainerRef, Window
from tests.reports.records import DAY, NOW, WEEK, check, facts, feature, monitor, on, settings
from tests.reports.test_story import with_evidence
from tests.store.conftest import profile

CHANNEL = {"name": "chat", "url": "http://127.0.0.1:1/"}


def fleet(*checks: CheckLine, psi: float | None = None, channels: bool = False, **more: Any) -> FleetReport:
    parts: dict[str, Check] = {}
    for line in checks[:1]:
        drift = {} if psi is None else {"age": 3.0, "__prediction__": psi}
        parts = {line.id: replace(with_evidence(line, "x")[line.id], input_drift=drift)}
    given = settings(**more.pop("monitor_settings", {}))
    if channels:
        given = given.model_validate({**given.model_dump(mode="json"), "channels": [CHANNEL]})
    return fleet_report(given, facts(*checks, **more), parts, week=WEEK, now=NOW, version="0")


def said(found: FleetReport) -> str:
    return " ".join(found.monitors[0].story)


def logged(back: int, predictions: int, adverse: int) -> TelemetryDay:
    return TelemetryDay(
        monitor="credit", day=WEEK.plus(-back).start + DAY, model_version="1", predictions=predictions, left_out=0,
        explained=0, explanations=0, errors=0, slow=0, adverse=adverse, compute_seconds=0.0, cost=0.0,
        payload_bytes=0.0, sources={}, latency=(0,) * 20,
    )  # fmt: skip


def test_a_pipeline_fault_says_how_many_predictions_were_made_on_wrong_values() -> None:
    found = fleet(check(0, level=2, verdict="pipeline", n_seen=4812))

    assert "Up to 4,812 predictions were made on these values." in said(found)


def test_predictions_of_windows_that_overlap_count_once() -> None:
    last = check(0, level=2, n_seen=700)
    earlier = on(last, id="b", planned_at=WEEK.end - DAY, window=Window(start=WEEK.start - DAY, end=WEEK.end - DAY))

    assert "The checks that found it looked at 700 predictions." in said(fleet(last, earlier))


def test_a_quiet_week_says_nothing_of_it() -> None:
    assert "predictions" not in said(fleet(check(0, n_seen=700), psi=0.5)).replace("recent predictions", "")


@pytest.mark.parametrize(("psi", "moved"), [(0.31, "moved too"), (0.04, "hardly moved")])
def test_it_says_whether_predictions_moved_and_what_psi_is(psi: float, moved: str) -> None:
    found = said(fleet(check(0, level=2), psi=psi))

    assert (
        f"The predictions themselves {moved}: population stability index (PSI) {psi}, which is 0 where two "
        "distributions are alike and counts as a shift from 0.2." in found
    )


def test_it_says_how_far_the_mean_of_predictions_moved_since_the_last_quiet_check() -> None:
    line, quiet = check(0, level=2), check(3)
    lines = (line, check(1, level=1), quiet)

    def told(then: str = "probability") -> str:
        parts = {
            one.id: replace(
                with_evidence(one, "x")[one.id], input_drift={"__prediction__": 0.3},
                explainer=ExplainerRef(engine="e", exact=True, scale=scale, class_index=None, config={}, libraries={},
                                       digest="d"),
                profiles=(profile(kind="prediction", feature="__prediction__", mean=mean),),
            )
            for one, scale, mean in ((line, "probability", 0.31), (quiet, then, 0.18))
        }  # fmt: skip
        assert set(headlines(facts(*lines), WEEK)) == set(parts)
        return said(fleet_report(settings(), facts(*lines), parts, week=WEEK, now=NOW, version="0"))

    assert (
        "counts as a shift from 0.2. They are 0.310 on average (probability), 0.180 in the last quiet check." in told()
    )
    assert "They are 0.310 on average (probability)." in told(then="margin")  # another scale: no comparison


def test_without_the_number_nothing_is_said_of_predictions_that_moved() -> None:
    assert "themselves" not in said(fleet(check(0, level=2)))
    assert "themselves" not in said(fleet(check(0, level=2), psi=float("nan")))


def test_adverse_decisions_are_held_against_the_last_week_before_it_began() -> None:
    telemetry = {"telemetry": {"path": "log.jsonl", "adverse_classes": ["deny"]}}
    days = (logged(2, 1000, 200), logged(1, 1000, 300), logged(0, 1000, 310))

    found = fleet(check(0, level=2), check(1, level=2), check(2), days=days, monitor_settings=telemetry)

    assert "Of the decisions in the explanation log 31% were adverse, 20% in 2026-W44 before it began." in said(found)
    silent = {"telemetry": {"path": "log.jsonl"}}
    assert "adverse" not in said(fleet(check(0, level=2), days=days, monitor_settings=silent))


def test_that_nobody_was_told_has_its_reason() -> None:
    alone, connected = fleet(check(0, level=2)), fleet(check(0, level=2), channels=True)

    assert "Nobody was told anything: no channel is configured." in render.monitor_markdown(alone.monitors[0], alone)
    assert "no channel" in render.fleet_html(alone)
    page = render.monitor_html(connected.monitors[0], connected)
    assert "no channel" not in page
    assert "a severe level once it is confirmed" in page


@pytest.mark.parametrize(
    ("schedule", "late", "why"),
    [
        ({"every": "1w", "confirm_after": None}, False, "schedule.confirm_after is off"),
        ({"every": "1h"}, False, "the next slot looks again soon enough"),
        ({"every": "1w"}, True, "the check was made up for later"),
    ],
)
def test_that_no_fresh_sample_was_drawn_has_its_reason(schedule: dict[str, Any], late: bool, why: str) -> None:
    line = check(0, level=2)
    line = on(line, finished_at=line.planned_at + timedelta(days=30)) if late else line

    (one,) = fleet(line, monitor_settings={"schedule": schedule}).monitors[0].incidents

    assert one.text.endswith(f"no fresh sample was drawn: {why}")


def test_money_is_shown_only_where_a_price_is_configured() -> None:
    def rows(**telemetry: Any) -> list[str]:
        given = {"telemetry": {"path": "log.jsonl", **telemetry}}
        found = fleet(
            check(0), days=(logged(0, 10, 0),), monitors=(monitor(has_log=True),), monitor_settings=given
        ).monitors[0].serving  # fmt: skip
        assert found is not None
        return [name for name, _, _ in found.rows]

    assert "Cost" not in rows()
    assert "Cost" in rows(price_per_hour=3.6)


def test_the_fleet_page_names_the_model_and_a_page_says_once_what_counting_more_means() -> None:
    found = fleet(
        check(0, level=2), monitors=(monitor(model="Late arrivals, New York"),),
        features=(feature(0, now=2.3), feature(1)),
    )  # fmt: skip

    for shown in (render.fleet_html(found), render.fleet_markdown(found), render.summary(found)[1]):
        assert "Late arrivals, New York" in shown
    for page in (render.monitor_html(found.monitors[0], found), render.monitor_markdown(found.monitors[0], found)):
        assert page.count("counts 2x more: the model leans on it twice as much") == 1
