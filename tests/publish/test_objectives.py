"""Objectives, maintenance, messages and confirming checks in metrics, in the JSON API and on pages."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from monitor.publish.check_view import again
from monitor.publish.fleet_view import worst
from monitor.types import Check, SloStatus

from .conftest import Serve, Served
from .fleet import NOW, OBJECTIVES, MemoryReader, fleet
from .test_metrics import M, exposed, families, value
from .test_pages import latest

QUIET = {"monitor": "forecast-weekly", "model": "demand-forecast"}


def words_of(html: str) -> str:
    """The text of a page, a space between any two elements."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.fixture(scope="module")
def text() -> str:
    return exposed(fleet())


def test_objectives_in_force_have_series_and_others_have_none(text: str) -> None:
    assert value(text, "xdrift_slo_objective_ratio", **M, slo="coverage") == 0.95
    assert value(text, "xdrift_slo_period_seconds", **M, slo="privacy") == 30 * 86400
    for name in ("objective_ratio", "period_seconds", "error_budget_remaining_ratio"):
        assert value(text, f"xdrift_slo_{name}", **QUIET, slo="coverage") is None, "it has no explanation log"
        assert value(text, f"xdrift_slo_{name}", **QUIET, slo="drift") is not None


def test_a_budget_of_which_nothing_was_counted_has_no_series_and_an_overspent_one_is_negative(text: str) -> None:
    assert value(text, "xdrift_slo_error_budget_remaining_ratio", **M, slo="errors") is None
    assert value(text, "xdrift_slo_error_budget_remaining_ratio", **M, slo="explanations") == -0.31


def test_an_open_maintenance_is_1_with_its_end_and_none_is_0_without(text: str) -> None:
    assert value(text, "xdrift_monitor_maintenance", **M) == 1
    assert value(text, "xdrift_monitor_maintenance_end_timestamp_seconds", **M) == NOW.timestamp() + 3 * 3600
    assert value(text, "xdrift_monitor_maintenance", **QUIET) == 0
    assert value(text, "xdrift_monitor_maintenance_end_timestamp_seconds", **QUIET) is None


def test_a_page_says_that_events_of_the_log_count_from_before_the_monitor(serve: Serve) -> None:
    with serve(fleet()) as served:
        logged, bare = (words_of(served.get(f"/monitors/{name}").text) for name in ("fraud-prod", "forecast-weekly"))

    assert "those from before this monitor was watched; the others count since" in logged
    assert "before this monitor was watched" not in bare


def test_streaks_of_segments_have_the_same_series_as_their_levels(text: str) -> None:
    found = families(text)
    segments = [
        {sample.labels["segment"]: sample.value for sample in found[name].samples}
        for name in ("xdrift_segment_drift_level", "xdrift_segment_drift_streak_checks")
    ]
    assert segments[0] == segments[1] == {"country=DE": 0, "country=FR": 2, "country=AT": 1}


def test_smoothed_scores_and_waiting_messages_are_exported(text: str) -> None:
    assert value(text, "xdrift_drift_score_smoothed", **M, view="holdout", test="psi_max") == pytest.approx(0.15)
    assert value(text, "xdrift_notifications_waiting", **M) == 1
    assert value(text, "xdrift_notifications_total", **M) == 0


def test_the_wait_of_an_observed_check_is_counted(text: str) -> None:
    assert value(text, "xdrift_check_queue_wait_seconds_count") == 1
    assert value(text, "xdrift_check_queue_wait_seconds_sum") == 2.0
    assert value(text, "xdrift_check_queue_length") == 0


def test_the_api_tells_the_same(site: Served) -> None:
    found = site.get("/api/v1/monitors/fraud-prod").json()

    assert {slo["slo"]: slo["objective"] for slo in found["slos"]} == OBJECTIVES
    assert {"slo": "errors", "objective": 0.99, "period_seconds": 2592000.0, "remaining": None} in found["slos"]
    assert found["maintenance_until"] == "2013-06-12T09:04:30+00:00"
    assert [one["reason"] for one in found["maintenances"]] == ["CHG-42, features to v18", "CHG-17, index rebuild"]
    assert {one["view"]: one["value"] for one in found["smoothed"]}["holdout"] == pytest.approx(0.15)
    assert {"segment": "country=FR", "level": 2, "streak": 2} in found["segments"]
    assert found["messages_waiting"] == 1


def test_the_fleet_page_shows_the_worst_budget_and_the_maintenance(site: Served) -> None:
    words = words_of(site.get("/").text)

    assert "Objective explanations: −31% of its budget left" in words
    assert ": 100% of its budget left" in words
    assert "maintenance, ends in 3 h" in words


def test_the_monitor_page_lists_objectives_and_maintenances(site: Served) -> None:
    words = words_of(site.get("/monitors/fraud-prod").text)

    assert "error budget of the last 30 days" in words
    assert "coverage 81% 95% Predictions with an explanation" in words
    assert "errors – 99% Explanations that did not fail" in words
    assert "CHG-42, features to v18" in words
    assert "ended early by bo" in words
    assert "Maintenance" not in words_of(site.get("/monitors/forecast-weekly").text)


def test_the_worst_budget_is_the_smallest_that_is_known() -> None:
    def slo(remaining: float | None) -> SloStatus:
        return SloStatus(slo="drift", objective=0.9, period_seconds=1.0, remaining=remaining)

    assert worst([slo(None), slo(0.5), slo(-2.0), slo(1.0)]) == slo(-2.0)
    assert worst([slo(None)]) is None


def confirmed(serve: Serve, **how: Any) -> tuple[str, str, dict[str, Any]]:
    """Text of the page of a severe check, of its confirming check, and the severe one's JSON."""
    reader = fleet()
    severe = reader.check(latest(reader, "fraud-prod"))
    assert severe is not None
    confirming = dataclasses.replace(
        severe, id="c0ffee00c0ffee00", planned_at=severe.planned_at + (NOW - severe.planned_at) / 2,
        confirms=severe.id, **how,
    )  # fmt: skip
    again_reader = _with(reader, confirming)
    with serve(again_reader) as served:
        pages = [words_of(served.get(f"/checks/{one.id}").text) for one in (severe, confirming)]
        return pages[0], pages[1], served.get(f"/api/v1/checks/{severe.id}").json()


def _with(reader: MemoryReader, check: Check) -> MemoryReader:
    reader._checks = {**reader._checks, check.id: check}
    return reader


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "confirms"),
        ({"level": 0, "verdict": "none"}, "does not confirm"),
        ({"outcome": "unknown", "verdict": "unknown", "level": 0}, "could not judge"),
    ],
)
def test_a_severe_check_and_the_one_that_looked_again_name_each_other(
    serve: Serve, how: dict[str, Any], words: str
) -> None:
    severe, confirming, record = confirmed(serve, **how)

    assert f"Looked at again on a fresh sample, which {words} it: check of Wed 12 Jun 2013, 03:02" in severe
    assert f"A fresh sample {words} the check before it" in confirming
    assert record["confirmation"]["id"] == "c0ffee00c0ffee00"


def test_a_check_that_was_looked_at_once_says_nothing_of_it(site: Served) -> None:
    quiet = latest(site.reader, "forecast-weekly")
    assert "ooked at again" not in site.get(f"/checks/{quiet}").text
    assert site.get(f"/api/v1/checks/{quiet}").json()["confirmation"] is None
    check = site.reader.check(quiet)
    assert check is not None
    assert again(check, None) is None
