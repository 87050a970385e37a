"""A part of the traffic that drifts while the whole hides it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitor.drift import Chosen, Facts, Part, Segments, assess, choose_segments, decompose, judge, measure, prepare
from monitor.drift.segment_words import segment_lines
from monitor.drift.segments import measure_segments, nearest, segment_findings
from monitor.settings import DriftSettings

Matrix = NDArray[np.float64]
NAMES = ("income", "age", "debt", "tenure")
CALM = Facts(
    model_changed=False,
    version_changed=False,
    labelled=True,
    explainer_changed=False,
    changes=(),
    prediction_shift=0.0,
    inputs={},
    source_of=dict(zip(NAMES, NAMES, strict=True)),
)


def labels(rng: np.random.Generator, rows: int, values: int) -> list[str]:
    return [f"r{k}" for k in rng.integers(0, values, rows)]


def judged(
    reference: Matrix, current: Matrix, then: Mapping[str, list[str]], now: Mapping[str, list[str]]
) -> tuple[Segments, int]:
    """Segments, and the level of the whole traffic view, judged together as a check does."""
    settings = DriftSettings()
    whole = prepare(reference, NAMES[: reference.shape[1]], settings=settings)
    chosen = choose_segments(then, now, settings)
    pairs = {Part("traffic"): (whole, measure(whole, current))}
    results = assess(pairs | measure_segments(chosen.segments, whole, current, periods=None), settings)
    parts = tuple(result for part, result in results.items() if part.segment is not None)
    return Segments(judged=parts, unjudged=chosen.unjudged, notes=chosen.notes), results[Part("traffic")].level


def hidden_drift(seed: int) -> tuple[Segments, int]:
    """One of ten regions moves by 1.2 standard deviations in one feature."""
    rng = np.random.default_rng(seed)
    reference, current = rng.normal(size=(2000, 4)) + 1, rng.normal(size=(1500, 4)) + 1
    then, now = labels(rng, 2000, 10), labels(rng, 1500, 10)
    current[np.array(now) == "r3", 0] += 1.2
    return judged(reference, current, {"region": then}, {"region": now})


def test_a_segment_that_moves_is_severe_and_named_while_the_whole_is_quiet() -> None:
    for seed in range(5):
        segments, whole = hidden_drift(seed)
        assert whole == 0
        assert [one.segment for one in segments.raised()] == ["region=r3"]
        assert segments.level == 2
        assert NAMES[nearest(segments.raised()[0])[0]] == "income"


def test_the_verdict_names_segment_and_feature_and_says_that_the_rest_is_as_before() -> None:
    segments, _ = hidden_drift(0)
    rng = np.random.default_rng(1)
    values = rng.normal(size=(500, 4))
    whole = prepare(values, NAMES)
    quiet = assess({"traffic": (whole, measure(whole, values))}, DriftSettings())
    ones = np.ones(4)
    contributions = decompose(NAMES, reference=ones, holdout=ones, current=ones, levels={})
    seen = judge(quiet, contributions, CALM, segments)
    assert (seen.verdict, seen.level) == ("data", 2)
    assert "in segment region=r3 income counts" in seen.sentence
    assert seen.sentence.endswith("traffic as a whole is as before.")
    assert any(line.startswith("segment region=r3: severe") for line in seen.evidence)
    assert "9 segments without drift" in seen.evidence


@pytest.mark.parametrize("trials", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_many_segments_cost_no_false_alarms(trials: int) -> None:
    """Ten segments and the whole are one family: the promise of 5 % and 1 % of checks holds for all together."""
    levels = []
    for seed in range(trials):
        rng = np.random.default_rng([9, seed])
        reference, current = rng.standard_t(3, size=(1500, 4)), rng.standard_t(3, size=(1500, 4))
        segments, whole = judged(
            reference, current, {"region": labels(rng, 1500, 10)}, {"region": labels(rng, 1500, 10)}
        )
        levels.append(max(segments.level, whole))
    for level, budget in ((1, 0.05), (2, 0.01)):
        alarms = sum(one >= level for one in levels)
        assert stats.binomtest(alarms, trials, budget, alternative="greater").pvalue > 1e-3, f"{alarms} of {trials}"


def with_weeks(rng: np.random.Generator, storms: float, drift: float = 0.0) -> tuple[Segments, int]:
    """Eight weeks of 190 rows in four regions, each moved every week by `storms`; then 900 rows of one more week, of
    which the smallest region drifts."""
    shares, weeks = [0.4, 0.3, 0.2, 0.1], np.repeat(np.arange(9), [190] * 8 + [900])
    regions = rng.choice(4, len(weeks), p=shares)
    values = rng.standard_t(3, size=(len(weeks), 4)) + (storms * rng.normal(size=(9, 4, 4)))[weeks, regions]
    now = weeks == 8
    values[now & (regions == 3), 0] += drift
    whole = prepare(values[~now], NAMES, periods=[f"w{week}" for week in weeks[~now]])
    then, recent = ([f"r{k}" for k in regions[rows]] for rows in (~now, now))
    chosen = choose_segments({"region": then}, {"region": recent}, whole.settings)
    periods = [f"w{week}" for week in weeks[~now]]
    parts = measure_segments(chosen.segments, whole, values[now], periods=periods)
    results = assess({Part("traffic"): (whole, measure(whole, values[now]))} | parts, whole.settings)
    found = tuple(result for part, result in results.items() if part.segment is not None)
    return Segments(judged=found, unjudged=chosen.unjudged), results[Part("traffic")].level


@pytest.mark.parametrize("trials", [20, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("storms", [0.0, 0.25])
def test_segments_that_move_by_themselves_every_week_do_not_cry_wolf(trials: int, storms: float) -> None:
    levels = [
        max(of.level, whole) for of, whole in (with_weeks(np.random.default_rng([3, k]), storms) for k in range(trials))
    ]
    for level, budget in ((1, 0.05), (2, 0.01)):
        alarms = sum(one >= level for one in levels)
        assert stats.binomtest(alarms, trials, budget, alternative="greater").pvalue > 1e-3, f"{alarms} of {trials}"


def test_a_tenth_of_the_traffic_that_drifts_is_severe_although_its_weeks_are_small() -> None:
    for seed in range(10):
        segments, whole = with_weeks(np.random.default_rng([5, seed]), storms=0.0, drift=1.5)
        assert whole < 2
        assert segments.level == 2
        assert segments.raised()[0].segment == "region=r3"


def test_a_segment_without_any_importance_is_judged_like_the_whole() -> None:
    values = np.zeros((400, 2))
    periods = [f"w{k // 50}" for k in range(400)]
    whole = prepare(values, ("a", "b"), periods=periods)
    chosen = choose_segments({"k": ["x", "y"] * 200}, {"k": ["x", "y"] * 200}, whole.settings)
    parts = measure_segments(chosen.segments, whole, values, periods=periods)
    assert {result.level for result in assess(parts, whole.settings).values()} == {0}


def test_thin_segments_are_unknown_with_their_counts_and_never_quiet() -> None:
    then, now = ["north"] * 300 + ["south"] * 20, ["north"] * 200 + ["south"] * 120
    chosen = choose_segments({"region": then}, {"region": now}, DriftSettings())
    assert [segment.name for segment in chosen.segments] == ["region=north"]
    (thin,) = chosen.unjudged
    assert (thin.name, thin.n_reference, thin.n_current) == ("region=south", 20, 120)
    assert thin.reason == "120 recent rows and 20 in the holdout, 50 of each are needed"
    assert thin.finding().reason == thin.reason
    assert thin.finding().level == 0


def test_a_column_that_the_holdout_lacks_is_unknown_and_noted() -> None:
    chosen = choose_segments({}, {"channel": ["web"] * 100}, DriftSettings())
    assert chosen.segments == ()
    assert chosen.unjudged[0].reason == "the holdout has no column channel"
    assert chosen.notes == ("segments of channel are not judged: the holdout has no column channel",)


def test_only_the_values_with_most_traffic_are_looked_at_and_the_rest_is_counted() -> None:
    then, now = ["a"] * 100 + ["b"] * 100 + ["c"] * 100, ["a"] * 90 + ["b"] * 80 + ["c"] * 70
    chosen = choose_segments({"k": then}, {"k": now}, DriftSettings(segments_per_column=2))
    assert [segment.name for segment in chosen.segments] == ["k=a", "k=b"]
    assert chosen.notes == ("segments of k: 2 of 3 values are looked at; the others hold 70 of 240 recent rows",)


def test_rows_without_a_value_are_a_segment_of_their_own() -> None:
    chosen = choose_segments({"k": [""] * 60}, {"k": [""] * 60}, DriftSettings())
    assert chosen.segments[0].name == "k=(missing)"
    assert chosen == Chosen(segments=chosen.segments)


def test_empty_labels_and_labels_that_say_missing_are_one_segment() -> None:
    then = {"region": ["", "(missing)", "EU"] * 60}
    chosen = choose_segments(then, then, DriftSettings())
    assert [(one.name, int(one.now.sum())) for one in chosen.segments] == [("region=(missing)", 120), ("region=EU", 60)]


def test_findings_of_a_segment_are_the_judged_tests_of_raised_features_and_of_the_nearest() -> None:
    segments, _ = hidden_drift(0)
    raised = segments.raised()[0]
    found = segment_findings(raised)
    assert {finding.test for finding in found} == {"psi", "ks", "stability"}
    assert {finding.feature for finding in found} == {
        name for name, level in zip(NAMES, raised.feature_levels, strict=True) if level
    }
    quiet = next(one for one in segments.judged if not one.level)
    assert len({finding.feature for finding in segment_findings(quiet)}) == 1
    assert {finding.segment for finding in found} == {"region=r3"}


def test_a_feature_without_importance_in_a_segments_reference_is_told_in_words_not_in_digits() -> None:
    rng = np.random.default_rng(0)
    then, now = rng.normal(size=(600, 3)), rng.normal(size=(600, 3))
    for scale, words in ((0.0, "b had no importance before"), (1e-320, "over 1,000x the threshold")):
        prepared = prepare(then * [1, scale, 1], ("a", "b", "c"))
        result = assess({Part("traffic", segment="region=EU"): (prepared, measure(prepared, now))}, DriftSettings())
        segments = Segments(judged=tuple(result.values()))
        assert segments.level == 2
        (line,) = segment_lines(segments)
        assert line == f"segment region=EU: severe, 1 of 3 features, {words} (600 recent rows against 600)"
        assert all(one.statistic is None or np.isfinite(one.statistic) for one in segments.findings())
        assert len(judge({}, (), CALM, segments).sentence) < 200
