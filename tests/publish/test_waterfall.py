from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.publish.waterfall import SHOWN, waterfall

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
VALUES = st.dictionaries(st.text(max_size=5), NUMBERS, max_size=40)


@given(NUMBERS, VALUES, NUMBERS)
def test_every_step_starts_where_the_last_ended_and_the_end_is_the_prediction(
    base: float, values: dict[str, float], prediction: float
) -> None:
    steps = waterfall(base, values, prediction)
    inner = steps[1:-1]

    assert (steps[0].kind, steps[0].end) == ("base", base)
    assert (steps[-1].kind, steps[-1].end) == ("prediction", prediction)
    for before, after in zip(steps[:-1], inner, strict=False):
        assert after.start == before.end
    assert steps[-2].end == prediction, "nothing is between the last step and the prediction"


@given(NUMBERS, VALUES, NUMBERS)
def test_steps_add_up_to_the_prediction(base: float, values: dict[str, float], prediction: float) -> None:
    steps = waterfall(base, values, prediction)
    total = math.fsum(step.value for step in steps[:-1])
    size = max(map(abs, (base, prediction, *values.values())))

    assert math.isclose(total, prediction, rel_tol=1e-15, abs_tol=1e-15 * size)


@given(NUMBERS, VALUES)
def test_a_gap_is_a_step_of_its_own_and_hides_in_no_feature(base: float, values: dict[str, float]) -> None:
    prediction = math.fsum((base, *values.values())) + 1e7
    steps = waterfall(base, values, prediction)
    shown = {step.label: step.value for step in steps if step.kind == "feature"}

    assert shown == {name: values[name] for name in shown}
    assert next(step.value for step in steps if step.kind == "gap") == pytest.approx(1e7)


def test_the_largest_come_first_and_the_rest_is_summed() -> None:
    values = {f"f{i}": (-1.0) ** i * i for i in range(SHOWN + 5)}
    steps = waterfall(0.5, values, 0.5 + sum(values.values()))

    assert [step.label for step in steps[1:4]] == [f"f{SHOWN + 4}", f"f{SHOWN + 3}", f"f{SHOWN + 2}"]
    assert [step.kind for step in steps] == ["base", *["feature"] * SHOWN, "rest", "prediction"]
    assert (steps[-2].label, steps[-2].value) == ("5 others, summed", sum((-1.0) ** i * i for i in range(5)))


def test_without_a_gap_there_is_no_step_for_it() -> None:
    assert [step.kind for step in waterfall(1.0, {"a": 0.5}, 1.5)] == ["base", "feature", "prediction"]
