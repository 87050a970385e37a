"""Attributions looked at without being parsed: the same answers, always."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.telemetry import Understanding
from monitor.telemetry.shortcut import Shortcut
from tests.telemetry.lines import NOW, RECORD, line, make_monitor


class Nothing(Shortcut):
    def without(self, raw: bytes) -> bytes | None:
        return None


def make_pair(**telemetry: Any) -> tuple[Understanding, Understanding]:
    short, full = (Understanding(make_monitor(telemetry=telemetry)) for _ in range(2))
    full._shortcut = Nothing("shap_values")
    return short, full


SHORT, FULL = make_pair()


def test_a_plain_object_is_taken_out() -> None:
    for raw in (line(), json.dumps(RECORD, separators=(",", ":")).encode(), line(shap_values={"a b": -1.5e-7, "c": 3})):
        found = Shortcut("shap_values").without(raw)
        assert found is not None
        assert json.loads(found) == {**json.loads(raw), "shap_values": {}}


@pytest.mark.parametrize(
    "text",
    [
        '{"shap_values": {}}',
        '{"shap_values": {"a": "1"}}',
        '{"shap_values": {"a": 01}}',
        '{"shap_values": {"a": 1.}}',
        '{"shap_values": {"a": .5}}',
        '{"shap_values": {"a": +1}}',
        '{"shap_values": {"a": 1,}}',
        '{"shap_values": {"a": NaN}}',
        '{"shap_values": {"a": 1e999}}',
        '{"shap_values": {"a": 1e-100}}',
        '{"shap_values": {"a": {"b": 1}}}',
        '{"shap_values": {"a": true}}',
        '{"shap_values": {"a": null}}',
        '{"shap_values": {"\\u0061": 1}}',
        '{"shap_values": {"é": 1}}',
        '{"shap_values": {"a": 1}, "note": "\\"shap_values\\": {"}',
        '{"x": {"shap_values": {"a": 1}}, "shap_values": null}',
        '{"shap_values": {"a": 1 }}',
        '{"shap_values": {"a" 1}}',
        '{"shap_values": {"a": 1} ',
        '{"shap_values": {"a": 1',
        '{"other": {"a": 1}}',
    ],
)
def test_what_is_not_plain_is_left_to_json(text: str) -> None:
    found = Shortcut("shap_values").without(text.encode())
    assert found is None or not _is_json(found)


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True


def test_attributions_of_another_record_inside_are_not_taken_for_its_own() -> None:
    inner = {"shap_values": {"a": 1.0}}
    for changes in (
        {"shap_values": ..., "x": inner},
        {"shap_values": None, "x": inner},
        {"shap_values": {}, "x": inner},
    ):
        raw = line(**changes)
        assert SHORT.line(raw, now=NOW) == FULL.line(raw, now=NOW)
        assert not SHORT.line(raw, now=NOW).explained  # type: ignore[union-attr]


def test_a_nested_column_is_taken_out_too() -> None:
    short, full = make_pair(columns={"attributions": "explanation.values"})
    for values in ({"a": 1.0}, {"a": "x"}, {}, None):
        raw = line(shap_values=..., explanation={"values": values, "ms": 3})
        assert short.line(raw, now=NOW) == full.line(raw, now=NOW)


NUMBERS = st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=3))


@given(st.dictionaries(st.text(max_size=6), NUMBERS, max_size=5), st.booleans(), st.booleans(), st.text(max_size=10))
@settings(max_examples=400)
def test_no_record_is_understood_otherwise(values: dict[str, Any], compact: bool, ascii_only: bool, note: str) -> None:
    record = {**RECORD, "shap_values": values, "note": note}
    text = json.dumps(record, separators=(",", ":") if compact else None, ensure_ascii=ascii_only)
    raw = text.encode("utf-8", "surrogatepass")
    assert SHORT.line(raw, now=NOW) == FULL.line(raw, now=NOW)


def test_no_damaged_line_is_understood_otherwise() -> None:
    draw = random.Random(5)
    raw = line()
    for _ in range(4_000):
        damaged = bytearray(raw)
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(damaged))
            damaged[place : place + draw.randint(0, 2)] = draw.choice(
                [b"", b'"', b"}", b"{", b",", b"1", b"\xff", b"\\", b" "]
            )
        assert SHORT.line(bytes(damaged), now=NOW) == FULL.line(bytes(damaged), now=NOW)
