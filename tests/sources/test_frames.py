"""Rows fitted to the reference: by name, without guessing, codes kept; and what a digest sees."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import DataError
from monitor.settings import ModelSettings
from monitor.sources import align, content_digest, inspect_rows, load_model

LIKE = pd.DataFrame(
    {
        "income": [1.5, np.nan, 2.5],
        "age": [20, 30, 40],
        "member": [True, False, True],
        "city": ["x", "y", "z"],
        "kind": pd.Categorical(["house", "flat", "house"], categories=["house", "boat", "flat"]),
    }
)


def digest(rows: pd.DataFrame) -> str:
    return content_digest((str(name), rows[name]) for name in rows)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(["income", "age", "member", "city", "kind", "extra"]))
def test_columns_are_found_by_name_whatever_their_order(order: list[str]) -> None:
    found = align(LIKE.assign(extra=1)[order], LIKE, what="rows")
    pd.testing.assert_frame_equal(found, LIKE)


def test_a_missing_column_is_named_with_its_nearest() -> None:
    with pytest.raises(
        DataError, match=r"rows lack 1 feature column; seen: no income \(did you mean incomes\?\).*rename"
    ):
        align(LIKE.rename(columns={"income": "incomes"}), LIKE, what="rows")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="columns of one name; seen: age"):
        align(pd.concat([LIKE, LIKE[["age"]]], axis=1), LIKE, what="rows")


@pytest.mark.parametrize(
    ("column", "values", "seen"),
    [
        ("income", ["1.5", "2.5", "3.5"], "string"),
        ("age", ["20", "30", "x"], "string"),
        ("income", pd.to_datetime(["2024-01-01"] * 3), "time"),
        ("city", [1, 2, 3], "number"),
        ("kind", [1, 2, 3], "number"),
        ("member", [0, 1, 2], "number"),
        ("member", ["yes", "no", "yes"], "string"),
        ("income", [1.0, "x", 2.0], "other"),
    ],
)
def test_a_column_of_another_kind_is_refused_with_the_kind_seen_and_expected(
    column: str, values: Any, seen: str
) -> None:
    rows = LIKE.assign(**{column: values})
    with pytest.raises(DataError, match=rf"rows, column {column}: wrong type; seen: {seen} \(.*expected: "):
        align(rows, LIKE, what="rows")


@pytest.mark.parametrize("column", ["income", "age"])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_are_refused_with_column_and_count(column: str, value: float) -> None:
    with pytest.raises(DataError, match=f"rows hold infinite values; seen: {column} in 1 of 3 rows"):
        align(LIKE.assign(**{column: [1.0, value, 2.0]}), LIKE, what="rows")


@pytest.mark.parametrize(
    "values", [[1, 2, 3], [True, False, True], [Decimal("1.50"), Decimal("2"), Decimal("3")], np.float32([1, 2, 3])]
)
def test_numbers_of_any_width_become_floats_where_the_reference_has_floats(values: Any) -> None:
    found = align(LIKE.assign(income=values), LIKE, what="rows")["income"]
    assert found.dtype == np.float64
    assert found.tolist() == [float(one) for one in values]


@pytest.mark.parametrize("column", list(LIKE))
def test_missing_values_stay_missing_in_every_kind(column: str) -> None:
    rows = LIKE.assign(**{column: LIKE[column].astype(object).where([True, False, True], None)})
    found = align(rows, LIKE, what="rows")[column]
    assert found.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("column", list(LIKE))
def test_a_column_without_any_value_fits_every_kind(column: str) -> None:
    found = align(LIKE.assign(**{column: [None] * 3}), LIKE, what="rows")[column]
    assert found.isna().all()
    assert found.dtype != object


def test_zero_and_one_are_booleans_where_the_reference_has_booleans() -> None:
    assert align(LIKE.assign(member=[0, 1, 1]), LIKE, what="rows")["member"].tolist() == [False, True, True]


@pytest.mark.parametrize(
    "values",
    [["flat", "canoe", "house"], pd.Categorical(["flat", "canoe", "house"], categories=["canoe", "flat", "house"])],
)
def test_categories_keep_the_codes_of_the_reference_and_new_ones_come_last(values: Any) -> None:
    found = align(LIKE.assign(kind=values), LIKE, what="rows")["kind"]
    assert list(found.cat.categories) == ["house", "boat", "flat", "canoe"]
    assert found.cat.codes.tolist() == [2, 3, 0]


def coded_model(family: str, rows: pd.DataFrame, target: pd.Series, folder: Path) -> Any:
    """A booster trained on pandas categories, read back from its file; and how it predicts a frame."""
    if family == "xgboost":
        import xgboost

        xgboost.XGBClassifier(n_estimators=8, n_jobs=1, max_depth=3, enable_categorical=True).fit(
            rows, target
        ).save_model(folder / "model.json")
        model = load_model(ModelSettings(path=str(folder / "model.json")))
        return model, lambda frame: model.native.predict(xgboost.DMatrix(frame, enable_categorical=True))
    import lightgbm

    lightgbm.LGBMClassifier(n_estimators=8, n_jobs=1, verbose=-1).fit(rows, target).booster_.save_model(
        folder / "model.txt"
    )
    model = load_model(ModelSettings(path=str(folder / "model.txt")))
    return model, model.native.predict


@pytest.mark.parametrize("family", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("form", ["text", "other codes", "some values only", "an unseen value"])
def test_a_real_booster_sees_the_codes_it_was_trained_on(
    family: str, form: str, coded_training: tuple[pd.DataFrame, pd.Series], tmp_path: Path
) -> None:
    rows, target = coded_training
    model, predict = coded_model(family, rows, target, tmp_path)
    assert model.categories == {"kind": ("house", "boat", "flat")}
    text = rows["kind"].astype(str)
    traffic = {
        "text": text,
        "other codes": text.astype(pd.CategoricalDtype(["boat", "flat", "house"])),
        "some values only": text[text == "flat"].astype("category"),
        "an unseen value": pd.concat([text.iloc[:-1], pd.Series(["canoe"], index=text.index[-1:])]),
    }[form]
    reference = rows.assign(kind=text)  # a holdout from CSV: it knows no codes at all
    sent = rows.loc[traffic.index].assign(kind=traffic)
    found = predict(align(sent, reference, what="traffic", categories=model.categories))
    known = traffic.isin(["house", "boat", "flat"]).to_numpy()
    np.testing.assert_array_equal(found[known], predict(rows.loc[traffic.index])[known])


def test_whole_number_categories_of_a_booster_are_matched_by_value() -> None:
    like = pd.DataFrame({"zip": [30, 10, 20]})
    found = align(pd.DataFrame({"zip": [10.0, 20.0, np.nan]}), like, what="rows", categories={"zip": (30, 10, 20)})
    assert found["zip"].cat.codes.tolist() == [1, 2, -1]


def test_columns_without_value_and_constant_columns_are_noted() -> None:
    notes = inspect_rows(pd.DataFrame({"gone": [None, None], "same": [3.0, 3.0], "fine": [1, 2], "part": [3.0, None]}))
    assert notes == (
        "column gone has no value in any of 2 rows",
        "column same is constant (3.0): its attributions cannot show a change",
    )


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (pd.Series([1, 2]), pd.Series([1.0, 2.0])),
        (pd.Series([0.0]), pd.Series([-0.0])),
        (pd.Series([1.0, np.nan]), pd.Series([1, None], dtype=object)),
        (pd.Series([0.5]), pd.Series([0.5], dtype=np.float32)),
        (pd.Series(["a", None]), pd.Series(["a", None], dtype="category")),
        (pd.Series([None, None]), pd.Series([np.nan, np.nan])),
        (pd.Series([True, None], dtype=object), pd.Series([True, None], dtype="boolean")),
        (
            pd.Series([pd.Timestamp("2024-01-01", tz="UTC")]),
            pd.Series([pd.Timestamp("2024-01-01 01:00", tz="Europe/Berlin")]),
        ),
    ],
)
def test_equal_values_have_one_digest_however_they_are_stored(one: pd.Series, two: pd.Series) -> None:
    assert content_digest([("x", one)]) == content_digest([("x", two)])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (pd.Series([1.0]), pd.Series(["1.0"])),
        (pd.Series([1]), pd.Series([True])),
        (pd.Series(["", "a"]), pd.Series([None, "a"])),
        (pd.Series(["ab", "c"]), pd.Series(["a", "bc"])),
        (pd.Series(["a+b", "c"]), pd.Series(["a", "b+c"])),
        (pd.Series([2**60]), pd.Series([2**60 + 1])),
        (pd.Series([None]), pd.Series([None, None])),
        (pd.Series([pd.Timestamp("2024-01-01", tz="UTC")]), pd.Series([pd.Timestamp("2024-01-01")])),
    ],
)
def test_different_values_have_different_digests(one: pd.Series, two: pd.Series) -> None:
    assert content_digest([("x", one)]) != content_digest([("x", two)])


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=8),
    row=st.integers(0, 7),
    change=st.floats(allow_nan=False, allow_infinity=False),
)
def test_one_changed_value_changes_the_digest(values: list[float], row: int, change: float) -> None:
    other = list(values)
    other[row % len(values)] = change
    assert (digest(pd.DataFrame({"x": values})) == digest(pd.DataFrame({"x": other}))) == (values == other)


def test_names_and_order_of_columns_and_rows_are_part_of_the_digest() -> None:
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    others = [rows[["b", "a"]], rows.iloc[::-1], rows.rename(columns={"a": "c"})]
    assert len({digest(rows), *(digest(other) for other in others)}) == 4


@pytest.mark.parametrize("values", [[[1], [2]], [b"a", b"b"], [1, "a"]])
def test_values_that_are_no_features_have_no_digest(values: list[Any]) -> None:
    with pytest.raises(DataError, match=r"column x holds values that are no features.*features"):
        content_digest([("x", pd.Series(values, dtype=object))])
