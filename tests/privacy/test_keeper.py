"""Columns kept back: what is left of their values."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.privacy import REDACTED, Keeper

KEY = "a key of the tests"
KEEPER = Keeper(redact=("name",), hash=("customer", "zip"), hash_key=KEY, mask=("iban",))
VALUES = st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none())


@given(VALUES)
def test_nothing_is_left_of_a_redacted_value(value: object) -> None:
    assert KEEPER.value("name", value) == REDACTED


@given(VALUES)
def test_other_columns_stay_as_they_are(value: object) -> None:
    assert KEEPER.value("income", value) is value
    assert KEEPER.column("income", [value]) == [value]
    assert not KEEPER.in_clear("income", value)


@given(st.one_of(st.text(), st.integers()))
def test_a_hash_tells_equal_values_and_nothing_else(value: object) -> None:
    kept = KEEPER.value("customer", value)
    assert re.fullmatch("hash:[0-9a-f]{16}", kept)
    assert kept == Keeper(hash=("customer",), hash_key=KEY).value("customer", value)
    assert kept != Keeper(hash=("customer",), hash_key="another key of 16").value("customer", value)
    assert kept != KEEPER.value("zip", value)


def test_equal_numbers_have_equal_hashes_however_they_are_stored() -> None:
    same = [3, 3.0, np.int64(3), np.float32(3), "3"]
    assert len(set(KEEPER.column("customer", same))) == 1
    assert len({*KEEPER.column("customer", [3, 3.5, -3, 30, True, 2.0**60, "x"])}) == 7


def test_missing_values_stay_missing_where_columns_are_hashed_or_masked() -> None:
    assert KEEPER.column("customer", [None, math.nan, np.float64("nan")]) == [None, None, None]
    assert KEEPER.column("iban", [None, math.nan]) == [None, None]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("DE89370400440532013000", "mask:22:00"), ("secret", "mask:6:et"), ("short", "mask:5:"), ("NY", "mask:2:"),
        ("", "mask:0:"), (1234567, "mask:7:67"),
    ],
)  # fmt: skip
def test_a_mask_shows_the_length_and_two_characters_of_what_is_long_enough(value: object, kept: str) -> None:
    assert KEEPER.value("iban", value) == kept


@given(st.sampled_from(["name", "customer", "iban"]), VALUES)
def test_what_was_kept_back_is_not_in_clear(column: str, value: object) -> None:
    assert not KEEPER.in_clear(column, KEEPER.value(column, value))


@pytest.mark.parametrize(
    "value", ["Jane", 5000, 0, False, "hash:123", "mask:x:ab", "mask:6:secret", "hash:0123456789ABCDEF", ["Jane"]]
)
def test_anything_else_in_such_a_column_is_in_clear(value: object) -> None:
    for column in KEEPER.columns:
        assert KEEPER.in_clear(column, value)
        assert not KEEPER.in_clear(column, None)
        assert not KEEPER.in_clear(column, "")


def test_a_column_named_twice_is_treated_the_strictest_way() -> None:
    keeper = Keeper(redact=("a",), hash=("a", "b"), hash_key=KEY, mask=("a", "b"))
    assert keeper.value("a", "x") == REDACTED
    assert keeper.value("b", "x").startswith("hash:")


def test_hashing_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="hash_key"):
        Keeper(hash=("zip",))


def test_importing_the_room_brings_nothing_heavy() -> None:
    code = "import sys, monitor.privacy; print([n for n in ('numpy', 'pydantic', 'pandas') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
