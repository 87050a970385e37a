"""What a message says, and what it never says."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.notify import Announcer
from monitor.settings import ServerSettings
from monitor.types import Check, News, Window

RUNBOOKS = Path(__file__).parents[2] / "alerts" / "runbooks"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SERVER = ServerSettings(
    external_url="https://drift.example.org/x/",
    grafana_url="https://grafana.example.org",
    runbook_url="https://runbooks",
)


def check(**more: Any) -> Check:
    given: dict[str, Any] = {
        "id": "c0ffee", "monitor": "credit", "model": "card-fraud", "planned_at": NOON,
        "window": Window(start=NOON - timedelta(hours=1), end=NOON), "started_at": NOON, "finished_at": NOON,
        "outcome": "succeeded", "verdict": "data", "level": 2, "reason": None,
        "sentence": "The data changed: age counts 2.0x more.", "evidence": (), "error": None, "seed": 1,
        "model_version": "v7",
    }  # fmt: skip
    return Check(**{**given, **more})


def news(**more: Any) -> News:
    given: dict[str, Any] = {
        "check": check(), "owner": "team-risk", "before": "none", "after": "severe", "maintenance": False,
    }  # fmt: skip
    return News(**{**given, **more})


def told(of: News, server: ServerSettings = SERVER) -> dict[str, Any]:
    (message,) = Announcer(channels=("chat",), server=server)(of)
    return dict(message.body)


def test_a_message_has_all_that_a_person_needs() -> None:
    found = told(news())

    assert found["text"].splitlines() == [
        "credit: severe drift, confirmed (before: none)",
        "The data changed: age counts 2.0x more.",
        "Model card-fraud v7, owner team-risk.",
        "Check: https://drift.example.org/x/checks/c0ffee",
        "Dashboard: https://grafana.example.org/d/xdrift-oncall?var-monitor=credit",
        "Runbook: https://runbooks/ExplanationDriftSevere.md",
    ]
    assert (found["condition"], found["condition_before"], found["check"]) == ("severe", "none", "c0ffee")
    assert json.loads(json.dumps(found)) == found


def test_links_are_left_out_where_the_address_is_not_known() -> None:
    assert told(news(), ServerSettings())["links"] == {}


@pytest.mark.parametrize(
    ("after", "outcome", "runbook"),
    [
        ("warning", "succeeded", "ExplanationDriftGradual"),
        ("unknown", "unknown", "ExplanationCannotJudge"),
        ("unknown", "failed", "ExplanationChecksFailing"),
    ],
)
def test_the_runbook_is_that_of_an_alert_that_exists(after: str, outcome: str, runbook: str) -> None:
    found = told(news(check=check(outcome=outcome), after=after))

    assert found["links"]["runbook"] == f"https://runbooks/{runbook}.md"
    assert (RUNBOOKS / f"{runbook}.md").exists()


def test_recovery_needs_no_runbook() -> None:
    found = told(news(before="severe", after="none"))

    assert "quiet again (before: severe)" in found["text"]
    assert "runbook" not in found["links"]


def test_the_text_of_an_error_stays_in_the_house() -> None:
    """It may quote a row; the reason's closed word does not."""
    failed = check(
        outcome="failed", reason="data", sentence="The check could not be done: income holds 'Ada Lovelace'.",
        error="income holds 'Ada Lovelace'; seen: 'Ada Lovelace'",
    )  # fmt: skip
    found = told(news(check=failed, after="unknown"))

    assert "The check could not be done: data." in found["text"]
    assert "Ada" not in json.dumps(found)


def test_every_channel_gets_one_with_an_id_that_tells_repeats() -> None:
    announcer = Announcer(channels=("chat", "mail"), server=SERVER)

    first, second = announcer(news())

    assert [(one.id, one.channel, one.body["id"]) for one in (first, second)] == [
        ("c0ffee-chat", "chat", "c0ffee-chat"),
        ("c0ffee-mail", "mail", "c0ffee-mail"),
    ]
    assert announcer(news()) == [first, second]


@pytest.mark.parametrize(
    ("before", "after", "withheld"),
    [("none", "severe", True), ("severe", "none", True), ("none", "unknown", False), ("unknown", "severe", False)],
)
def test_only_news_of_drift_is_withheld_in_a_maintenance(before: str, after: str, withheld: bool) -> None:
    (message,) = Announcer(channels=("chat",), server=SERVER)(news(before=before, after=after, maintenance=True))

    assert (message.withheld == "maintenance") is withheld


def test_it_can_be_sent_to_a_child_process() -> None:
    announcer = Announcer(channels=("chat",), server=SERVER)

    assert pickle.loads(pickle.dumps(announcer)) == announcer
