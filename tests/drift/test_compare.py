"""`from monitor import compare`: a public interface, kept stable."""

from __future__ import annotations

import doctest
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import monitor
from monitor import compare
from monitor.drift import TESTS
from monitor.errors import DataError
from monitor.settings import DriftSettings

NAMES = ["age", "income", "tenure"]

DOCUMENT = [
    "calibration",
    "features",
    "level",
    "model",
    "n_current",
    "n_features",
    "n_reference",
    "paired",
    "reason",
    "verdict",
]
MODEL = ["cosine", "importance_change", "ndcg", "top_k_overlap"]
FEATURE = [
    "change",
    "change_level",
    "change_p_adjusted",
    "change_p_value",
    "change_threshold",
    "change_threshold_severe",
    "feature",
    "importance_current",
    "importance_reference",
    "js",
    "js_threshold",
    "js_threshold_severe",
    "kl",
    "kl_threshold",
    "kl_threshold_severe",
    "ks",
    "ks_level",
    "ks_p_adjusted",
    "ks_p_value",
    "ks_threshold",
    "ks_threshold_severe",
    "level",
    "level_from",
    "material",
    "psi",
    "psi_level",
    "psi_p_adjusted",
    "psi_p_value",
    "psi_threshold",
    "psi_threshold_severe",
    "share_current",
    "share_reference",
    "stability",
    "stability_level",
    "stability_p_adjusted",
    "stability_p_value",
    "stability_threshold",
    "stability_threshold_severe",
    "wasserstein",
    "wasserstein_threshold",
    "wasserstein_threshold_severe",
]
STATISTICS = ("psi", "ks", "stability", "wasserstein", "js", "kl")


def values(seed: int = 1, rows: int = 500, d: int = 3) -> Any:
    return np.random.default_rng(seed).normal(size=(rows, d))


# --- the document ----------------------------------------------------------------------------------------------


def test_the_document_has_exactly_these_keys() -> None:
    document = compare(values(1), values(2)).to_dict()
    assert sorted(document) == DOCUMENT
    assert sorted(document["model"]) == MODEL
    assert [sorted(row) for row in document["features"]] == [FEATURE] * 3


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        (values(1), values(2)),
        (values(1), values(2) * [1, 3, 1]),
        (values(1, 5), values(2, 5)),
        (np.zeros((100, 3)), values(2)),
        (np.zeros((100, 3)), np.zeros((100, 3))),
        (np.full((100, 3), 1e-311), values(2)),
    ],
    ids=["quiet", "drift", "thin", "woke up", "dead", "next to nothing"],
)
def test_the_document_is_strict_json_of_plain_types(reference: Any, current: Any) -> None:
    document = compare(reference, current).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_undefined_numbers_are_null_and_findings_say_why() -> None:
    found = compare(np.zeros((100, 3)), values(2))
    assert found.to_dict()["features"][0]["stability"] is None
    assert found.to_dict()["model"]["ndcg"] is None
    finding = next(f for f in found.findings if f.feature == "f0" and f.test == "stability")
    assert finding.reason == "the reference importance is 0, so a relative change has no value"
    assert next(f for f in found.findings if f.test == "ndcg").reason is not None


def test_sizes_importances_and_shares_are_those_of_the_two_sides() -> None:
    reference, current = values(1, 400), values(2, 600) * [1, 3, 1]
    document = compare(reference, current, NAMES).to_dict()
    assert (document["n_reference"], document["n_current"], document["n_features"]) == (400, 600, 3)
    row = document["features"][1]
    assert row["importance_reference"] == pytest.approx(np.abs(reference[:, 1]).mean())
    assert row["importance_current"] == pytest.approx(np.abs(current[:, 1]).mean())
    assert sum(row["share_current"] for row in document["features"]) == pytest.approx(1)


# --- verdicts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paired", [False, True])
def test_equal_matrices_give_exactly_zero_everywhere_and_no_drift(paired: bool) -> None:
    found = compare(values(1), values(1), paired=paired)
    document = found.to_dict()
    assert (found.verdict, found.level, document["verdict"], document["level"]) == ("none", 0, "none", 0)
    assert [[row[name] for name in STATISTICS] for row in document["features"]] == [[0.0] * 6] * 3
    assert {row["change"] for row in document["features"]} == ({0.0} if paired else {None})
    assert document["model"] == {"ndcg": 1.0, "cosine": 1.0, "top_k_overlap": 1.0, "importance_change": 0.0}


def test_shifted_matrices_are_drift_and_name_the_shifted_features_only() -> None:
    found = compare(values(1), values(2) + np.array([0, 1, 0]), NAMES)
    assert (found.verdict, found.level) == ("drift", 2)
    assert [row["feature"] for row in found.to_dict()["features"] if row["level"]] == ["income"]
    assert {f.feature for f in found.findings if f.level} == {"income"}


