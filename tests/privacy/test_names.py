"""What is told of names that a log gives."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.privacy import names_told
from tests.telemetry.lines import make_monitor

MODEL = ("age", "city", "name", "zip_10115", "given_name")
KEPT_BACK: dict[str, Any] = {"redact": ["name"], "privacy": {"hash": ["zip"], "hash_key": "k" * 16}}
PREDICTIONS = {"path": "p", "columns": {"rename": {"src age": "age"}}}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("age", "age"),
        ("name", "name"),
        ("zip", "zip"),
        ("src age", "src age"),
        ("zip_10115", "zip_10115"),  # a feature of the model itself
        ("zip_10117", "zip_(withheld)"),
        ("name_Jane", "name_(withheld)"),
        ("name=Jane", "name_(withheld)"),
        ("onehot__name_Jane", "name_(withheld)"),
        ("given_name_Jane", "given_name_(withheld)"),
        ("city_Bonn", "city_(withheld)"),
        ("x3_Jane", "(withheld)"),  # as encoders write it that know no names
        ("Jane", "(withheld)"),
        ("names", "(withheld)"),
        ("support", "support"),
    ],
)
def test_where_columns_are_kept_back_only_names_that_are_known_are_told(name: str, told: str) -> None:
    privacy = {**KEPT_BACK["privacy"], "allow": ["support"]}
    monitor = make_monitor(redact=["name"], privacy=privacy, predictions=PREDICTIONS)
    assert names_told(monitor, MODEL)(name) == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("incomes", "incomes"),
        ("city_Bonn", "city_Bonn"),
        ("jane@example.com", "(withheld)"),
        ("city_jane@example.com", "city_(withheld)"),
        ("a\x00b", "(withheld)"),
        ("\ud800", "(withheld)"),
        ("x" * 101, "(withheld)"),
        ("x_" * 5000, "(withheld)"),
    ],
)
def test_elsewhere_names_are_told_that_are_plain_and_no_personal_data(name: str, told: str) -> None:
    assert names_told(make_monitor(), MODEL)(name) == told
    if "@" in name:
        assert names_told(make_monitor(privacy={"scan": False}), MODEL)(name) == name
