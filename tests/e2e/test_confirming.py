"""A severe check looked at again by the real pipeline: fresh rows, and a word where there are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import slots
from monitor.pipeline import create_reference, perform
from monitor.store import Store
from monitor.types import Check
from tests.e2e.world import World, build, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def pair(directory: Path, rows: int) -> tuple[Check, Check]:
    """The check of a week, and the one that looks at it again."""
    watched: World = build("xgboost", "binary", directory, weekly_rows=600, sample={"rows": rows})
    again_at = slots.confirming_slot(watched.monitor.schedule, slot(0))
    assert again_at is not None
    with Store.open(f"sqlite:///{directory}/store.db") as store:
        store.upgrade()
        store.register(watched.monitor, cadence="weekly", interval_seconds=604800, config_digest="c", now=NOW)
        create_reference(watched.monitor, store, author="ana", reason="first", now=NOW)
        found: list[Check] = []
        for planned_at in (slot(0), again_at):
            confirms = found[0].id if found else None
            claim = store.claim(
                watched.monitor.name, planned_at, owner="test|boot|1|1", lease=timedelta(minutes=5), now=NOW,
                confirms=confirms,
            )  # fmt: skip
            assert claim is not None
            check = store.check(perform(watched.monitor, claim, store, clock=lambda: NOW).id)
            assert check is not None
            found.append(check)
    return found[0], found[1]


def test_a_confirming_check_draws_other_rows_of_nearly_the_same_window(tmp_path: Path) -> None:
    first, again = pair(tmp_path, rows=200)

    assert again.confirms == first.id
    assert again.window.end - first.window.end == timedelta(minutes=30)
    assert again.window.end - again.window.start == first.window.end - first.window.start
    assert again.seed != first.seed
    drawn = [{row.row_id for row in check.rows if row.kind == "sample"} for check in (first, again)]
    assert len(drawn[0] & drawn[1]) < 120, "two samples of a third share a third of their rows"
    assert not any("looks again" in note for note in again.notes)
    assert "trend" not in again.levels, "the check that it confirms is no earlier window"


def test_a_confirming_check_says_when_it_could_only_draw_the_same_rows(tmp_path: Path) -> None:
    first, again = pair(tmp_path, rows=1000)

    (note,) = (note for note in again.notes if "looks again" in note)
    assert f"check {first.id}: the window holds no more than the 1,000 that are drawn" in note
    assert not any("looks again" in note for note in first.notes)


def test_a_confirming_check_that_could_not_be_done_still_confirms(tmp_path: Path) -> None:
    first, _ = pair(tmp_path, rows=200)
    watched = build("xgboost", "binary", tmp_path, weekly_rows=600, sample={"rows": 200})
    (tmp_path / "holdout.parquet").unlink()
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        claim = store.claim(
            watched.monitor.name, slot(1), owner="test|boot|1|1", lease=timedelta(minutes=5), now=NOW, confirms=first.id
        )
        assert claim is not None
        check = perform(watched.monitor, claim, store, clock=lambda: NOW)

    assert (check.outcome, check.confirms) == ("failed", first.id)


@pytest.mark.parametrize("every", ["1h", "5h"])
def test_frequent_monitors_confirm_by_their_next_check(tmp_path: Path, every: str) -> None:
    watched = build("xgboost", "binary", tmp_path, schedule={"every": every})
    assert slots.confirming_slot(watched.monitor.schedule, slot(0)) is None
