"""The explanation log on the page of a monitor."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from monitor.publish.log_view import Fact, log_facts, personal_data
from monitor.types import Counter, MonitorStatus, SloStatus, TelemetryStatus
from tests.publish.conftest import Served
from tests.publish.fleet import NOW, fleet

READ = TelemetryStatus(watermark=NOW, last_success_at=NOW, consecutive_failures=0, latency_threshold=0.2)


@pytest.fixture
def status() -> MonitorStatus:
    (found,) = [one for one in fleet().snapshot(NOW).monitors if one.name == "fraud-prod"]
    return replace(found, telemetry=READ)


def total(name: str, value: float, *, monitor: str = "fraud-prod", **labels: str) -> Counter:
    return Counter(name=f"xdrift_{name}_total", labels={"monitor": monitor, "model": "m", **labels}, value=value)


def test_a_monitor_without_a_log_has_no_facts(status: MonitorStatus) -> None:
    assert log_facts(replace(status, telemetry=None), [total("predictions_explained", 1)]) == ()


def test_a_log_of_which_nothing_was_counted_says_so(status: MonitorStatus) -> None:
    assert log_facts(status, []) == (Fact("Predictions", "none yet"),)


def test_what_lacks_an_explanation_is_told_by_reason_the_largest_first(status: MonitorStatus) -> None:
    facts = log_facts(
        status,
        [
            total("predictions_explained", 990),
            total("predictions_unexplained", 2, reason="timeout"),
            total("predictions_unexplained", 8, reason="missing"),
            total("predictions_unexplained", 0, reason="other"),
            total("predictions_explained", 5, monitor="another"),
        ],
    )
    assert facts == (
        Fact("Predictions", "1,000, 99% with an explanation"),
        Fact("Without", "missing 8, timeout 2"),
    )


def test_what_somebody_must_act_on_is_marked(status: MonitorStatus) -> None:
    facts = log_facts(
        replace(status, telemetry=replace(READ, consecutive_failures=3)),
        [
            total("privacy_incidents", 1, kind="national_id"),
            total("telemetry_quarantined", 4, reason="torn"),
            total("explanations_slow", 7),
        ],
    )
    assert {fact.title: fact.bad for fact in facts} == {
        "Predictions": False, "Slow": False, "Personal data": True, "Quarantined": True, "Failing polls": True,
    }  # fmt: skip
    assert "national id 1" in {fact.words for fact in facts}
    (aside,) = [fact.words for fact in facts if fact.title == "Quarantined"]
    assert aside == (
        "lines that could not be counted: 4 whose end never came. xdrift doctor says where the first of them stand"
    )


@pytest.mark.parametrize(
    ("left", "told"), [(0.0, "email 3, national id 1"), (None, "email 3, national id 1"), (1.0, "")]
)
def test_personal_data_is_told_until_its_objectives_period_has_passed_without_any(
    status: MonitorStatus, left: float | None, told: str
) -> None:
    slo = SloStatus(slo="privacy", objective=1.0, period_seconds=1.0, remaining=left)
    counted = [
        total("privacy_incidents", 1, kind="national_id"),
        total("privacy_incidents", 3, kind="email"),
        total("privacy_incidents", 7, kind="email", monitor="another"),
    ]

    assert personal_data(replace(status, slos=(slo,)), counted) == told
    assert personal_data(replace(status, slos=(slo,), telemetry=None), counted) == ""


@pytest.mark.parametrize(
    ("objective", "explained", "told"),
    [
        (0.99, 9_883, "98.8%"),
        (0.99, 9_899, "98.99%"),
        (0.99, 9_900, "99%"),
        (0.985, 9_883, "99%"),
        (None, 9_883, "99%"),
    ],
)
def test_a_share_under_its_objective_does_not_read_as_the_objective(
    status: MonitorStatus, objective: float | None, explained: int, told: str
) -> None:
    slo = SloStatus(slo="coverage", objective=objective or 1.0, period_seconds=1.0, remaining=None)
    facts = log_facts(
        replace(status, slos=() if objective is None else (slo,)),
        [
            total("predictions_explained", explained),
            total("predictions_unexplained", 10_000 - explained, reason="timeout"),
        ],
    )
    assert facts[0] == Fact("Predictions", f"10,000, {told} with an explanation")


def test_the_page_lists_what_lacks_an_explanation_by_group_version_and_reason(site: Served) -> None:
    text = " ".join(re.sub(r"<[^>]*>", " ", site.get("/monitors/fraud-prod").text).split())
    assert "Without an explanation, last 7 days" in text
    assert "route /score, segment DE v17 timeout 1,204 Wed 12 Jun 2013, 05:30 UTC" in text
    assert "none of telemetry.group_by version not logged missing 3" in text
    assert "Without an explanation" not in site.get("/monitors/forecast-weekly").text


def test_the_page_shows_the_log(site: Served) -> None:
    text = " ".join(site.get("/monitors/fraud-prod").text.split())
    assert "Explanation log" in text
    assert "sampling 400" in text
    assert "Explanation log" not in site.get("/monitors/credit-limit").text
