"""Logged explanations against recomputed ones, and what became of messages: on the page of a check and in its JSON."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.publish.served_view import CAUSES, ServedPanel, served_panel
from tests.publish.conftest import Served
from tests.publish.fleet import SERVED_GAP
from tests.publish.test_pages import latest


def panel(**changed: Any) -> ServedPanel:
    found = served_panel({**SERVED_GAP, **changed})
    assert found is not None
    return found


def test_a_check_without_logged_explanations_has_no_panel() -> None:
    assert served_panel({}) is None


def test_features_come_by_their_gap_with_the_largest_as_a_full_bar() -> None:
    assert panel(features={"b": 0.01, "a": 0.04}).features == (("a", 0.04, 100.0), ("b", 0.01, 25.0))


def test_where_all_rows_agree_no_feature_is_named_and_nobody_answers() -> None:
    found = panel(beyond=0, stale=0, level=0)
    assert (found.features, found.answers) == ((), None)
    assert ("Differ", "0 (0%) by over 5% of their attributions") in found.counts


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({}, "cache"),
        ({"stale": 100}, "pipeline"),
        ({"stale": 0, "cause": "explainer"}, "explainer"),
    ],
)
def test_who_answers_for_a_gap(changed: dict[str, Any], cause: str) -> None:
    assert panel(**changed).answers == CAUSES[cause]


def test_what_could_not_be_compared_has_no_level_and_says_why() -> None:
    found = panel(rows=0, beyond=0, level=0, reason="the explainer here is approximate", outputs_moved=None)
    assert (found.state, found.reason) == (None, "the explainer here is approximate")
    assert ("Compared", "0") in found.counts


def test_counts_name_what_was_left_out_and_only_that() -> None:
    titles = {title for title, _ in panel(approximate=0, unknown_features=("x",), factor=0.5).counts}
    assert titles == {"Logged", "Compared", "Differ", "Outputs", "Scale", "Stale", "Other version", "Unknown"}


def test_the_page_shows_the_gap_and_what_became_of_each_message(site: Served) -> None:
    check_id = latest(site.reader, "fraud-prod")
    text = " ".join(site.get(f"/checks/{check_id}").text.split())
    assert "212 (23%) by over 5% of their attributions" in text
    assert "risk-chat: <strong>withheld</strong>, because a maintenance was declared" in text
    assert '<a href="/monitors/fraud-prod#maintenance">' in text
    assert "tickets: waiting since" in text
    assert "tried 2 times, last: the answer was 503" in text
    assert "audit: <strong>given up</strong>: the answer was 410" in text
    body = site.get(f"/api/v1/checks/{check_id}").json()
    assert [(one["channel"], one["state"]) for one in body["messages"]] == [
        ("audit", "given up"), ("mail", "sent"), ("risk-chat", "withheld"), ("tickets", "waiting"),
    ]  # fmt: skip


def test_a_check_of_which_nothing_was_told_has_no_list_of_messages(site: Served) -> None:
    assert 'id="messages"' not in site.get(f"/checks/{latest(site.reader, 'forecast-weekly')}").text
