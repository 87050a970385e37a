from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from monitor.store.columns import clean_text, dumps, floats, numbers, pack, unpack

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)
ordinary = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(anything)
def test_whatever_is_written_is_strict_json_without_nul_and_surrogates(value):
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    text = dumps(value)

    json.loads(text, parse_constant=refuse)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()


@given(st.recursive(st.none() | st.booleans() | st.integers() | finite | ordinary, st.lists))
def test_what_json_can_hold_is_not_changed(value):
    assert json.loads(dumps(value)) == value


@given(st.dictionaries(ordinary, st.floats()))
def test_mappings_of_numbers_lose_nothing(values):
    back = floats(json.loads(dumps(numbers(values))))

    assert {name: repr(value) for name, value in back.items()} == {name: repr(value) for name, value in values.items()}


def test_numbers_whose_sum_overflows_lose_nothing():
    assert floats(numbers({"a": 1e308, "b": 1e308})) == {"a": 1e308, "b": 1e308}
    assert numbers({"a": math.inf, "b": -math.inf}) == {"a": "Infinity", "b": "-Infinity"}


def test_objects_that_json_does_not_know_are_written_as_what_they_hold():
    value = {"array": np.arange(2), "scalar": np.float32(0.5), "set": {2, 1}, 3: (1,), "path": object}

    assert json.loads(dumps(value)) == {
        "array": [0, 1], "scalar": 0.5, "set": [1, 2], "3": [1], "path": "<class 'object'>",
    }  # fmt: skip


@given(arrays(np.float64, array_shapes(min_dims=1, max_dims=3, min_side=0), elements=st.floats()))
def test_arrays_come_back_bit_for_bit_and_read_only(array):
    found = unpack(pack(values=array))["values"]

    assert (found.shape, found.tobytes()) == (array.shape, array.tobytes())
    assert not found.flags.writeable


def test_equal_arrays_have_equal_bytes():
    assert pack(a=np.ones(3)) == pack(a=np.ones(3))


@pytest.mark.parametrize("damage", [lambda data: data[:-30], lambda data: b"", lambda data: b"PK" + data[5:]])
def test_damaged_bytes_are_refused(damage):
    with pytest.raises(ValueError, match="is damaged"):
        unpack(damage(pack(a=np.ones(100))))


def test_pickled_arrays_are_refused():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([object()], dtype=object))

    with pytest.raises(ValueError, match="is damaged"):
        unpack(buffer.getvalue())


@given(ordinary)
def test_ordinary_text_is_not_changed(text):
    assert clean_text(text) == text
