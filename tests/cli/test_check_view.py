"""Why a feature was raised, on one line."""

from __future__ import annotations

from dataclasses import replace

from monitor.cli.check_view import _movers_table, strongest
from monitor.cli.output import console
from monitor.types import Contribution, Finding

PSI = Finding(
    view="traffic", feature="age", test="psi", statistic=0.6, p_value=0.0, p_adjusted=0.0, threshold=0.1,
    threshold_severe=0.2, level=2, n_reference=1000, n_current=1000,
)  # fmt: skip


def test_the_test_farthest_beyond_its_limit_is_named() -> None:
    far = replace(PSI, view="total", test="ks", statistic=0.9, threshold_severe=0.2)
    assert strongest("age", 2, [PSI, far]) == "total ks 0.90 > 0.20"
    assert strongest("age", 2, [far, PSI]) == "total ks 0.90 > 0.20"


def test_tests_of_other_levels_features_segments_and_of_the_trend_are_not_the_reason() -> None:
    others = [
        replace(PSI, level=1, statistic=9.0),
        replace(PSI, feature="income", statistic=9.0),
        replace(PSI, segment="region=EU", statistic=9.0),
        replace(PSI, view="trend", statistic=9.0),
        replace(PSI, statistic=None),
    ]
    assert strongest("age", 2, [*others, PSI]) == "traffic psi 0.60 > 0.20"
    assert strongest("age", 2, others) == ""


def test_a_test_whose_level_was_lent_is_not_the_reason() -> None:
    assert strongest("age", 2, [replace(PSI, statistic=0.05), replace(PSI, test="ks", statistic=0.21)]) == (
        "traffic ks 0.21 > 0.20"
    )
    assert strongest("age", 2, [replace(PSI, statistic=0.05)]) == ""


def test_a_warning_is_shown_against_its_own_limit() -> None:
    assert strongest("age", 1, [replace(PSI, level=1, statistic=0.15)]) == "traffic psi 0.15 > 0.10"


def test_a_statistic_beyond_reason_is_not_written_out() -> None:
    assert strongest("age", 2, [replace(PSI, test="stability", statistic=1e300)]) == (
        "traffic stability over 1000 > 0.20"
    )


def test_no_share_is_rounded_to_all_or_nothing() -> None:
    part = Contribution(
        feature="age", importance_reference=1.0, importance_holdout=1.0, importance_current=3.0, share_reference=0.0004,
        share_current=0.9996, model_part=0.0, data_part=2.0, level=2,
    )  # fmt: skip
    out = console()
    with out.capture() as shown:
        out.print(_movers_table([part], []))
    assert "0.04% to 99.96%" in shown.get()
