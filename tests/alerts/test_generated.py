"""The committed rules and their tests are what the tables say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from alerts.cases import CASES
from alerts.generate import LINKS, files
from alerts.metrics_page import page
from alerts.render import alerts, prometheus
from monitor import names

ALERTS = Path(__file__).parents[2] / "alerts"
MADE = files()


@pytest.mark.parametrize("path", MADE)
def test_a_committed_file_is_what_is_generated(path: str) -> None:
    assert (ALERTS / path).read_text(encoding="utf-8") == MADE[path], "run `python -m alerts`"


def test_every_metric_is_documented() -> None:
    text = (ALERTS.parent / "docs" / "metrics.md").read_text(encoding="utf-8")

    assert text == page(), "run `python -m alerts`"
    assert all(f"| `{name}` |" in text for name in names.METRICS)


def test_every_case_is_in_one_committed_test() -> None:
    names = [
        test["name"] for path, text in MADE.items() if path != "rules.yaml" for test in yaml.safe_load(text)["tests"]
    ]
    told = [re.sub(r"^eu-\d+: ", "", one) for name in names for one in re.split(r"; (?=eu-\d+: )", name)]

    assert sorted(told) == sorted(case.name for topic in CASES.values() for case in topic)


def test_no_generated_file_is_left_over() -> None:
    assert {f"tests/{path.name}" for path in (ALERTS / "tests").iterdir()} == set(MADE) - {"rules.yaml"}


def test_every_alert_is_seen_firing_and_not_firing() -> None:
    cases = [case for topic in CASES.values() for case in topic]
    firing = {entry[1] for case in cases for entry in (*case.fires, *case.told)}
    quiet = {entry[1] for case in cases for entry in case.quiet}
    told = {entry[1] for case in cases for entry in case.told}
    names = {alert.name for alert in alerts(LINKS)}

    assert firing == names
    assert quiet == names
    assert told == names, "every alert's labels and texts are compared once"


def test_names_of_cases_and_alerts_are_unique() -> None:
    for found in (
        [case.name for topic in CASES.values() for case in topic],
        [alert.name for alert in alerts(LINKS)],
        [group["name"] for group in prometheus(LINKS)["groups"]],
    ):
        assert len(set(found)) == len(found)


def test_a_group_reads_only_groups_before_it() -> None:
    seen: set[str] = set()
    for group in yaml.safe_load(MADE["rules.yaml"])["groups"]:
        records = {rule["record"] for rule in group["rules"] if "record" in rule}
        later = (
            {
                rule["record"]
                for other in yaml.safe_load(MADE["rules.yaml"])["groups"]
                for rule in other["rules"]
                if "record" in rule
            }
            - seen
            - records
        )
        text = " ".join(rule["expr"] for rule in group["rules"])
        assert not {name for name in later if name in text.replace("{", " ").split()}
        seen |= records
