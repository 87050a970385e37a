"""A line read by orjson where it can be: the same answers as `json` gives, always."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.telemetry import Logged, Understanding, lines
from tests.telemetry.lines import NOW, RECORD, line, make_monitor

MONITORS = [
    Understanding(make_monitor(telemetry={"group_by": ["route", "flow"], "adverse_classes": ["18446744073709551616"]})),
    Understanding(make_monitor(telemetry={"columns": {"record_id": "meta.id", "model_version": "meta.version"}})),
]


def by_json_alone(understanding: Understanding, raw: bytes) -> Logged | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "loose", lines.exact)
        return understanding.line(raw, now=NOW)


def same(raw: bytes) -> None:
    for understanding in MONITORS:
        assert understanding.line(raw, now=NOW) == by_json_alone(understanding, raw)


LONG = [2**63, 2**64 - 1, 2**64, 2**64 + 1, -(2**63), -(2**63) - 1, 10**30, -(10**30), 10**308, 10**309, -(10**400)]


@pytest.mark.parametrize("number", LONG)
@pytest.mark.parametrize("key", ["record_id", "timestamp", "model_version", "served_model_version", "predicted_class"])
def test_a_long_number_is_the_number_that_was_written(key: str, number: int) -> None:
    same(line(**{key: number}))
    same(line(**{key: number}, error="ValueError"))


@pytest.mark.parametrize("number", LONG)
def test_requests_that_differ_in_the_last_digit_of_a_long_number_are_two(number: int) -> None:
    for key in ("inputs", "fingerprint", "route"):
        for value in (number, [number], {"a": {"b": number}}):
            same(line(error="ValueError", **{key: value}))
            same(line(shap_values={"a": None}, **{key: value}))
    found = [MONITORS[0].line(line(error="ValueError", inputs={"a": number + n}), now=NOW) for n in (0, 1)]
    assert len({one.fingerprint for one in found if isinstance(one, Logged)}) == 2


def test_a_long_number_is_seen_wherever_it_may_stand() -> None:
    for before in ("", '{"a":', '{"a": ', "[", "[1,", "[1, ", "[-", '{"a":\t', '{"a":\r\n'):
        assert lines.has_long_number(f"{before}12345678901234567890".encode()), before
    for text in ('"12345678901234567890"', "0.12345678901234567890", "123456789012345678"):
        assert not lines.has_long_number(f'{{"a": {text}}}'.encode()), text


@pytest.mark.parametrize(
    "text",
    ["NaN", "-Infinity", "1e400", "-1e400", "1E-400", "-0", "-0.0", "01", "1.", ".5", "+1", "1e5", '"\\ud800"']
    + ['"\\udc00x"', '"\\u0000"', '"\x01"', '"\x7f"', '"\\x"', "tRue", "'a'", "1" * 5000, "0." + "1" * 5000]
    + ["{}", '{"a":1,"a":2}']
    + ["[" * depth + "]" * depth for depth in (10, 200, 600, 1023, 1024, 1025, 5000)],
)  # fmt: skip
@pytest.mark.parametrize("key", ["record_id", "timestamp", "shap_values", "inputs", "note", "model_version"])
def test_what_one_parser_refuses_is_read_by_the_other(key: str, text: str) -> None:
    for error in ("null", '"ValueError"'):
        record = {name: json.dumps(value) for name, value in {**RECORD}.items()} | {"error": error, key: text}
        same(("{" + ", ".join(f'"{name}": {value}' for name, value in record.items()) + "}").encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"\xef\xbb\xbf" + line(), b"\x0c" + line(), b" \t" + line() + b" ", line() + b"x", line() * 2, b"\0",
        b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b"[]", b"1" * 400, b"null",
    ],
)  # fmt: skip
def test_a_strange_line_is_what_it_always_was(raw: bytes) -> None:
    same(raw)


NESTED_IN = (
    "inputs", "fingerprint", "note", "route", "model_version", "served_model_version", "predicted_class",
    "top_features", "error", "source", "unexplained_reason", "is_cached", "explanation_latency_ms", "compute_seconds",
    "timestamp", "record_id", "shap_values",
)  # fmt: skip
KEEPS_BACK = Understanding(
    make_monitor(
        telemetry={"group_by": ["route"], "adverse_classes": ["1"]},
        privacy={"hash": ["kept"], "hash_key": "k" * 32},
    )
)


@pytest.mark.parametrize("place", NESTED_IN)
def test_a_line_nested_as_deeply_as_can_be_read_is_never_fatal(place: str) -> None:
    """Deeper by a few levels than can be written again: its fingerprint would need that."""
    words = set()
    for depth in (*range(900, 1000), 3000):
        for understanding, opened, closed in ((MONITORS[0], "[", "]"), (KEEPS_BACK, '{"kept":', "}")):
            nested = opened * depth + "1" + closed * depth
            raw = line(shap_values=None, error="ValueError")[:-2] + f', "{place}": {nested}}}'.encode()
            found = understanding.line(raw, now=NOW)
            words.add(found if isinstance(found, str) else found.reason)
    assert "not_json" in words
    assert words <= {"not_json", "wrong_type", "error", "other"}


@pytest.mark.parametrize("place", NESTED_IN)
def test_a_row_nested_more_deeply_than_can_be_written_is_set_aside(place: str) -> None:
    nested: Any = 1
    for _ in range(3000):
        nested = {"kept": nested}
    assert KEEPS_BACK.row({**RECORD, "shap_values": None, place: nested}, now=NOW) == "not_json"


def test_what_is_nested_is_no_group_and_no_version() -> None:
    found = KEEPS_BACK.line(line(shap_values=None, route={"a": "x"}, model_version=["7"]), now=NOW)
    assert isinstance(found, Logged)
    assert (found.groups, found.model_version) == ((), "")


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.floats(), st.integers(), st.integers(2**62, 2**70), st.text(max_size=6),
        st.sampled_from(["7", "ValueError", "timeout", "cache", "a\ud800", "x@example.org", *LONG]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
KEYS = st.sampled_from(
    [
        "record_id", "timestamp", "model_version", "served_model_version", "predicted_class", "shap_values", "inputs",
        "fingerprint", "error", "unexplained_reason", "source", "is_cached", "explanation_latency_ms", "route", "flow",
        "meta", "note", "compute_seconds", "top_features",
    ]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES, max_size=6), st.booleans(), st.booleans())
@example({"shap_values": {"a": 10**308}, "meta": {"id": 2**64, "version": 2**64}}, False, False)
@settings(max_examples=600, deadline=None)
def test_no_record_is_understood_otherwise(changes: dict[str, Any], compact: bool, ascii_only: bool) -> None:
    text = json.dumps({**RECORD, **changes}, separators=(",", ":") if compact else None, ensure_ascii=ascii_only)
    same(text.encode("utf-8", "surrogatepass"))


def test_no_damaged_line_is_understood_otherwise() -> None:
    draw = random.Random(5)
    raw = line(inputs={"a": 1.5, "b": "x"})
    for _ in range(4_000):
        damaged = bytearray(raw)
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(damaged))
            damaged[place : place + draw.randint(0, 2)] = draw.choice(
                [b"", b'"', b"}", b"{", b",", b"1", b"\xff", b"\\", b" ", b"12345678901234567890", b"NaN", b"e99"]
            )
        same(bytes(damaged))


def test_nearly_every_line_is_read_by_the_quick_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "exact", None)
    found = MONITORS[0].line(line(), now=NOW)
    assert isinstance(found, Logged)
    assert found.explained
