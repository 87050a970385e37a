"""The words of --inject: what each changes, and what is said about words that cannot be meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monitor import sources
from monitor.drill.incident import Incident, Scene
from monitor.drill.kinds import kind_of
from monitor.errors import ConfigError, DataError
from monitor.pipeline import open_subject
from monitor.types import Sample, Window
from tests.e2e.world import START, WEEK

from .conftest import OTHER_WEEK, make_world, scene_of

WINDOW = Window(start=START + 10 * WEEK, end=START + 11 * WEEK)
MIDDLE = WINDOW.start + timedelta(days=3)


def prepare(inject: str, scene: Scene) -> Incident:
    kind, rest = kind_of(inject)
    return kind.prepare(rest, scene)


@pytest.fixture(scope="session")
def sample(scene: Scene) -> Sample:
    columns = [str(name) for name in scene.subject.holdout.rows.columns]
    monitor = scene.monitor
    return sources.draw_sample(monitor.predictions, WINDOW, features=columns, sample=monitor.sample, seed=5)


def after(inject: str, scene: Scene, sample: Sample, start: object = WINDOW.start) -> pd.DataFrame:
    changed = prepare(inject, scene).alteration(start).sample(sample)  # type: ignore[arg-type]
    assert changed.row_ids == sample.row_ids
    return changed.rows


def test_a_factor_multiplies_and_a_conversion_converts_to_the_decimals_of_the_column(
    scene: Scene, sample: Sample
) -> None:
    rows = sample.rows

    np.testing.assert_allclose(after("unit:debt:1.5", scene, sample)["debt"], rows["debt"] * 1.5)
    fahrenheit = after("unit:age:Celsius to Fahrenheit", scene, sample)
    np.testing.assert_allclose(fahrenheit["age"], (rows["age"] * 1.8 + 32).round())
    np.testing.assert_allclose(after("unit:age:0.1", scene, sample)["age"], rows["age"] / 10)
    np.testing.assert_allclose(after("unit:age:kilometres to miles", scene, sample)["age"] % 1, 0)
    pd.testing.assert_frame_equal(fahrenheit.drop(columns="age"), rows.drop(columns="age"))


def test_two_columns_are_exchanged(scene: Scene, sample: Sample) -> None:
    rows = after("swap:income:age", scene, sample)

    np.testing.assert_array_equal(rows["income"], sample.rows["age"])
    np.testing.assert_array_equal(rows["age"], sample.rows["income"])


@pytest.mark.parametrize(("inject", "low", "high"), [("missing:age", 1, 1), ("missing:age:0.3", 0.2, 0.4)])
def test_a_share_of_a_column_goes_missing(inject: str, low: float, high: float, scene: Scene, sample: Sample) -> None:
    assert low <= after(inject, scene, sample)["age"].isna().mean() <= high


def test_a_column_is_one_value_given_or_usual(scene: Scene, sample: Sample) -> None:
    assert set(after("constant:age:-1", scene, sample)["age"]) == {-1.0}
    (usual,) = set(after("constant:age", scene, sample)["age"])
    assert usual in set(scene.subject.holdout.rows["age"])


@pytest.mark.parametrize(("inject", "place"), [(f"mix:{OTHER_WEEK}:50%", "traffic"), ("", "holdout")])
def test_rows_of_another_period_come_from_the_traffic_or_else_from_the_holdout(
    inject: str, place: str, scene: Scene, sample: Sample
) -> None:
    inject = inject or "mix:2024-01-01T00:00Z..2024-02-26T01:00+01:00:50%"

    rows = after(inject, scene, sample)

    assert f"of the {place}" in prepare(inject, scene).words
    same = (rows == sample.rows).all(axis=1)
    assert round(0.5 * sample.n) == (~same).sum()
    if place == "holdout":
        assert set(rows["income"][~same]) <= set(scene.subject.holdout.rows["income"])


def test_rows_change_from_the_beginning_of_the_incident_on(scene: Scene, sample: Sample) -> None:
    early = sample.times < np.datetime64(MIDDLE.replace(tzinfo=None))

    for inject in ("unit:age:2", "swap:income:age", "missing:age", "constant:age:-5", f"mix:{OTHER_WEEK}"):
        same = (after(inject, scene, sample, MIDDLE) == sample.rows).all(axis=1).to_numpy()
        np.testing.assert_array_equal(same, early, err_msg=inject)
    pd.testing.assert_frame_equal(after("missing:age", scene, sample, WINDOW.end), sample.rows)


def test_names_with_colons_are_understood(scene: Scene, sample: Sample) -> None:
    renamed = {"age": "a:b", "debt": "a"}
    holdout = replace(scene.subject.holdout, rows=scene.subject.holdout.rows.rename(columns=renamed))
    odd = replace(scene, subject=replace(scene.subject, holdout=holdout))
    drawn = replace(sample, rows=sample.rows.rename(columns=renamed))

    assert prepare("swap:a:a:b", odd).columns == ("a", "a:b")
    assert prepare("missing:a:b", odd).columns == ("a:b",)
    np.testing.assert_allclose(after("unit:a:b:2", odd, drawn)["a:b"], sample.rows["age"] * 2)


def test_text_columns_swap_freeze_and_go_missing(scene: Scene, sample: Sample) -> None:
    words = np.resize(["x", "y", "y"], sample.n)
    drawn = replace(sample, rows=sample.rows.assign(age=pd.Categorical(words)))
    kept = scene.subject.holdout
    text = pd.Categorical(np.resize(["x", "y", "y"], len(kept.rows)))
    odd = replace(scene, subject=replace(scene.subject, holdout=replace(kept, rows=kept.rows.assign(age=text))))

    assert set(after("constant:age", odd, drawn)["age"]) == {"y"}
    assert set(after("constant:age:z", odd, drawn)["age"]) == {"z"}
    assert after("missing:age", odd, drawn)["age"].isna().all()
    assert after("swap:age:income", odd, drawn)["income"].tolist() == words.tolist()
    with pytest.raises(ConfigError, match="column age has no unit"):
        prepare("unit:age:2", odd)


@pytest.mark.parametrize("class_index", [None, "all"])
def test_a_scaled_feature_moves_the_prediction_with_it(class_index: str | None, tmp_path: Path) -> None:
    world = make_world(tmp_path, task="multiclass" if class_index else "binary")
    model = world.monitor.model.model_copy(update={"class_index": class_index})
    scene = scene_of(replace(world, monitor=world.monitor.model_copy(update={"model": model})), tmp_path)
    plain = open_subject(scene.monitor)

    altered = prepare("scale:income:3", scene).alteration(START).subject(plain)
    was, now = (subject.explainer.explain(plain.holdout.rows) for subject in (plain, altered))

    assert altered.model.digest != plain.model.digest
    k, of_income = now.predictions.shape[1], np.array([source == "income" for source in now.source_features])
    np.testing.assert_allclose(now.values[:, of_income], was.values[:, of_income] * 3)
    np.testing.assert_array_equal(now.values[:, ~of_income], was.values[:, ~of_income])
    sums = now.base_values + now.values.reshape(len(now.values), -1, k).sum(axis=1)
    np.testing.assert_allclose(sums, now.predictions, atol=1e-4)
    assert np.abs(now.predictions - was.predictions).max() > 0.1


@pytest.mark.parametrize(
    ("inject", "thing", "hint"),
    [
        ("units:age:2", "no such kind of incident", "did you mean unit?"),
        ("unit:agee:2", "no input column of this name", "did you mean age?"),
        ("scale:incme:2", "no feature of this name", "did you mean income?"),
        ("swap:income:agee", "no input column of this name", "did you mean age?"),
        ("missing:agee:50%", "no input column of this name", "did you mean age?"),
        ("constant:agee", "no input column of this name", "did you mean age?"),
        ("unit:age", "unit needs a factor or a conversion", "write it as in"),
        ("unit:age:mile to kilometre", "unit needs a factor or a conversion", "did you mean 'miles to kilometres'?"),
        ("unit:age:1", "--inject unit was not understood", "--list"),
        ("scale:age", "--inject scale was not understood", "--list"),
        ("scale:age:nan", "--inject scale was not understood", "--list"),
        ("swap:age:age", "--inject swap was not understood", "--list"),
        ("missing:age:0", "--inject missing was not understood", "--list"),
        ("constant:age:x", "--inject constant was not understood", "--list"),
        ("mix:2024-01-01T00:00Z", "--inject mix was not understood", "--list"),
        ("mix:2024-01-01..2024-01-08", "--inject mix was not understood", "--list"),
        ("mix:2024-01-08T00:00Z..2024-01-01T00:00Z", "--inject mix was not understood", "--list"),
        ("retrain:x", "--inject retrain was not understood", "--list"),
        ("retrain:-1", "--inject retrain was not understood", "--list"),
        ("model:", "--inject model was not understood", "--list"),
        ("none:x", "--inject none was not understood", "--list"),
    ],
)
def test_words_that_cannot_be_meant_are_refused_with_the_next_step(
    inject: str, thing: str, hint: str, scene: Scene
) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare(inject, scene)

    assert thing in caught.value.thing
    assert hint in (caught.value.hint or "")
    assert caught.value.seen
    assert caught.value.expected


def test_a_period_without_rows_and_the_model_in_force_are_refused(scene: Scene) -> None:
    with pytest.raises(DataError, match="too few rows to mix in"):
        prepare("mix:2020-01-01T00:00Z..2020-02-01T00:00Z", scene)
    with pytest.raises(ConfigError, match="is the model in force"):
        prepare(f"model:{scene.monitor.model.path}", scene)
