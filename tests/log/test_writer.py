"""What the writer for serving applications puts into the explanation log."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import json
import math
import pathlib
import subprocess
import sys
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.log import Log
from monitor.log.record import LINE_LIMIT
from monitor.log.writer import REASONS
from monitor.names import UNEXPLAINED_REASONS
from monitor.privacy import Keeper
from monitor.settings import LogColumns, MonitorSettings
from monitor.telemetry import Logged, Understanding

NOW = 1_714_996_800.25
VALUES = {"income": 0.25, "age": -0.1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def make_log(path: Path, **options: Any) -> Log:
    return Log(path, **{"strict": True, "now": lambda: NOW, **options})


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text("ascii").splitlines()]


def understood(path: Path, **settings: Any) -> list[Logged | str]:
    monitor = MonitorSettings.model_validate(
        {
            "name": "m", "owner": "o", "model": {"path": "m"}, "holdout": {"path": "h"}, "predictions": {"path": "p"},
            "schedule": {"every": "1d"}, "telemetry": {"path": str(path)}, **settings,
        }
    )  # fmt: skip
    return [Understanding(monitor).line(raw, now=NOW) for raw in path.read_bytes().splitlines(keepends=True)]


def test_importing_it_brings_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import monitor.log;"
        "new = {n.partition('.')[0] for n in set(sys.modules) - before};"
        "print(sorted(n for n in new if n not in sys.stdlib_module_names))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "['monitor']\n"


def test_an_explained_prediction_is_written_in_the_default_format(path: Path) -> None:
    with make_log(path) as log:
        log.explained(
            "p-1", VALUES, prediction=0.3, base_value=0.15, latency=0.0125, model_version="7", source="cache",
            is_cached=True, served_model_version="8", predicted_class="approve", top_features=["income"],
            explainer_version="1", compute_seconds=0.5, inputs={"income": 5000}, route="/apply", flow=None,
        )  # fmt: skip
    assert records(path) == [
        {
            "record_id": "p-1", "timestamp": "2024-05-06T12:00:00.250000+00:00", "model_version": "7",
            "prediction": 0.3,
            "predicted_class": "approve", "explainer_version": "1", "served_model_version": "8", "base_value": 0.15,
            "shap_values": VALUES, "top_features": ["income"], "explanation_latency_ms": 12.5, "is_cached": True,
            "source": "cache", "compute_seconds": 0.5, "inputs": {"income": 5000}, "route": "/apply", "flow": None,
        }
    ]  # fmt: skip
    assert set(records(path)[0]) - {"route", "flow"} <= set(LogColumns().model_dump().values())


def test_what_it_writes_counts_as_what_was_said(path: Path) -> None:
    with make_log(path) as log:
        log.explained("a", VALUES, latency=0.0125, source="live_treeshap")
        log.unexplained("b", "disabled", route="/x")
        log.failed("c", ValueError("income of Jane is 5000"), latency=2.0)
        log.failed("d", "requests.ReadTimeout: 3 s", route="/y")
        log.explained(5, {})
        log.failed("e", "the model is gone")
    a, b, c, d, five, e = understood(path)
    assert isinstance(a, Logged)
    assert (a.explained, a.latency, a.source) == (True, 0.0125, "live_treeshap")
    told = [(x.record_id, x.reason, x.error_reason, x.error) for x in (b, c, d, five, e) if isinstance(x, Logged)]
    assert told == [
        ("b", "disabled", None, ""), ("c", "error", "input", "ValueError"), ("d", "timeout", "timeout", "ReadTimeout"),
        ("5", "error", "malformed", ""), ("e", "error", "other", "unnamed"),
    ]  # fmt: skip
    assert isinstance(d, Logged)
    assert d.groups == (("route", "/y"),)
    assert "Jane" not in path.read_text()
    assert "gone" not in path.read_text()


def test_columns_are_kept_back_as_the_monitor_does_it(path: Path) -> None:
    options: dict[str, Any] = {"redact": ["name"], "hash": ["zip"], "hash_key": "a key of the tests", "mask": ["iban"]}
    row = {"name": "Jane", "zip": 12345, "iban": "DE89370400440532013000", "income": 5.0}
    with make_log(path, **options) as log:
        log.explained("a", VALUES, inputs=row, zip=12345)
        log.failed("b", "KeyError", inputs=pd.Series(row))
    keeper = Keeper(**options)
    expected = {column: keeper.value(column, value) for column, value in row.items()}
    one, two = records(path)
    assert one["inputs"] == two["inputs"] == expected
    assert one["zip"] == expected["zip"]
    assert row["name"] == "Jane"
    text = path.read_text()
    assert not [value for value in ("Jane", "12345", "DE8937") if value in text]
    privacy = {"hash": ["zip"], "hash_key": options["hash_key"], "mask": ["iban"]}
    for found in understood(path, redact=["name"], privacy=privacy):
        assert isinstance(found, Logged)
        assert found.personal == ()


def test_columns_are_kept_back_however_deep_they_stand(path: Path) -> None:
    log = Log(path, redact=["name"], mask=["iban"])
    log.explained(
        "p-1", {"income": 0.1},
        inputs={"profile": {"name": "SECRETJANE", "age": 30}, "accounts": [{"iban": "DE00SECRET"}, 7], "income": 5},
        top_features=[{"feature": "name", "value": "SECRETJANE"}, {"feature": "income", "value": 5}, "age"],
        route={"name": "SECRETJANE"},
    )  # fmt: skip

    text = path.read_text()
    assert "SECRET" not in text
    record = json.loads(text)
    assert record["inputs"] == {
        "profile": {"name": "[redacted]", "age": 30}, "accounts": [{"iban": "mask:10:ET"}, 7], "income": 5,
    }  # fmt: skip
    assert record["top_features"][1:] == [{"feature": "income", "value": 5}, "age"]


@dataclasses.dataclass
class Person:
    name: str
    age: int = 30


@dataclasses.dataclass
class Quiet:
    """Its text says nothing of the names in it."""

    __slots__ = ("name",)
    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"


class Frame:
    """What the array libraries have."""

    def tolist(self) -> list[dict[str, str]]:
        return [{"name": "SECRETJANE"}]


Named = collections.namedtuple("Named", ["name", "age"])
HOLDERS: dict[str, tuple[Callable[[], Any], Any]] = {
    "values of a dictionary": ({"k": {"name": "SECRETJANE"}}.values, [{"name": "[redacted]"}]),
    "items of a dictionary": ({"name": "SECRETJANE", "age": 3}.items, [["name", "[redacted]"], ["age", 3]]),
    "deque": (lambda: collections.deque([{"name": "SECRETJANE"}]), [{"name": "[redacted]"}]),
    "generator": (lambda: ({"name": "SECRETJANE"} for _ in range(2)), [{"name": "[redacted]"}] * 2),
    "set of pairs": (lambda: {("name", "SECRETJANE")}, [["name", "[redacted]"]]),
    "rows": (lambda: [("name", "SECRETJANE", 0.3), ("age", 30, 0.1)],
             [["name", "[redacted]", "[redacted]"], ["age", 30, 0.1]]),
    "names alone": (lambda: ["name", "age"], ["name", "age"]),
    "array of objects": (lambda: np.array([{"name": "SECRETJANE"}], dtype=object), [{"name": "[redacted]"}]),
    "array of an own kind": (Frame, [{"name": "[redacted]"}]),
    "structured array": (lambda: np.array([("SECRETJANE", 3)], dtype=[("name", "U10"), ("age", "i4")]), "[redacted]"),
    "series of objects": (lambda: pd.Series([{"name": "SECRETJANE"}]), [{"name": "[redacted]"}]),
    "series by name": (lambda: pd.Series({"name": "SECRETJANE", "age": 3}), ["[redacted]", 3]),
    "named tuple": (lambda: Named("SECRETJANE", 3), ["[redacted]", 3]),
    "named tuples": (lambda: [Named("SECRETJANE", 3)], [["[redacted]", 3]]),
    "data class": (lambda: Person("SECRETJANE"), "[redacted]"),
    "object with another text": (lambda: Quiet("SECRETJANE"), "[redacted]"),
    "namespace": (lambda: types.SimpleNamespace(name="SECRETJANE"), "[redacted]"),
    "bytes": (lambda: b'{"name": "SECRETJANE"}', "[redacted]"),
    "JSON": (lambda: ' {"a": [{"name": "SECRETJANE"}], "b": 1}', '{"a":[{"name":"[redacted]"}],"b":1}'),
    "JSON in JSON": (lambda: json.dumps(json.dumps({"name": "SECRETJANE"})), '"{\\"name\\":\\"[redacted]\\"}"'),
    "JSON with escapes": (lambda: r'{"\u006eame": "SECRETJANE"}', '{"name":"[redacted]"}'),
    "JSON that says it twice": (lambda: '{"a": {"name": "SECRETJANE"}, "a": 1}', '{"a":1}'),
    "like JSON": (lambda: "{'name': 'SECRETJANE'}", "[redacted]"),
    "JSON without it": (lambda: '{"age":  3}', '{"age":  3}'),
    "key of several levels": (lambda: {("x", "name"): "SECRETJANE"}, {"('x', 'name')": "[redacted]"}),
    "key of bytes": (lambda: {b"name": "SECRETJANE"}, {"b'name'": "[redacted]"}),
    "other kinds": (lambda: [dt.date(2024, 1, 2), decimal.Decimal("0.5"), np.float32(0.5), pathlib.PurePath("/x")],
                    ["2024-01-02", 0.5, 0.5, "/x"]),
}  # fmt: skip


@pytest.mark.parametrize(("make", "written"), HOLDERS.values(), ids=HOLDERS)
def test_columns_are_kept_back_in_whatever_holds_them(path: Path, make: Callable[[], Any], written: Any) -> None:
    with make_log(path, redact=["name"]) as log:
        log.explained("in inputs", VALUES, inputs={"held": make()})
        log.explained("in a group", VALUES, held=make())
        log.explained("in features", VALUES, top_features=make())
        log.explained("in the prediction", VALUES, prediction=make())
        log.explained("in the attributions", {"a": make()})
        log.failed("in a failure", "E", inputs={"held": [make()]}, predicted_class=make())

    assert "SECRET" not in path.read_text()
    one, two, three, four, five, six = records(path)
    assert [one["inputs"]["held"], two["held"], three["top_features"], four["prediction"]] == [written] * 4
    assert [five["shap_values"]["a"], six["predicted_class"]] == [written] * 2


def test_a_fingerprint_that_holds_a_column_that_is_kept_back_is_left_out(path: Path) -> None:
    """Replaced, it would be the same for two requests, and the second failure would not count."""
    with make_log(path, redact=["name"]) as log:
        for i, name in enumerate(("SECRETJANE", "SECRETJOAN")):
            log.failed(i, "E", fingerprint=json.dumps({"name": name}))
        log.failed(2, "E", fingerprint="request 7")
        log.failed(3, "E", fingerprint=uuid.UUID(int=7))  # type: ignore[arg-type]

    told = [one.get("fingerprint") for one in records(path)]
    assert told == [None, None, "request 7", str(uuid.UUID(int=7))]
    one, two, *_ = understood(path, redact=["name"])
    assert isinstance(one, Logged)
    assert isinstance(two, Logged)
    assert one.fingerprint != two.fingerprint


def test_inputs_may_be_pairs_also_where_columns_are_kept_back(path: Path) -> None:
    with make_log(path, redact=["name"]) as log:
        log.explained("a", VALUES, inputs=[("name", "SECRETJANE"), ("age", 3)])  # type: ignore[arg-type]
    assert records(path)[0]["inputs"] == {"name": "[redacted]", "age": 3}


HELD = st.recursive(
    st.one_of(st.just("age"), st.just("name"), st.integers(), st.floats(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(inner, max_size=3).map(collections.deque),
        st.lists(inner, max_size=3).map(iter),
        st.dictionaries(st.sampled_from(["a", "b"]), inner).map(lambda one: {"name": "SECRET", **one}),
        st.dictionaries(st.sampled_from(["a", "b"]), inner).map(lambda one: {**one, "name": "SECRET"}.items()),
        st.dictionaries(st.sampled_from(["a", "b"]), inner).map(lambda one: one.values()),
        inner.map(lambda one: pd.Series([one, "SECRET"], index=["a", "name"], dtype=object)),
        inner.map(lambda one: Named("SECRET", one)),
    ),
    max_leaves=8,
)


@given(HELD)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_no_holder_in_any_other_lets_a_column_that_is_kept_back_pass(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "any.jsonl"
    path.unlink(missing_ok=True)
    log = make_log(path, redact=["name"], strict=False)
    log.explained("a", VALUES, inputs={"held": value})
    assert log.last_error is None
    assert "SECRET" not in path.read_text()


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize("sample", [1.0, 0.5])
def test_an_object_without_a_text_never_hurts_the_application(path: Path, sample: float) -> None:
    bad: Any = Unspeakable()
    log = make_log(path, strict=False, sample=sample)

    for call in (
        lambda: log.explained(bad, VALUES),
        lambda: log.unexplained(bad, "missing"),
        lambda: log.failed(bad, "E"),
    ):
        before = log.failures
        call()
        assert log.failures == before + 1
    assert log.sampled(bad)
    assert not path.exists()
    with pytest.raises(RuntimeError, match="no text"):
        make_log(path).explained(bad, VALUES)


def test_a_source_an_error_or_a_version_without_a_text_is_counted_and_the_prediction_is_logged(path: Path) -> None:
    bad: Any = Unspeakable()
    log = make_log(path, strict=False)

    log.failed("error", bad)
    log.explained("source", VALUES, source=bad)
    log.unexplained("reason", bad)
    log.explained("version", VALUES, model_version=bad)

    assert log.failures >= 4
    said = {one["record_id"]: (one.get("error"), one.get("unexplained_reason")) for one in records(path)}
    assert said == {
        "error": ("unnamed", None), "source": (None, "other"), "reason": (None, "other"), "version": (None, "other"),
    }  # fmt: skip
    for call in (lambda: make_log(path).failed("a", bad), lambda: make_log(path).explained("a", VALUES, source=bad)):
        with pytest.raises((RuntimeError, ValueError)):
            call()


def test_numbers_of_any_kind_are_written_and_those_that_are_not_finite_become_null(path: Path) -> None:
    with make_log(path) as log:
        log.explained(
            np.int64(7), {"a": np.float32(0.5), "b": np.float64(0.25), "c": np.int64(3)},
            prediction=np.float32("nan"), base_value=math.inf, latency=np.float32(0.5), top_features=np.array(["a"]),
            inputs={"x": np.array([1, 2]), "y": pd.Timestamp("2024-01-01", tz="UTC"), 3: b"\xff", "z": {1}},
        )  # fmt: skip
        log.explained("nan", {"a": float("nan")})
    one, two = records(path)
    assert one["record_id"] == "7"
    assert one["shap_values"] == {"a": 0.5, "b": 0.25, "c": 3}
    assert (one["prediction"], one["base_value"], one["explanation_latency_ms"]) == (None, None, 500.0)
    assert one["inputs"] == {"x": [1, 2], "y": "2024-01-01T00:00:00+00:00", "3": "b'\\xff'", "z": [1]}
    assert two["shap_values"] == {"a": None}
    found = understood(path)[1]
    assert isinstance(found, Logged)
    assert found.error_reason == "malformed"


def test_attributions_have_nine_digits_unless_more_are_asked_for(path: Path) -> None:
    values = {"a%": 1 / 3, "b\n": 1e-20 / 3, 'c"': 12345678.123, "é": -0.0, "d": 10**20}
    with make_log(path) as log, make_log(path, digits=17) as exact, make_log(path, digits=3) as short:
        for one in (log, exact, short):
            one.explained("a", values)
    nine, all_of_them, three = (one["shap_values"] for one in records(path))
    assert all_of_them == values
    assert list(nine) == list(values)
    assert nine == pytest.approx(values, rel=1e-8)
    assert three["a%"] == 0.333


def test_attributions_may_be_anything_that_makes_a_dictionary(path: Path) -> None:
    with make_log(path) as log:
        for given in (VALUES, pd.Series(VALUES), list(VALUES.items())):
            log.explained("a", given)  # type: ignore[arg-type]
        log.explained("b", {1: 0.5, (2, 3): 0.5})  # type: ignore[dict-item]
    assert [one["shap_values"] for one in records(path)] == [VALUES, VALUES, VALUES, {"1": 0.5, "(2, 3)": 0.5}]
    lenient = make_log(path, strict=False)
    lenient.explained("c", np.array([0.1, 0.2]))  # type: ignore[arg-type]
    assert lenient.failures == 1
    assert records(path)[-1]["unexplained_reason"] == "other"


@given(
    st.text(min_size=1),
    st.dictionaries(st.text(), st.one_of(st.floats(), st.text(), st.binary(), st.none(), st.lists(st.floats()))),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_any_text_makes_exactly_one_line_of_ascii(tmp_path: Path, record_id: str, inputs: dict[str, Any]) -> None:
    path = tmp_path / "any.jsonl"
    path.unlink(missing_ok=True)
    with make_log(path) as log:
        log.explained(record_id, VALUES, inputs=inputs, route=record_id)
    (found,) = records(path)
    assert path.read_bytes().count(b"\n") == 1
    assert found["record_id"] == record_id
    assert set(found["inputs"]) == set(inputs)


def test_time_can_be_given(path: Path) -> None:
    with make_log(path) as log:
        log.unexplained("a", "missing", time=0)
        log.unexplained("b", "missing", time=dt.datetime(2024, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))))
        with pytest.raises(ValueError, match="zone"):
            log.unexplained("c", "missing", time=dt.datetime(2024, 1, 1))
    assert [one["timestamp"][:16] for one in records(path)] == ["1970-01-01T00:00", "2024-01-01T00:00"]


UNREADABLE_TIMES: list[tuple[Any, str]] = [
    ("2024-01-01T00:00:00Z", "time: got 'str', expected an aware datetime or seconds since 1970"),
    (np.datetime64("2024-01-01"), "time: got 'datetime64', expected an aware datetime or seconds since 1970"),
    (dt.datetime(2024, 1, 1), "time: got a datetime without a zone, expected an aware datetime or seconds since 1970"),
    (1_714_996_800_250_000.0, "time: got 1714996800250000.0, expected an aware datetime or seconds since 1970"),
]


@pytest.mark.parametrize(("time", "said"), UNREADABLE_TIMES, ids=["text", "numpy", "naive", "microseconds"])
def test_a_time_that_is_none_leaves_a_short_record_of_now_so_that_the_prediction_counts(
    path: Path, time: Any, said: str
) -> None:
    log = make_log(path, strict=False)

    log.explained("a", VALUES, model_version="7", time=time)

    assert (log.failures, str(log.last_error)) == (1, said)
    (found,) = understood(path)
    assert isinstance(found, Logged)
    assert (found.record_id, found.reason, found.time) == ("a", "other", NOW)
    with pytest.raises((TypeError, ValueError), match=r"^time: got"):
        make_log(path).explained("b", VALUES, time=time)


@pytest.mark.parametrize("name", ["latency", "compute_seconds"])
@pytest.mark.parametrize("value", ["12", b"12", [1.0], dt.timedelta(seconds=1)])
def test_seconds_that_are_no_number_are_refused_with_the_name_of_the_argument(
    path: Path, name: str, value: Any
) -> None:
    log = make_log(path, strict=False)
    log.explained(1, {"a": 1.0}, **{name: value})
    log.failed(2, "E", **{name: value})

    said = f"{name}: got {type(value).__name__!r}, expected seconds as a number"
    assert (log.failures, str(log.last_error)) == (2, said)
    assert [one["unexplained_reason"] for one in records(path)] == ["other", "other"]
    assert path.stat().st_size < 300


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), decimal.Decimal("0.5"), np.array(0.5)])
def test_seconds_may_be_a_number_of_any_kind(path: Path, value: Any) -> None:
    make_log(path).explained("a", VALUES, latency=value, compute_seconds=value)

    (found,) = records(path)
    assert (found["explanation_latency_ms"], found["compute_seconds"]) == (500.0, 0.5)


@pytest.mark.parametrize(
    ("name", "argument"),
    [("timestamp", "time"), ("explanation_latency_ms", "latency"), ("shap_values", "attributions")],
)
def test_a_name_of_the_format_names_the_argument_that_was_meant(path: Path, name: str, argument: str) -> None:
    log = make_log(path, strict=False)

    log.unexplained("a", "missing", **{name: 0.0})

    assert str(log.last_error) == f"{name}: a name of the record itself, no group; use {argument}="


def test_a_source_that_is_none_is_told_and_the_explanation_is_kept(path: Path) -> None:
    log = make_log(path, strict=False)

    log.explained("a", VALUES, source="treeshap")  # type: ignore[arg-type]

    assert log.failures == 1
    said = (
        "source: got 'treeshap', expected one of cache, live_treeshap, live_approximate, fallback; it counts as other"
    )
    assert str(log.last_error) == said
    (found,) = understood(path)
    assert isinstance(found, Logged)
    assert (found.explained, found.source) == (True, "other")
    with pytest.raises(ValueError, match="source: got 'treeshap'"):
        make_log(path).explained("b", VALUES, source="treeshap")  # type: ignore[arg-type]


def test_a_reason_that_is_none_is_told_and_not_written(path: Path) -> None:
    log = make_log(path, strict=False)

    log.unexplained("a", "no quota for jane@example.org")  # type: ignore[arg-type]

    assert log.failures == 1
    assert str(log.last_error).startswith(
        "reason: got 'no quota for jane@example.org', expected one of timeout, error,"
    )
    assert [one["unexplained_reason"] for one in records(path)] == ["other"]
    with pytest.raises(ValueError, match="reason: got 'quota'"):
        make_log(path).unexplained("b", "quota")  # type: ignore[arg-type]


def test_reasons_of_the_writer_are_those_that_are_counted() -> None:
    assert REASONS == UNEXPLAINED_REASONS


def test_a_block_is_timed_also_when_it_fails(path: Path) -> None:
    log = make_log(path)
    with pytest.raises(KeyError), log.timed() as timer:
        raise KeyError
    assert 0 < timer.seconds < 1


def test_a_record_that_is_too_long_loses_its_inputs_first(path: Path) -> None:
    with make_log(path) as log:
        log.explained("a", VALUES, inputs={"text": "x" * LINE_LIMIT}, prediction=0.5)
    (found,) = records(path)
    assert found["prediction"] == 0.5
    assert "inputs" not in found


UNWRITABLE: list[dict[str, Any]] = [
    {"attributions": {str(i): 0.123456789 for i in range(100_000)}},
    {"attributions": VALUES, "record_id_": 1, "shap_values": {}},
    {"attributions": VALUES, "latency": "slow", "inputs": 5},
]


@pytest.mark.parametrize("options", UNWRITABLE, ids=["too long", "a group named like a key", "inputs that are none"])
def test_what_cannot_be_written_is_counted_and_the_prediction_still_logged(path: Path, options: dict[str, Any]) -> None:
    log = make_log(path, strict=False)
    log.explained("a", **options)
    assert log.failures == 1
    assert isinstance(log.last_error, ValueError | TypeError)
    (found,) = understood(path)
    assert isinstance(found, Logged)
    assert (found.record_id, found.reason) == ("a", "other")
    with pytest.raises((ValueError, TypeError)):
        make_log(path).explained("b", **options)
    assert len(records(path)) == 1


def test_an_object_that_holds_itself_is_counted(path: Path) -> None:
    inputs: dict[str, Any] = {}
    inputs["self"] = inputs
    log = make_log(path, strict=False)
    log.explained("a", VALUES, inputs=inputs)
    assert log.failures == 1
    assert records(path)[0]["unexplained_reason"] == "other"


@pytest.mark.parametrize("record_id", [None, ""])
def test_a_record_without_id_is_counted_and_not_written(path: Path, record_id: Any) -> None:
    log = make_log(path, strict=False)
    log.explained(record_id, VALUES)
    assert (log.failures, path.exists()) == (1, False)


def test_a_file_that_cannot_be_opened_never_hurts_the_application(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl" / "is a folder")
    (tmp_path / "log.jsonl").write_text("a file where the folder should be")
    for i in range(3):
        log.explained(i, VALUES)
    assert log.failures == 3
    assert isinstance(log.last_error, OSError)
    with pytest.raises(OSError, match="folder"):
        Log(tmp_path / "log.jsonl" / "is a folder", strict=True).explained("a", VALUES)


def test_a_full_disk_is_counted_and_spoils_no_later_line() -> None:
    log = Log("/dev/full", max_bytes=None)
    log.explained("a", VALUES)
    assert (log.failures, type(log.last_error)) == (1, OSError)


@pytest.mark.parametrize(
    "options",
    [{"sample": 0}, {"sample": 1.5}, {"sample": math.nan}, {"keep": 0}, {"max_bytes": 0}, {"hash": ["zip"]}],
)
def test_options_that_make_no_sense_are_refused(path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|key"):
        Log(path, **options)


def test_a_sample_is_drawn_by_the_id_alone(path: Path) -> None:
    ids = [f"p-{i}" for i in range(5_000)]
    log, other = Log(path, sample=0.1), Log(path.with_name("other"), sample=0.1)
    chosen = {one for one in ids if log.sampled(one)}
    assert chosen == {one for one in ids if other.sampled(one)}
    assert 400 < len(chosen) < 600
    assert chosen < {one for one in ids if Log(path, sample=0.2).sampled(one)}
    assert all(map(Log(path).sampled, ids))
    code = "from monitor.log import Log; print([Log('x', sample=0.1).sampled(f'p-{i}') for i in range(50)])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str([one in chosen for one in ids[:50]])


def test_predictions_outside_the_sample_are_logged_as_such_whatever_became_of_them(path: Path) -> None:
    log = make_log(path, sample=1e-9)
    log.explained("a", VALUES, model_version="7", inputs={"a": 1}, route="/x", latency=1.0)
    log.failed("b", "ValueError", fingerprint="f", route="/x")
    log.unexplained("c", "disabled")
    assert [one.get("unexplained_reason") for one in records(path)] == ["sampling", "sampling", "disabled"]
    assert records(path)[0] == {
        "record_id": "a", "timestamp": "2024-05-06T12:00:00.250000+00:00", "model_version": "7", "route": "/x",
        "unexplained_reason": "sampling",
    }  # fmt: skip


def test_records_reach_the_disk_when_asked(path: Path) -> None:
    with make_log(path, fsync=True) as log:
        log.explained("a", VALUES)
    assert len(records(path)) == 1
