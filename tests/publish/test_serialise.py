from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.publish.serialise import to_json

from .fleet import NOW, fleet


def test_a_whole_snapshot_becomes_strict_json() -> None:
    json.dumps(to_json(fleet().snapshot(NOW)), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (True, True),
        (np.array([1.0, np.nan]), [1.0, None]),
        ((1, "a"), [1, "a"]),
        ({1: 2}, {"1": 2}),
        (timedelta(minutes=2), 120.0),
        (datetime(2013, 6, 3, tzinfo=UTC), "2013-06-03T00:00:00+00:00"),
    ],
)
def test_a_value_has_one_json_form(value: object, expected: object) -> None:
    assert to_json(value) == expected
    assert type(to_json(value)) is type(expected)


def test_a_kind_without_a_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="complex has no JSON form"):
        to_json({"a": 1j})
