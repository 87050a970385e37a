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
        f"Against the reference, the predictions themselves {moved}: population stability index (PSI) {psi}, which is "
        "0 where two distributions are alike and counts as a shift from 0.2." in found
    )


def against_quiet(
    then: float, *, scale: str = "probability", psi: float = 0.04, n: int = 1000, verdict: str = "data"
) -> str:
    """The story of a week whose predictions are 0.31 on average, after a quiet check with another mean; std 0.2."""
    line, quiet = check(0, level=2, verdict=verdict), check(3)
    lines = (line, check(1, level=1), quiet)
    parts = {
        one.id: replace(
            with_evidence(one, "x")[one.id], input_drift={"__prediction__": psi},
            explainer=ExplainerRef(engine="e", exact=True, scale=given, class_index=None, config={}, libraries={},
                                   digest="d"),
            profiles=(profile(kind="prediction", feature="__prediction__", mean=mean, std=0.2, n=n, n_missing=0),),
        )
        for one, given, mean in ((line, "probability", 0.31), (quiet, scale, then))
    }  # fmt: skip
    assert set(headlines(facts(*lines), WEEK)) == set(parts)
    return said(fleet_report(settings(), facts(*lines), parts, week=WEEK, now=NOW, version="0"))


def test_it_says_how_far_the_mean_of_predictions_moved_since_the_last_quiet_check() -> None:
    assert (
        "counts as a shift from 0.2. On average they are 0.310 (probability), clearly higher than in the last quiet "
        "check, of Mon 26 Oct: 0.180." in against_quiet(0.18, psi=0.3)
    )
    assert "clearly lower than in the last quiet check, of Mon 26 Oct: 0.400." in against_quiet(0.4)
    assert "0.310 (probability); in the last quiet check, of Mon 26 Oct, they were 0.280." in against_quiet(0.28)
    another_scale = against_quiet(0.18, scale="margin")
    assert "On average they are 0.310 (probability)." in another_scale
    assert "hardly moved" in another_scale


@pytest.mark.parametrize(
    ("then", "n", "moved"),
    [
        (0.31, 1000, "hardly moved"),
        (0.271, 1000, "hardly moved"),  # 0.195 standard deviations
        (0.269, 1000, "moved by less than a shift"),
        (0.18, 1000, "moved by less than a shift"),
        (0.18, 30, "hardly moved"),  # 2.5 standard errors
    ],
)
def test_predictions_whose_mean_moved_clearly_did_not_hardly_move(then: float, n: int, moved: str) -> None:
    assert f"Against the reference, the predictions themselves {moved}: " in against_quiet(then, n=n)


def test_predictions_on_another_scale_than_before_are_not_compared() -> None:
    found = against_quiet(0.18, scale="margin", psi=6.8, verdict="explainer")

    assert (
        "The predictions themselves are on another scale than in the last quiet check (probability, not margin): no "
        "number of theirs can be compared." in found
    )
    assert "6.8" not in found


def test_without_the_number_nothing_is_said_of_predictions_that_moved() -> None:
    assert "themselves" not in said(fleet(check(0, level=2)))
    assert "themselves" not in said(fleet(check(0, level=2), psi=float("nan")))


def test_adverse_decisions_are_held_against_the_last_week_before_it_began() -> None:
    telemetry = {"telemetry": {"path": "log.jsonl", "adverse_classes": ["deny"]}}
    days = (logged(2, 1000, 200), logged(1, 1000, 300), logged(0, 1000, 310))

    found = fleet(check(0, level=2), check(1, level=2), check(2), days=days, monitor_settings=telemetry)

    assert (
        "Of this week's decisions in the explanation log 31% were adverse, clearly more than the 20% in 2026-W44, the "
        "last week before it began." in said(found)
    )
    silent = {"telemetry": {"path": "log.jsonl"}}
    assert "adverse" not in said(fleet(check(0, level=2), days=days, monitor_settings=silent))


@pytest.mark.parametrize(
    ("adverse", "of", "moved"),
    [
        (190, 1000, "moved by less than a shift"),  # of 28% in the week before
        (230, 1000, "hardly moved"),  # 2.6 standard errors
        (2600, 10_000, "hardly moved"),  # 7% fewer, of 10,000
        (5, 20, "hardly moved"),
    ],
)
def test_predictions_hardly_moved_only_where_decisions_did_not_move_clearly(adverse: int, of: int, moved: str) -> None:
    telemetry = {"telemetry": {"path": "log.jsonl", "adverse_classes": ["deny"]}}
    days = (logged(1, of, round(0.28 * of)), logged(0, of, adverse))

    found = said(fleet(check(0, level=2), check(1), days=days, psi=0.06, monitor_settings=telemetry))

    assert f"Against the reference, the predictions themselves {moved}: population" in found
    assert ("clearly fewer than the 28% in 2026-W45, the last week before it began" in found) == (adverse == 190)


def test_a_page_says_which_rows_its_movers_are_of() -> None:
    found = fleet(check(0, level=2), features=(feature(0, now=2.3), feature(1)))

    for page in (render.monitor_html(found.monitors[0], found), render.monitor_markdown(found.monitors[0], found)):
        assert "These figures are of recent predictions" in page
        assert "Recent predictions against the reference" in page


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
