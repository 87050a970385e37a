"""Error texts of libraries lose the values that they quote."""

from __future__ import annotations

import pytest

from monitor.privacy import without_values
from monitor.privacy.quotes import WITHHELD

TEXTS = [
    ("could not convert string to float: 'Jane'", "could not convert string to float: (withheld)"),
    ("could not convert string to float: np.str_('Jane')", "could not convert string to float: np.str_((withheld))"),
    ("Cannot convert b'Jane' to float", "Cannot convert (withheld) to float"),
    ('invalid input syntax for type integer: "Jane"', "invalid input syntax for type integer: (withheld)"),
    ('KeyError: "O\'Brien"', "KeyError: (withheld)"),
    ("seen: 'O\\'Brien' and 'x'", "seen: (withheld) and (withheld)"),
    (
        "Found unknown categories ['Jane', 'Bob'] in column 0",
        "Found unknown categories [(withheld), (withheld)] in column 0",
    ),
    ("Found unknown categories [731.5, 2.0] in column 0", "Found unknown categories (withheld) in column 0"),
    ("array([731.5, 2.0,\n  3.0])", "array((withheld)\n  3.0])"),
    ("monitor 'credit' lacks 'Jane'", "monitor 'credit' lacks (withheld)"),
    ("the model's output isn't finite, it's (3, 4)", "the model's output isn't finite, it's (3, 4)"),
    ("shape (100, 5), seen: 12 rows", "shape (100, 5), seen: 12 rows"),
    (
        "Unknown datetime string format, unable to parse: Jane",
        "Unknown datetime string format, unable to parse: (withheld)",
    ),
    ("unable to parse: Jane, at position 3", "unable to parse: (withheld), at position 3"),
    (
        "Cannot setitem on a Categorical with a new category (Jane), set",
        "Cannot setitem on a Categorical with a new category (withheld), set",
    ),
    ("Key (name)=(Jane) already exists", "Key (name)=(withheld) already exists"),
    ("Out of bounds nanosecond timestamp 73100012345678901234", "Out of bounds nanosecond timestamp (withheld)"),
    ("Python integer 731 out of bounds for int8", "Python integer (withheld) out of bounds for int8"),
    ("Integer value 731000123 not in range: -128 to 127", "Integer value (withheld) not in range: -128 to 127"),
    (
        "Float value 731.500000 was truncated converting to int32",
        "Float value (withheld) was truncated converting to int32",
    ),
    (
        "cat_feature[value idx=0,feature_idx=3]=731.5 : must be",
        "cat_feature[value idx=0,feature_idx=3]=(withheld) : must be",
    ),
    (
        "[type=int_from_float, input_value=731.5, input_type=float]",
        "[type=int_from_float, input_value=(withheld), input_type=float]",
    ),
    ("income 731000.5 is out of range", "income (withheld) is out of range"),
    (
        "bad rows:\n   name    income\n0  Jane  731000.5\n1     x       2.0",
        "bad rows:\n   name    income\n(withheld)\n(withheld)",
    ),
    (
        "12500 rows from 2024-01-05 12:00 to 2024-01-06, version 1.26.4, psi 0.25",
        "12500 rows from 2024-01-05 12:00 to 2024-01-06, version 1.26.4, psi 0.25",
    ),
    (
        "reference 9f86d081 of 100,000 rows, seen: sha256 12345678abcd",
        "reference 9f86d081 of 100,000 rows, seen: sha256 12345678abcd",
    ),
]


@pytest.mark.parametrize(("text", "left"), TEXTS, ids=[text for text, _ in TEXTS])
def test_what_is_quoted_is_withheld_but_for_known_names(text: str, left: str) -> None:
    assert without_values(text, known={"credit"}) == left
    assert ("(" in left) or WITHHELD not in left