def test_five_rows_are_unknown_with_the_reason() -> None:
    found = compare(values(1, 5), values(2, 5) + 9)
    assert (found.verdict, found.level) == ("unknown", 0)
    assert found.to_dict()["reason"] == "5 rows, 50 are needed"


def test_the_same_rows_show_a_change_that_chance_could_explain_between_different_rows() -> None:
    reference = values(1, 60)
    current = reference * [1, 1.5, 1]
    assert compare(reference, current).level == 0
    assert compare(reference, current, paired=True).level >= 1


def test_settings_decide() -> None:
    reference, current = values(1, 5000), values(2, 5000) + np.array([0, 0.3, 0])
    assert compare(reference, current).level == 1
    assert compare(reference, current, settings=DriftSettings(ks_severe=0.1)).level == 2
    assert (
        compare(
            reference, current, settings=DriftSettings(psi_warning=1, psi_severe=1, ks_warning=0.5, ks_severe=0.5)
        ).level
        == 0
    )


def test_the_same_arrays_always_give_the_same_document() -> None:
    assert compare(values(1), values(2)).to_dict() == compare(values(1), values(2)).to_dict()


def test_the_callers_arrays_are_left_alone() -> None:
    reference, current = values(1), values(2)
    before = reference.copy(), current.copy()
    compare(reference, current, paired=True)
    np.testing.assert_array_equal(reference, before[0])
    np.testing.assert_array_equal(current, before[1])
    assert reference.flags.writeable


# --- names -----------------------------------------------------------------------------------------------------


def test_data_frames_are_matched_by_name_whatever_their_order() -> None:
    reference = pd.DataFrame(values(1), columns=NAMES)
    current = pd.DataFrame(values(2) + np.array([0, 1, 0]), columns=NAMES)[["tenure", "age", "income"]]
    assert (
        compare(reference, current).to_dict()
        == compare(reference.to_numpy(), current[NAMES].to_numpy(), NAMES).to_dict()
    )


def test_arrays_are_matched_by_position_and_named_by_it() -> None:
    assert [row["feature"] for row in compare(values(1), values(2)).to_dict()["features"]] == ["f0", "f1", "f2"]


def test_a_data_frame_names_the_features_of_an_array() -> None:
    frame = pd.DataFrame(values(1), columns=NAMES)
    assert [row["feature"] for row in compare(frame, values(2)).to_dict()["features"]] == NAMES
    assert [row["feature"] for row in compare(values(2), frame).to_dict()["features"]] == NAMES


def test_names_that_are_not_text_are_matched_too() -> None:
    reference = pd.DataFrame(values(1))
    assert compare(reference, reference[[2, 0, 1]]).to_dict()["features"][0]["psi"] == 0.0


def test_lists_and_float32_are_welcome() -> None:
    assert compare(values(1).tolist(), values(1).astype(np.float32)).verdict == "none"


OTHER = pd.DataFrame(values(2), columns=["age", "income", "tenur"])
TWICE = pd.DataFrame(values(1), columns=["a", "b", "a"])


