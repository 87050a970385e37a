"""Bad input becomes a saved check that says what was wrong, or a refusal before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError, XdriftError
from monitor.pipeline import create_reference, perform
from monitor.store import Store
from monitor.types import Check
from tests.e2e.world import World, build, make_rows, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return build("xgboost", "binary", tmp_path, weeks=1)


@pytest.fixture
def store(tmp_path: Path, world: World) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        opened.upgrade()
        opened.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
        create_reference(world.monitor, opened, author="ada", reason="first", now=NOW)
        yield opened


def check(store: Store, world: World) -> Check:
    claim = store.claim(world.monitor.name, slot(0), owner="t|b|1|1", lease=timedelta(minutes=5), now=NOW)
    assert claim is not None
    perform(world.monitor, claim, store, clock=lambda: NOW)
    saved = store.check(claim_id(store))
    assert saved is not None
    return saved


def claim_id(store: Store) -> str:
    return store.checks(limit=1)[0].id


def edit(world: World, name: str, change: Any) -> None:
    path = world.directory / name
    change(pd.read_parquet(path)).to_parquet(path)


DIRTY = [
    ("a missing column", lambda t: t.drop(columns="income"), "data|sampling", "income"),
    ("a renamed column", lambda t: t.rename(columns={"income": "incomes"}), "data|sampling", "incomes"),
    ("numbers as text", lambda t: t.assign(income=t["income"].astype(str)), "data", "income"),
    ("an infinite value", lambda t: t.assign(income=np.inf), "data", "income"),
    (
        "naive times",
        lambda t: t.assign(timestamp=pd.to_datetime(t["timestamp"]).dt.tz_localize(None)),
        "data|sampling",
        "timezone",
    ),
]


@pytest.mark.parametrize(("change", "reason", "named"), [case[1:] for case in DIRTY], ids=[case[0] for case in DIRTY])
def test_dirty_traffic_is_a_failed_check_that_names_it(
    change: Any, reason: str, named: str, store: Store, world: World
) -> None:
    edit(world, "traffic.parquet", change)
    found = check(store, world)
    assert (found.outcome, found.verdict, found.level) == ("failed", "unknown", 0)
    assert found.reason in reason.split("|")
    assert found.error is not None
    assert named in found.error
    assert "next:" in found.error


def test_columns_in_another_order_and_extra_ones_change_nothing(store: Store, world: World) -> None:
    edit(world, "traffic.parquet", lambda t: t[list(t.columns[::-1])].assign(extra=1.0))
    assert (check(store, world).outcome, check_verdict(store)) == ("succeeded", "none")


def check_verdict(store: Store) -> str:
    return store.checks(limit=1)[0].verdict


def test_a_column_gone_missing_is_judged_and_named(store: Store, world: World) -> None:
    edit(world, "traffic.parquet", lambda t: t.assign(income=np.nan))
    found = check(store, world)
    assert (found.verdict, found.level) == ("pipeline", 2)
    assert "income is missing in 100% of rows" in found.sentence


def test_a_constant_column_is_judged_and_named(store: Store, world: World) -> None:
    edit(world, "traffic.parquet", lambda t: t.assign(income=20.0))
    found = check(store, world)
    assert found.verdict == "pipeline"
    assert "income is 20 in every row" in found.sentence


def test_an_empty_window_is_unknown(store: Store, world: World) -> None:
    edit(world, "traffic.parquet", lambda t: t.iloc[:0])
    found = check(store, world)
    assert (found.outcome, found.verdict, found.reason) == ("unknown", "unknown", "empty_window")
    assert found.newest_at is None


def test_a_thin_window_is_unknown_and_says_how_many(store: Store, world: World) -> None:
    edit(world, "traffic.parquet", lambda t: t.iloc[:17])
    found = check(store, world)
    assert (found.verdict, found.reason, found.n_seen) == ("unknown", "thin_sample", 17)
    assert "17 predictions" in found.sentence
    assert "100 are needed" in found.sentence


def test_a_truncated_model_is_a_failed_check(store: Store, world: World) -> None:
    path = world.directory / "model.ubj"
    path.write_bytes(path.read_bytes()[:500])
    found = check(store, world)
    assert (found.outcome, found.reason) == ("failed", "model_load")


def test_a_holdout_edited_after_the_reference_is_a_failed_check(store: Store, world: World) -> None:
    edit(world, "holdout.parquet", lambda t: t.assign(age=t["age"] + 1))
    found = check(store, world)
    assert (found.outcome, found.reason) == ("failed", "reference_missing")
    assert "changed since reference" in (found.error or "")


def test_a_second_reference_needs_accept_and_old_ones_stay_readable(store: Store, world: World) -> None:
    with pytest.raises(ConfigError, match="has a reference already"):
        create_reference(world.monitor, store, author="ada", reason="again", now=NOW)
    first = store.active_reference(world.monitor.name)
    edit(world, "holdout.parquet", lambda t: t.assign(age=t["age"] + 1))
    second = create_reference(world.monitor, store, author="ada", reason="new rows", now=NOW, accept=True)
    active = store.active_reference(world.monitor.name)
    assert first is not None
    assert active is not None
    assert active.id == second.id != first.id
    old = store.load_reference(first.id)
    assert np.array_equal(old.attributions.values, first.attributions.values)
    assert (old.reason, old.author, old.holdout_digest) == ("first", "ada", first.holdout_digest)


@pytest.mark.parametrize("field", ["author", "reason"])
def test_a_reference_needs_an_author_and_a_reason(field: str, store: Store, world: World) -> None:
    given = {"author": "ada", "reason": "why", field: "  "}
    with pytest.raises(ConfigError, match=field):
        create_reference(world.monitor, store, now=NOW, accept=True, **given)


def test_a_redacted_column_is_nowhere_in_the_stored_check(tmp_path: Path) -> None:
    world = build("xgboost", "binary", tmp_path, weeks=1, redact=("income",))
    with Store.open(f"sqlite:///{tmp_path / 'redacted.db'}") as store:
        store.upgrade()
        store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
        create_reference(world.monitor, store, author="ada", reason="first", now=NOW)
        found = check(store, world)
    assert {row.inputs["income"] for row in found.rows} == {"[redacted]"}
    assert all(profile.feature != "income" for profile in found.profiles if profile.kind == "input")
    stored = (tmp_path / "redacted.db").read_bytes()
    secret = make_rows(300, seed=3)["income"]
    assert not any(repr(float(value)).encode() in stored for value in secret[:50])


def test_an_error_about_a_redacted_column_quotes_no_value(tmp_path: Path) -> None:
    world = build("xgboost", "binary", tmp_path, weeks=1, redact=("income",))
    with Store.open(f"sqlite:///{tmp_path / 'redacted.db'}") as store:
        store.upgrade()
        store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
        create_reference(world.monitor, store, author="ada", reason="first", now=NOW)
        edit(world, "traffic.parquet", lambda t: t.assign(income="SECRETVALUE"))
        found = check(store, world)
    assert "column income: wrong type" in (found.error or "")
    assert b"SECRETVALUE" not in (tmp_path / "redacted.db").read_bytes()


def test_a_model_with_other_features_is_named_as_such(store: Store, world: World) -> None:
    import xgboost as xgb

    rows = make_rows(300, seed=9)
    xgb.XGBClassifier(n_estimators=5, n_jobs=1).fit(rows[["income", "age"]], rows["age"] > 40).save_model(
        world.directory / "model.ubj"
    )
    free = World(
        monitor=world.monitor.model_copy(update={"features": None}), directory=world.directory, traffic_weeks=1
    )
    found = check(store, free)
    assert found.reason == "reference_missing"
    assert "has other features than reference" in (found.error or "")
    next_step = (found.error or "").partition("; next: ")[2]
    assert next_step.index("roll it back") < next_step.index("xdrift reference accept")  # never the blessing first


def test_another_choice_of_classes_is_named_as_the_setting_that_changed(tmp_path: Path) -> None:
    world = build("xgboost", "multiclass", tmp_path, weeks=1)
    model = world.monitor.model
    one, every = (
        World(
            monitor=world.monitor.model_copy(update={"model": model.model_copy(update={"class_index": index})}),
            directory=world.directory, traffic_weeks=1,
        )
        for index in (0, "all")
    )  # fmt: skip
    with Store.open(f"sqlite:///{tmp_path / 'classes.db'}") as store:
        store.upgrade()
        store.register(one.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
        create_reference(one.monitor, store, author="ada", reason="first", now=NOW)
        found = check(store, every)
    assert found.reason == "reference_missing"
    assert "class_index (0,) -> (0, 1, 2)" in found.sentence
    assert "put `model.class_index` back" in (found.error or "")
    assert "xdrift reference accept" in (found.error or "")


def test_numbers_beyond_single_precision_are_named_by_their_column(store: Store, world: World) -> None:
    edit(world, "traffic.parquet", lambda t: t.assign(income=t["income"].where(t["age"] > 30, 1e308)))
    found = check(store, world)
    assert "the model cannot take" in found.sentence
    assert "income in" in (found.error or "")
    assert found.reason == "data"


def test_every_error_of_ours_has_a_reason_that_metrics_know() -> None:
    from monitor.names import FAILURE_REASONS

    family = [XdriftError]
    for kind in family:
        family.extend(kind.__subclasses__())
    own = {kind.reason for kind in family if kind.__module__ == "monitor.errors"} - {"publish"}
    assert own <= set(FAILURE_REASONS)
