"""One record of the explanation log: what it counts as."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor import names
from monitor.telemetry import LINE_LIMIT, Logged, Understanding
from tests.telemetry.lines import NOW, RECORD, Understand, line, make_monitor


def logged(found: Logged | str) -> Logged:
    assert isinstance(found, Logged), found
    return found


def test_a_whole_record_is_understood(understand: Understand) -> None:
    found = logged(understand())
    assert (found.record_id, found.time, found.model_version) == ("p-1", NOW - 60, "7")
    assert (found.explained, found.attempted, found.reason, found.error_reason) == (True, True, None, None)
    assert (found.latency, found.compute_seconds, found.source, found.stale) == (0.0125, 0.0125, "live_treeshap", False)
    assert found.size == len(line()) - 1
    assert (found.groups, found.personal, found.fingerprint, found.error) == ((), (), "", "")


NOT_USED = [
    (b'{"record_id": "p-1", ', "not_json"),
    (b"", "not_json"),
    (b'{"record_id": "\xff"}', "not_json"),
    (b"[" * 100_000, "not_json"),
    (b"1" * 5_000, "not_json"),
    (b"[]", "not_an_object"),
    (b'"text"', "not_an_object"),
    (b"null", "not_an_object"),
    (line(record_id=...), "missing_field"),
    (line(record_id=None), "missing_field"),
    (line(record_id=""), "missing_field"),
    (line(timestamp=...), "missing_field"),
    (line(timestamp=None), "missing_field"),
    (line(record_id=1.5), "wrong_type"),
    (line(record_id=True), "wrong_type"),
    (line(record_id=["p-1"]), "wrong_type"),
    (line(timestamp=True), "wrong_type"),
    (line(timestamp={"s": 1}), "wrong_type"),
    (line(shap_values=[0.1, 0.2]), "wrong_type"),
    (line(shap_values="0.1"), "wrong_type"),
    (line(shap_values=0), "wrong_type"),
    (line(timestamp="yesterday"), "bad_time"),
    (line(timestamp="2024-05-06T11:59:00"), "bad_time"),  # naive, and no zone is configured
    (line(timestamp=-1), "bad_time"),
    (line(timestamp=float("nan")), "bad_time"),
    (line(timestamp=1e300), "bad_time"),
    (line(timestamp=(NOW - 60) * 1000), "bad_time"),  # milliseconds
    (line(timestamp=NOW + 301), "bad_time"),
    (line(timestamp="2024-05-06T12:05:01Z"), "bad_time"),
    (line(timestamp="0001-01-01T00:00:00+14:00"), "bad_time"),
    (line(timestamp="9999-12-31T24:00:00Z"), "bad_time"),
    (line(timestamp="2024-05-05T24:00:01Z"), "bad_time"),
    (line(timestamp="2024-05-05T24:00:00"), "bad_time"),
    (line(timestamp="z"), "bad_time"),
    (line(note="x" * LINE_LIMIT), "too_long"),
]


@pytest.mark.parametrize(("raw", "reason"), NOT_USED, ids=[f"{i}-{reason}" for i, (_, reason) in enumerate(NOT_USED)])
def test_a_line_that_cannot_be_used_is_told_by_its_reason(raw: bytes, reason: str) -> None:
    assert Understanding(make_monitor()).line(raw, now=NOW) == reason
    assert reason in names.QUARANTINE_REASONS


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("2024-05-06T11:59:00Z", NOW - 60),
        ("2024-05-06T13:59:00+02:00", NOW - 60),
        ("2024-05-06 11:59:00+00:00", NOW - 60),
        ("2024-05-06t11:59:00z", NOW - 60),  # RFC 3339 allows small letters
        ("2024-05-05T24:00:00Z", NOW - 43200),  # in ISO 8601 the midnight that ends the day
        ("20240505T240000.000+0000", NOW - 43200),
        ("2024-05-05T24:00+02:00", NOW - 50400),
        (NOW - 60, NOW - 60),
        (int(NOW) - 60, NOW - 60),
        (NOW + 299, NOW + 299),
        ("2024-05-06T12:04:59Z", NOW + 299),
        (0, 0),
        (1714996740.1234567, 1714996740.123457),
    ],
)
def test_times_are_iso_8601_or_seconds(understand: Understand, stamp: Any, seconds: float) -> None:
    assert logged(understand(timestamp=stamp)).time == seconds


def test_naive_times_are_of_the_configured_zone() -> None:
    understanding = Understanding(make_monitor(telemetry={"timezone": "Europe/Berlin"}))
    assert logged(understanding.line(line(timestamp="2024-05-06T13:59:00"), now=NOW)).time == NOW - 60
    assert logged(understanding.line(line(timestamp="2024-05-05T24:00:00"), now=NOW)).time == NOW - 50400


REASONS = [
    # changes -> reason, attempted, error reason, class
    ({"shap_values": ...}, ("missing", False, None, "")),
    ({"shap_values": None}, ("missing", False, None, "")),
    ({"shap_values": None, "unexplained_reason": "sampling"}, ("sampling", False, None, "")),
    ({"shap_values": {}, "unexplained_reason": "disabled"}, ("disabled", False, None, "")),
    ({"shap_values": None, "unexplained_reason": "Missing"}, ("missing", False, None, "")),
    ({"shap_values": None, "unexplained_reason": "holiday"}, ("other", False, None, "")),
    ({"shap_values": None, "unexplained_reason": 7, "error": "ValueError"}, ("other", False, None, "")),
    ({"shap_values": None, "unexplained_reason": "timeout"}, ("timeout", True, "timeout", "")),
    ({"shap_values": None, "unexplained_reason": "error"}, ("error", True, "other", "")),
    ({"error": "TimeoutError", "unexplained_reason": "error"}, ("error", True, "timeout", "TimeoutError")),
    ({"shap_values": None, "error": "TimeoutError"}, ("timeout", True, "timeout", "TimeoutError")),
    ({"shap_values": None, "error": "httpx.ReadTimeout: 3 s"}, ("timeout", True, "timeout", "ReadTimeout")),
    ({"error": "ValueError: income of Jane is 5000"}, ("error", True, "input", "ValueError")),
    ({"error": "MemoryError"}, ("error", True, "memory", "MemoryError")),
    ({"error": "xgboost.core.XGBoostError: gone"}, ("error", True, "model", "XGBoostError")),
    ({"error": "shap.utils._exceptions.ExplainerError"}, ("error", True, "explainer", "ExplainerError")),
    ({"error": "SomethingElse"}, ("error", True, "other", "unnamed")),
    ({"error": "SomethingWentWrongError"}, ("error", True, "other", "SomethingWentWrongError")),
    ({"error": "Smith"}, ("error", True, "other", "unnamed")),
    ({"error": "DE89370400440532013000"}, ("error", True, "other", "unnamed")),
    ({"error": "jane.smith@example.org"}, ("error", True, "other", "unnamed")),
    ({"error": "could not explain Jane"}, ("error", True, "other", "unnamed")),
    ({"error": {"type": "ValueError"}}, ("error", True, "other", "unnamed")),
    ({"shap_values": {}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": None}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": "0.1"}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": True}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": float("nan")}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": float("inf")}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": [0.1, 0.2]}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": 10**400}}, ("error", True, "malformed", "")),
    ({"shap_values": {"income": float("nan")}, "error": "KeyError"}, ("error", True, "input", "KeyError")),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), REASONS, ids=[json.dumps(c, default=str)[:60] for c, _ in REASONS])
def test_why_there_is_no_explanation(
    understand: Understand, changes: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    found = logged(understand(**changes))
    assert not found.explained
    assert (found.reason, found.attempted, found.error_reason, found.error) == expected
    assert bool(found.fingerprint) == found.attempted
    assert found.reason in names.UNEXPLAINED_REASONS
    assert found.error_reason is None or found.error_reason in names.ERROR_REASONS


@pytest.mark.parametrize("error", [None, "", False, {}])
def test_no_error_is_no_error(understand: Understand, error: Any) -> None:
    assert logged(understand(error=error, unexplained_reason="sampling")).explained


def test_huge_but_finite_attributions_are_an_explanation(understand: Understand) -> None:
    assert logged(understand(shap_values={"a": 1.7e308, "b": 1.7e308, "c": -5, "d": 10**300})).explained
    assert logged(understand(shap_values={"a": 10**308, "b": 10**308})).explained
    assert logged(understand(shap_values={"a": -1e308, "b": -1e308, "c": 0})).explained


VERSIONS = ("model_version", "served_model_version")
SERVED_JOAN = {"served_model_version": "by-joan@example.com"}


@pytest.mark.parametrize(
    ("changes", "source", "stale"),
    [
        ({"source": "cache"}, "cache", False),
        ({"source": ..., "is_cached": True}, "cache", False),
        ({"source": None, "is_cached": False}, "other", False),
        ({"source": ..., "is_cached": ...}, "other", False),
        ({"source": "magic"}, "other", False),
        ({"source": ["cache"]}, "other", False),
        ({"source": "fallback", "is_cached": True}, "fallback", False),
        ({"source": "cache", "served_model_version": "7"}, "cache", False),
        ({"source": "cache", "served_model_version": 7}, "cache", False),
        ({"source": "cache", "served_model_version": "8"}, "cache", True),
        ({"source": ..., "is_cached": True, "served_model_version": "8"}, "cache", True),
        ({"source": "live_treeshap", "served_model_version": "8"}, "live_treeshap", False),
        # Versions that look like personal data are not kept, and still compared.
        ({"source": "cache", **dict.fromkeys(VERSIONS, "52.114.101.122")}, "cache", False),
        ({"source": "cache", **dict.fromkeys(VERSIONS, "by-jane@example.com")}, "cache", False),
        ({"source": "cache", **dict.fromkeys(VERSIONS, "v" * 200)}, "cache", False),
        ({"source": "cache", "model_version": "by-jane@example.com"} | SERVED_JOAN, "cache", True),
        ({"source": "cache", "model_version": "v" * 150 + "1", "served_model_version": "v" * 150 + "2"}, "cache", True),
        ({"source": "cache", "model_version": None, "served_model_version": "7"}, "cache", True),
    ],
)
def test_where_an_explanation_came_from(
    understand: Understand, changes: dict[str, Any], source: str, stale: bool
) -> None:
    found = logged(understand(**changes))
    assert (found.source, found.stale) == (source, stale)


@pytest.mark.parametrize(
    ("changes", "latency", "compute"),
    [
        ({}, 0.0125, 0.0125),
        ({"explanation_latency_ms": 0}, 0.0, 0.0),
        ({"explanation_latency_ms": -1}, None, 0.0),
        ({"explanation_latency_ms": float("nan")}, None, 0.0),
        ({"explanation_latency_ms": float("inf")}, None, 0.0),
        ({"explanation_latency_ms": "12.5"}, None, 0.0),
        ({"explanation_latency_ms": True}, None, 0.0),
        ({"explanation_latency_ms": ...}, None, 0.0),
        ({"explanation_latency_ms": 10**400}, None, 0.0),
        ({"explanation_latency_ms": 604_800_000}, 604_800.0, 604_800.0),
        ({"explanation_latency_ms": 604_800_001}, None, 0.0),  # more than a week
        ({"explanation_latency_ms": 1.7e308}, None, 0.0),
        ({"explanation_latency_ms": 1_714_996_740.0}, None, 0.0),  # a time where a duration should be
        ({"compute_seconds": 604_800}, 0.0125, 604_800.0),
        ({"compute_seconds": 604_800.5}, 0.0125, 0.0125),
        ({"compute_seconds": 1e300}, 0.0125, 0.0125),
        ({"compute_seconds": 10**300, "source": "cache"}, 0.0125, 0.0),
        ({"compute_seconds": 3}, 0.0125, 3.0),
        ({"compute_seconds": -3}, 0.0125, 0.0125),
        ({"source": "cache"}, 0.0125, 0.0),
        ({"source": "cache", "compute_seconds": 0.5}, 0.0125, 0.5),
        ({"shap_values": None, "error": "MemoryError"}, 0.0125, 0.0125),
        ({"shap_values": None, "unexplained_reason": "disabled", "compute_seconds": 3}, 0.0125, 0.0),
    ],
)
def test_latency_and_compute(
    understand: Understand, changes: dict[str, Any], latency: float | None, compute: float
) -> None:
    found = logged(understand(**changes))
    assert (found.latency, found.compute_seconds) == (latency, compute)


def test_failures_of_one_request_have_one_fingerprint(understand: Understand) -> None:
    failed = {"shap_values": None, "error": "ValueError", "inputs": {"income": 5000, "age": 30}}
    one = logged(understand(**failed)).fingerprint
    assert one == logged(understand(**failed, record_id="p-2", timestamp=NOW - 5)).fingerprint
    assert one == logged(understand(**{**failed, "inputs": {"age": 30, "income": 5000}})).fingerprint
    others = [
        {**failed, "inputs": {"income": 5001, "age": 30}}, {**failed, "error": "KeyError"},
        {**failed, "model_version": "8"}, {**failed, "fingerprint": "r-1"}, {**failed, "inputs": ...},
        {**failed, "inputs": ..., "record_id": "p-2"},
        {**failed, "error": "TypeError"}, {**failed, "unexplained_reason": "timeout"},
    ]  # fmt: skip
    assert len({one, *(logged(understand(**other)).fingerprint for other in others)}) == 1 + len(others)
    by_field = logged(understand(**failed, fingerprint="r-1")).fingerprint
    assert by_field == logged(understand(**{**failed, "inputs": {}}, fingerprint="r-1", record_id="p-9")).fingerprint


@pytest.mark.parametrize(
    "request_of", [{"fingerprint": "sha256 of jane@example.com"}, {"inputs": {"age": 30}}, {"inputs": ...}]
)
def test_a_fingerprint_cannot_be_made_without_the_key(request_of: dict[str, Any]) -> None:
    """Whoever can guess what it was made of could otherwise try, and see that the guess was right."""
    failed = line(shap_values=None, error="ValueError", **request_of)

    def fingerprint(**privacy: str) -> str:
        return logged(Understanding(make_monitor(privacy=privacy)).line(failed, now=NOW)).fingerprint

    one, other = fingerprint(hash_key="k" * 16), fingerprint(hash_key="l" * 16)
    assert len({one, other, fingerprint()}) == 3
    assert one == fingerprint(hash_key="k" * 16)


def test_predictions_without_explanation_name_their_groups(understand: Understand) -> None:
    found = logged(understand(shap_values=None, flow="checkout", segment=4, other="x"))
    assert found.groups == (("route", "/apply"), ("flow", "checkout"), ("segment", "4"))
    assert logged(understand(shap_values=None, route=None, flow={"a": 1})).groups == ()


def test_group_values_are_short_and_fit_any_database(understand: Understand) -> None:
    found = logged(understand(shap_values=None, route="x" * 5_000, flow="a\x00b\ud800", model_version="7\x00"))
    assert found.groups == (("route", "x" * 100), ("flow", "a?b?"))
    assert found.model_version == "7?"


def test_adverse_decisions_are_told_by_their_class() -> None:
    understanding = Understanding(make_monitor(telemetry={"adverse_classes": ["decline", "1", "true"]}))
    for label, adverse in (
        ("decline", True),
        (1, True),
        (1.0, True),
        (True, True),
        ("approve", False),
        (0, False),
        (None, False),
    ):
        for explained in (RECORD["shap_values"], None):
            found = understanding.line(line(predicted_class=label, shap_values=explained), now=NOW)
            assert logged(found).adverse is adverse


def test_keys_are_mapped_and_dots_go_down() -> None:
    columns = {
        "record_id": "id", "timestamp": "meta.at", "attributions": "explanation.values", "latency_ms": "explanation.ms",
        "inputs": "row", "model_version": "meta.model.version",
    }  # fmt: skip
    monitor = make_monitor(telemetry={"columns": columns, "group_by": ["meta.route"]})
    record = {
        "id": 17, "meta": {"at": NOW, "model": {"version": "3"}, "route": "/x"},
        "explanation": {"values": {"a": 1.0}, "ms": 5}, "row": {"a": "jane@example.com"},
    }  # fmt: skip
    understanding = Understanding(monitor)
    found = logged(understanding.line(json.dumps(record).encode(), now=NOW))
    assert (found.record_id, found.time, found.model_version, found.latency) == ("17", NOW, "3", 0.005)
    assert found.personal == (("email", "row.a"),)
    flat = {"id": 17, "meta.at": NOW, "meta.model.version": "3", "meta.route": "/x"}
    assert logged(understanding.line(json.dumps(flat).encode(), now=NOW)).groups == (("meta.route", "/x"),)
    before = json.dumps(record)
    assert logged(understanding.row(record, now=NOW)).model_version == "3"
    assert json.dumps(record) == before


def test_a_number_too_large_to_be_written_is_a_value_like_any_other() -> None:
    understanding = Understanding(make_monitor())
    for value in (Decimal("1e5000"), Decimal("-1e5000"), Decimal("NaN")):
        found = logged(understanding.row({**RECORD, "extra": value, "explanation_latency_ms": value}, now=NOW))
        assert found.latency is None


def test_rows_of_a_table_are_understood_whatever_the_driver_returns() -> None:
    understanding = Understanding(make_monitor(telemetry={"adverse_classes": ["1"]}))
    row = {
        **RECORD, "record_id": UUID(int=5), "timestamp": datetime(2024, 5, 6, 11, 59, tzinfo=UTC), "is_cached": 1,
        "source": None, "shap_values": json.dumps(RECORD["shap_values"]), "explanation_latency_ms": Decimal("12.5"),
        "inputs": '{"mail": "jane@example.com"}', "predicted_class": Decimal(1), "id": 99,
    }  # fmt: skip
    found = logged(understanding.row(row, now=NOW))
    assert (found.record_id, found.time, found.latency) == (str(UUID(int=5)), NOW - 60, 0.0125)
    assert (found.explained, found.source, found.adverse) == (True, "cache", True)
    assert found.personal == (("email", "inputs.mail"),)
    assert logged(understanding.row({**row, "record_id": Decimal(7)}, now=NOW)).record_id == "7"
    assert logged(understanding.row({**row, "shap_values": {"a": 1}}, now=NOW)).explained
    assert logged(understanding.row({**row, "shap_values": "null"}, now=NOW)).reason == "missing"
    assert logged(understanding.row({**row, "shap_values": ""}, now=NOW)).reason == "missing"
    assert understanding.row({**row, "shap_values": "{"}, now=NOW) == "not_json"
    assert understanding.row({**row, "shap_values": "[1]"}, now=NOW) == "wrong_type"
    assert understanding.row({**row, "timestamp": datetime(2024, 5, 6)}, now=NOW) == "bad_time"
    assert understanding.row({**row, "timestamp": None}, now=NOW) == "missing_field"


EMAIL_AND_ID = [("email", "inputs.a"), ("national_id", "inputs.a")]
NAME_WITHIN = [("redacted_field", "inputs.a.name_(withheld).zip")]
PERSONAL = [
    ({"inputs": {"note": "call +49 171 2345678", "income": 3.5}}, [("phone", "inputs.note")]),
    ({"inputs": {"a": "x@example.com", "b": "y@example.com"}}, [("email", "inputs.a"), ("email", "inputs.b")]),
    ({"inputs": {"a": "x@example.com and y@example.com, 123-45-6789"}}, EMAIL_AND_ID),
    ({"inputs": {"a": ["x@example.com", {"deep": "123-45-6789"}]}}, EMAIL_AND_ID),
    ({"predicted_class": "jane@example.com"}, [("email", "predicted_class")]),
    ({"top_features": [{"feature": "mail", "value": "jane@example.com"}]}, [("email", "top_features")]),
    ({"comment": "jane@example.com"}, [("email", "comment")]),
    ({"extra": {"comment": "jane@example.com"}}, [("email", "extra")]),
    ({"route": "/user/jane@example.com"}, [("email", "route")]),
    ({"inputs": {"jane@example.com": "jane@example.com"}}, [("email", "inputs.(a name that is personal data itself)")]),
    ({"inputs": {"jane@example.com": 1}}, [("email", "inputs.(a name that is personal data itself)")]),
    ({"inputs": {"a": [{"jane@example.com": 1}]}}, [("email", "inputs.(a name that is personal data itself)")]),
    ({"extra": {"jane@example.com": {}}}, [("email", "extra.(a name that is personal data itself)")]),
    ({"jane@example.com": 1}, [("email", "(a name that is personal data itself)")]),
    ({"inputs": {"support": {"help@example.com": 1}}, "contact": {"help@example.com": 1}}, []),  # allowed columns
    ({"inputs": {"name_Jane": "123-45-6789"}}, [("national_id", "inputs.name_(withheld)")]),
    ({"inputs": {"user_name": "123-45-6789"}}, [("national_id", "inputs.user_name")]),
    ({"inputs": {"name=Jane": {"zip": 12345}}}, [("redacted_field", "inputs.name_(withheld).zip")]),
    ({"inputs": {"name": "Jane"}}, [("redacted_field", "inputs.name")]),
    ({"inputs": {"name": "[redacted]", "zip": "hash:0123456789abcdef", "iban": "mask:22:00"}}, []),
    ({"inputs": {"name": None, "zip": 12345, "iban": ""}}, [("redacted_field", "inputs.zip")]),
    ({"inputs": {"a.name.Jane": "123-45-6789"}}, [("national_id", "inputs.a.name_(withheld)")]),
    ({"inputs": {"onehot__name.Jane": "123-45-6789"}}, [("national_id", "inputs.onehot__name_(withheld)")]),
    ({"inputs": {"name_Jane_name": "123-45-6789"}}, [("national_id", "inputs.name_(withheld)")]),
    ({"name.Jane.Doe": "123-45-6789"}, [("national_id", "name_(withheld)")]),
    ({"inputs": {"a": {"name.Jane": {"name": "x"}}}}, [("redacted_field", "inputs.a.name_(withheld).name")]),
    ({"inputs": {"a": {"name": {"Jane": {"zip": 1}}}}}, [*NAME_WITHIN, ("redacted_field", "inputs.a.name")]),
    ({"inputs": {"home.city.Rome": "123-45-6789"}}, [("national_id", "inputs.home.city_(withheld)")]),
    ({"inputs": {"x__home.city_Rome": "123-45-6789"}}, [("national_id", "inputs.home.city_(withheld)")]),
    ({"inputs": {"home.city": "Rome"}}, [("redacted_field", "inputs.home.city")]),
    ({"inputs": {"profile": {"name": "Jane"}}}, [("redacted_field", "inputs.profile.name")]),
    ({"inputs": {"people": [{"name": "Jane"}, {"name": "[redacted]"}]}}, [("redacted_field", "inputs.people.name")]),
    ({"inputs": '{"name": "Jane", "age": 30}'}, [("redacted_field", "inputs.name")]),
    ({"inputs": ' [{"name": "Jane"}]'}, [("redacted_field", "inputs.name")]),
    ({"inputs": json.dumps(json.dumps({"name": "Jane"}))}, [("redacted_field", "inputs.name")]),
    ({"inputs": {"a": '{"name": "Jane"}'}}, [("redacted_field", "inputs.a.name")]),
    ({"inputs": {"a": ['{"b": {"name": "Jane"}}']}}, [("redacted_field", "inputs.a.b.name")]),
    ({"inputs": json.dumps({"a": json.dumps([{"name": "Jane"}])})}, [("redacted_field", "inputs.a.name")]),
    ({"inputs": {"a": '{"n\\u0061me": "Jane"}'}}, [("redacted_field", "inputs.a.name")]),
    ({"inputs": {"a": '{"name": "[redacted]", "city": "name"}', "b": '{"name": "Jane"', "c": '"name"'}}, []),
    ({"inputs": {"name": "jane@example.com"}}, [("email", "inputs.name"), ("redacted_field", "inputs.name")]),
    ({"inputs": {"support": "help@example.com"}, "contact": "help@example.com"}, []),  # allowed columns
    ({"record_id": "jane@example.com", "model_version": "123-45-6789", "fingerprint": "x@example.com"}, []),
    ({"inputs": "jane@example.com"}, [("email", "inputs")]),
    ({"inputs": {"a": 4111111111111111, "b": 1.5, "c": None, "d": True}}, []),
    ({"inputs": {"order_id": "4242405608656907", "app_version": "23.11.20.140"}}, []),  # the name says what it is
    ({"inputs": {"order_id": "4242 4056 0865 6907"}}, [("card", "inputs.order_id")]),
    ({"inputs": {"peer": "10.24.118.200", "remote": "git@github.com:org/repo.git"}}, []),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "incidents"), PERSONAL, ids=[json.dumps(c)[:60] for c, _ in PERSONAL])
@pytest.mark.parametrize("explained", [True, False])
def test_personal_data_is_told_by_kind_and_field(
    changes: dict[str, Any], incidents: list[Any], explained: bool
) -> None:
    privacy = {"hash": ["zip"], "hash_key": "a key of the tests", "mask": ["iban"], "allow": ["support", "contact"]}
    understanding = Understanding(make_monitor(redact=["name", "home.city"], privacy=privacy))
    changes = changes if explained else {**changes, "shap_values": None}
    assert logged(understanding.line(line(**changes), now=NOW)).personal == tuple(sorted(incidents))


def test_names_of_attributions_are_looked_at_every_time() -> None:
    understanding = Understanding(make_monitor(privacy={"allow": ["help@example.com"]}, features=["jim@example.com"]))
    found = [("email", "shap_values.(a name that is personal data itself)")]
    for values, incidents in (
        ({"income": 0.1, "age": 0.2}, []),
        ({"income": 0.1, "email_jane@example.com": 0.2}, found),
        ({"income": 0.1, "email_jane@example.com": 0.2}, found),
        ({"income": 0.1, "help@example.com": 0.2, "jim@example.com": 0.3}, []),  # expected; a feature of the model
        ({"income": 0.1, "spend_2023-01": 0.2, "feature_12345678": 0.3}, []),
        ({f"feature_{i}": 0.1 for i in range(20_000)}, []),
        ({"income": 0.1, "email=joan@example.com": None}, found),
    ):
        assert logged(understanding.line(line(shap_values=values), now=NOW)).personal == tuple(incidents)
    silent = Understanding(make_monitor(privacy={"scan": False}))
    assert logged(silent.line(line(shap_values={"jane@example.com": 0.1}), now=NOW)).personal == ()


def test_a_group_with_personal_data_in_it_is_not_kept(understand: Understand) -> None:
    assert logged(understand(shap_values=None, route="/user/jane@example.com")).groups == (
        ("route", "[personal data]"),
    )


def test_a_group_is_looked_through_also_behind_what_is_kept_of_it(understand: Understand) -> None:
    route = "/" + "x" * 85 + " jane.smith@example.com"
    assert logged(understand(shap_values=None, route=route)).groups == (("route", "[personal data]"),)


def test_a_version_with_personal_data_in_it_is_not_kept(understand: Understand) -> None:
    assert logged(understand(model_version="carla@example.org")).model_version == "[personal data]"
    assert logged(understand(model_version="2026-11-carla")).model_version == "2026-11-carla"


def test_failures_whose_inputs_are_kept_back_are_told_apart_by_their_id() -> None:
    """Two requests that are redacted look alike, and a value in clear could be found by trying all there are."""
    understanding = Understanding(make_monitor(redact=["name"], privacy={"hash": ["zip"], "hash_key": "k" * 16}))

    def fingerprint(record_id: str, **inputs: Any) -> str:
        failed = line(shap_values=None, error="ValueError", record_id=record_id, inputs=inputs)
        return logged(understanding.line(failed, now=NOW)).fingerprint

    assert fingerprint("p-1", name="[redacted]") != fingerprint("p-2", name="[redacted]")
    assert fingerprint("p-1", name="Jane") == fingerprint("p-1", name="Joan"), "the name does not enter"
    assert fingerprint("p-1", zip="hash:0011223344556677") == fingerprint("p-2", zip="hash:0011223344556677")


WITHIN: dict[str, Callable[[Any], Any]] = {
    "an object": lambda name: {"applicant": {"name": name, "age": 30}},
    "a list": lambda name: [{"age": 30}, {"name": name}],
    "six levels": lambda name: {"a": {"b": {"c": {"d": {"e": {"name": name}}}}}},
    "more levels than are looked into": lambda name: nested(40, {"name": name}),
    "a text": lambda name: json.dumps({"name": name}),
    "a list in a text": lambda name: json.dumps([{"name": name}]),
    "a text in a text": lambda name: json.dumps({"a": json.dumps({"name": name})}),
    "a text in an object": lambda name: {"a": json.dumps({"name": name})},
    "a text that was cut off": lambda name: {"a": json.dumps({"age": 1, "name": name, "b": 1})[:-1]},
    "a pair": lambda name: {"rows": [["age", 30], ["name", name]]},
    "a feature": lambda name: {"rows": [{"feature": "name", "value": name}]},
}


def nested(levels: int, value: Any) -> Any:
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("within", WITHIN.values(), ids=WITHIN)
def test_a_column_that_is_kept_back_counts_wherever_it_stands_in_the_inputs(within: Callable[[Any], Any]) -> None:
    understanding = Understanding(make_monitor(redact=["name"]))

    def fingerprint(record_id: str, name: str) -> str:
        failed = line(shap_values=None, error="ValueError", record_id=record_id, inputs=within(name))
        return logged(understanding.line(failed, now=NOW)).fingerprint

    assert fingerprint("p-1", "[redacted]") != fingerprint("p-2", "[redacted]"), "two that are redacted look alike"
    assert fingerprint("p-1", "Jane") == fingerprint("p-1", "Joan"), "the name does not enter"


def test_what_the_writer_replaced_as_a_whole_tells_no_requests_apart() -> None:
    understanding = Understanding(make_monitor(redact=["name"], privacy={"mask": ["iban"]}))
    for inputs in ({"form": "[redacted]"}, {"rows": [["mask:22:00"]]}):
        found = {
            logged(
                understanding.line(
                    line(shap_values=None, error="ValueError", record_id=record_id, inputs=inputs), now=NOW
                )
            ).fingerprint
            for record_id in ("p-1", "p-2")
        }
        assert len(found) == 2


@pytest.mark.parametrize(
    "inputs",
    [
        {"a": {"zip": "hash:0011223344556677"}, "b": [1.5, None, "plain", '{"age": 1}', "{name", "[1, 2]"]},
        json.dumps([{"zip": "hash:0011223344556677"}]),
        [["zip", "hash:0011223344556677"]],
        [{"feature": ["zip"], "value": 3}],
    ],
)
def test_nested_inputs_that_keep_nothing_back_or_hash_it_tell_requests_apart(inputs: Any) -> None:
    understanding = Understanding(make_monitor(redact=["phone"], privacy={"hash": ["zip"], "hash_key": "k" * 16}))
    failed = {"shap_values": None, "error": "ValueError", "inputs": inputs}
    one, other = (logged(understanding.line(line(**failed, record_id=i), now=NOW)).fingerprint for i in ("p-1", "p-2"))
    assert one == other


def test_json_in_texts_of_a_table_is_looked_through_as_well() -> None:
    understanding = Understanding(make_monitor(redact=["name"]))

    def row(record_id: str, inputs: Any) -> Logged:
        failed = {**RECORD, "record_id": record_id, "shap_values": None, "error": "ValueError", "inputs": inputs}
        return logged(understanding.row(failed, now=NOW))

    for inputs in ({"a": '{"name": "Jane"}'}, json.dumps({"a": '{"name": "Jane"}'})):
        assert row("p-1", inputs).personal == (("redacted_field", "inputs.a.name"),)
    long = {"a": json.dumps({"name": "Jane", "note": "x" * LINE_LIMIT})}
    assert row("p-1", long).fingerprint != row("p-2", long).fingerprint


def test_texts_within_texts_are_read_a_few_times_only() -> None:
    """A line could hold hundreds of them, one within the other, and each is as long as nearly all of the line."""
    text = '"age"'
    for _ in range(100):
        text = '"' + text.replace("\\", "\\u005c").replace('"', "\\u0022") + '"'
    understanding = Understanding(make_monitor(redact=["name"]))
    failed = {"shap_values": None, "error": "ValueError", "inputs": {"a": text}}
    one, other = (logged(understanding.line(line(**failed, record_id=i), now=NOW)).fingerprint for i in ("p-1", "p-2"))
    assert one != other, "what is not read may hold anything"


@pytest.mark.parametrize(
    "telemetry",
    [
        {"group_by": ["name"]},
        {"group_by": ["route", "inputs.name"]},
        {"columns": {"model_version": "inputs.name"}},
        {"columns": {"error": "name"}},
        {"columns": {"record_id": "inputs.name"}},
    ],
)
def test_what_is_kept_of_a_record_cannot_be_a_column_that_is_kept_back(telemetry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="redacted values would be stored"):
        make_monitor(redact=["name"], telemetry=telemetry)
    make_monitor(redact=["zip"], telemetry=telemetry)


def test_scanning_can_be_turned_off_and_kept_columns_are_still_looked_for() -> None:
    understanding = Understanding(make_monitor(redact=["name"], privacy={"scan": False}))
    found = logged(understanding.line(line(inputs={"name": "jane@example.com"}), now=NOW))
    assert found.personal == (("redacted_field", "inputs.name"),)


def test_a_column_is_kept_back_under_both_its_names() -> None:
    predictions = {"path": "traffic.parquet", "columns": {"rename": {"cust_name": "name"}}}
    for configured in ("cust_name", "name"):
        understanding = Understanding(make_monitor(redact=[configured], predictions=predictions))
        found = logged(understanding.line(line(inputs={"name": "Jane", "cust_name": "Jane"}), now=NOW))
        assert len(found.personal) == 2


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*RECORD, "inputs", "error", "unexplained_reason", "fingerprint", "x"]), JSON))
@settings(max_examples=400)
def test_any_record_is_understood_or_refused_with_a_known_word(changes: dict[str, Any]) -> None:
    understanding = Understanding(make_monitor(redact=["a"], telemetry={"adverse_classes": ["x"]}))
    for found in (understanding.line(line(**changes), now=NOW), understanding.row({**RECORD, **changes}, now=NOW)):
        if isinstance(found, str):
            assert found in names.QUARANTINE_REASONS
        else:
            assert found.explained == (found.reason is None)
            assert found.attempted == (found.explained or found.error_reason is not None)
            str(found.model_version + found.error + found.fingerprint + found.source).encode()
            json.dumps([found.groups, found.personal]).encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_known_word(raw: bytes) -> None:
    found = Understanding(make_monitor()).line(raw, now=NOW)
    assert found in names.QUARANTINE_REASONS


@pytest.mark.parametrize(("ahead", "found"), [("5m", "bad_time"), ("10m", "p-1")])
def test_how_far_clocks_may_differ_is_configured(ahead: str, found: str) -> None:
    understanding = Understanding(make_monitor(telemetry={"ahead": ahead}))
    for stamp in ("2024-05-06T12:07:00Z", NOW + 420):
        understood = understanding.line(line(timestamp=stamp), now=NOW)
        assert (understood if isinstance(understood, str) else understood.record_id) == found