@pytest.mark.parametrize(
    ("reference", "current", "names", "message"),
    [
        (
            pd.DataFrame(values(1), columns=NAMES),
            OTHER,
            None,
            r"only in reference: \['tenure'\], only in current: \['te",
        ),
        (values(1), values(2), ["a", "b"], "2 names, 2 distinct; expected: 3 unique names"),
        (values(1), values(2), ["a", "b", "a"], "3 names, 2 distinct"),
        (values(1), values(2, d=4), None, "500 rows x 4 columns; expected: at least one row x 3 columns"),
        (TWICE, values(2), None, "columns of one name"),
        (TWICE, TWICE, None, "columns of one name"),
        (values(1), values(2)[:, 0], None, "1 dimensions"),
        (values(1)[:, 0], values(2), None, "1 dimensions"),
    ],
    ids=["other columns", "few names", "names twice", "more columns", "twice", "twice both", "vector", "vector before"],
)
def test_matrices_that_do_not_fit_are_refused(reference: Any, current: Any, names: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        compare(reference, current, names)


@pytest.mark.parametrize("labels", [["a"] * 499, ["a"] * 501, []])
def test_periods_of_another_length_are_refused(labels: list[str]) -> None:
    with pytest.raises(DataError, match=f"{len(labels)} labels; expected: 500, one per reference row"):
        compare(values(1), values(2), periods=labels)


class Explanation:
    """What an explainer of another library gives."""

    values, base_values, feature_names = values(1), np.zeros(500), NAMES


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ([[1, 2], [3]], "rows of different lengths"),
        (Explanation(), "seen: Explanation.*next: give its .values"),
        (sparse.csr_matrix(values(1)), "csr_matrix.*next: give it as .toarray"),
        (pd.DataFrame(values(1), columns=NAMES).assign(income="much"), "reference column 'income' holds no numbers"),
        (
            pd.DataFrame(values(1), columns=NAMES).astype({"age": "Float64"}).where(lambda frame: frame < 2),
            "reference column 'age' holds no numbers; seen: Float64",
        ),
    ],
    ids=["ragged", "explanation", "sparse", "text", "nullable"],
)
def test_what_is_no_matrix_of_numbers_is_refused_by_name(reference: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        compare(reference, values(2))


@pytest.mark.parametrize("labels", [5, "2024-01", np.zeros((500, 2)), (f"W{i}" for i in range(500))])
def test_periods_that_are_no_sequence_of_labels_are_refused(labels: Any) -> None:
    with pytest.raises(DataError, match=r"reference periods; seen: .* expected: a sequence with one label"):
        compare(values(1), values(2), periods=labels)


def test_periods_of_the_same_rows_are_refused_and_not_silently_left_out() -> None:
    with pytest.raises(DataError, match="periods together with paired"):
        compare(values(1), values(1), paired=True, periods=["a"] * 500)


def test_settings_that_are_a_dictionary_are_refused() -> None:
    with pytest.raises(DataError, match=r"seen: dict.*DriftSettings\(\*\*settings\)"):
        compare(values(1), values(2), settings={"bins": 5})  # type: ignore[arg-type]


def test_a_level_that_small_features_lend_together_says_where_it_came_from() -> None:
    rng = np.random.default_rng(0)
    sizes = np.r_[5, np.full(59, 0.05)]
    before, now = rng.normal(size=(3000, 60)) * sizes, rng.normal(size=(3000, 60)) * sizes
    now[:, 1:] *= 0.5
    found = compare(before, now)
    (raised,) = [row for row in found.to_dict()["features"] if row["level"]]
    assert (raised["material"], raised["level_from"]) == (False, "lesser features")
    assert {one.lent for one in found.findings if one.feature == raised["feature"] and one.level} == {True}
    assert not any(one.lent for one in compare(before, before * np.r_[2, np.ones(59)]).findings)


def test_a_level_that_a_group_lends_says_which() -> None:
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=(2000, 2, 3)), rng.normal(size=(2000, 2, 3))
    now[:, :, :2] += 0.28
    common = rng.normal(size=(2000, 2, 1)) * 3
    joined = [
        np.c_[side[:, :1] + shared, side[:, 1:2] - shared, side[:, 2:]]
        for side, shared in zip((before[:, 0], now[:, 0]), (common[:, 0], common[:, 1]), strict=True)
    ]
    found = compare(*joined, settings=DriftSettings(groups={"pay": ("f0", "f1")}))
    assert found.level
    assert found.lent == {"f0": "pay"} or found.lent == {"f1": "pay"}


# --- the way in ------------------------------------------------------------------------------------------------


def test_the_example_in_the_docstring_runs() -> None:
    module = __import__("monitor.drift.compare", fromlist=["compare"])
    result = doctest.testmod(module)
    assert result.attempted >= 4
    assert result.failed == 0


def test_compare_is_imported_from_the_package_itself() -> None:
    from monitor.drift.compare import compare as engine

    assert monitor.compare is engine
    assert {"compare", "Comparison"} <= set(monitor.__all__)


@pytest.mark.parametrize("factor", [1e101, 1e300])
def test_absurdly_large_attributions_are_refused_instead_of_called_quiet(factor: float) -> None:
    with pytest.raises(DataError, match=r"feature 'f0' are absurdly large"):
        compare(values(1), np.full((60, 3), factor))


def test_equal_matrices_of_another_memory_layout_are_exactly_equal() -> None:
    matrix = values(1)
    result = compare(np.ascontiguousarray(matrix), np.asfortranarray(matrix)).to_dict()
    assert {feature[test.name] for feature in result["features"] for test in TESTS if not test.paired} == {0.0}


def test_a_repeated_column_on_the_current_side_is_refused() -> None:
    frame = pd.DataFrame(values(1), columns=["a", "b", "c"])
    with pytest.raises(DataError, match="current has columns of one name"):
        compare(frame, frame.set_axis(["a", "a", "b"], axis=1))


def test_no_feature_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="0 columns"):
        compare(np.empty((60, 0)), np.empty((60, 0)))


def test_masked_cells_are_refused_since_what_lies_under_a_mask_is_no_attribution() -> None:
    values = np.random.default_rng(0).normal(size=(100, 2))
    with pytest.raises(DataError, match="current attributions are masked; seen: 1 masked cells"):
        compare(values, np.ma.masked_greater(np.where(values == values.max(), 999.0, values), 900))


def test_names_that_contradict_the_columns_of_a_data_frame_are_refused() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 2)), columns=["a", "b"])
    with pytest.raises(DataError, match="feature names do not agree"):
        compare(frame, frame, feature_names=["b", "a"])
    assert compare(frame, frame, feature_names=["a", "b"]).verdict == "none"
