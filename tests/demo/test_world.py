"""What the demo is made of: the flights, the directory it may use, and the story it tells."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitor.demo import data, replay, run_demo, story
from monitor.demo.incidents import INCIDENTS, REFERENCE_END, WEEK, YEAR_END, YEAR_START
from monitor.errors import ConfigError, PublishError
from monitor.types import Check, Contribution, Window


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return data.flights()


def test_every_departed_flight_of_the_year_is_there_once_and_in_order(flights: pd.DataFrame) -> None:
    assert len(flights) == 328_521
    assert flights["flight_id"].is_unique
    assert flights["time"].is_monotonic_increasing
    assert (flights["time"].min(), flights["time"].max()) == (
        pd.Timestamp("2013-01-01 10:15", tz="UTC"),
        pd.Timestamp("2014-01-01 04:59", tz="UTC"),
    )


def test_only_seats_are_ever_missing_among_the_features(flights: pd.DataFrame) -> None:
    missing = flights[list(data.FEATURES)].isna().mean()
    assert {str(name) for name in missing[missing > 0].index} == {"seats"}
    assert 0.1 < missing["seats"] < 0.2


def test_a_flight_without_a_known_arrival_has_no_label(flights: pd.DataFrame) -> None:
    known = flights["late"].dropna()
    assert set(known.unique()) == {0.0, 1.0}
    assert 0.2 < known.mean() < 0.3
    assert 0 < flights["late"].isna().sum() < 2000


def test_every_week_of_the_year_has_thousands_of_flights(flights: pd.DataFrame) -> None:
    inside = flights[(flights["time"] >= YEAR_START) & (flights["time"] < YEAR_END)]
    weekly = ((inside["time"] - YEAR_START) // WEEK).value_counts()
    assert len(weekly) == 52
    assert weekly.min() > 4000


def test_only_the_weeks_of_the_unit_incident_are_served_in_seconds(flights: pd.DataFrame) -> None:
    served = data.as_served(flights)
    changed = served["dep_delay"] != flights.loc[served.index, "dep_delay"]
    incident = next(one for one in INCIDENTS if one.kind == "unit")
    assert served.loc[changed, "time"].min() >= incident.start
    assert served.loc[changed, "time"].max() < incident.end
    assert changed.sum() > 10_000
    assert served.drop(columns="dep_delay").equals(flights.loc[served.index].drop(columns="dep_delay"))


def test_the_retrained_model_saw_nothing_that_came_after_its_deployment() -> None:
    incident = next(one for one in INCIDENTS if one.kind == "retrain")
    assert data.RETRAINED_ON[1].replace(tzinfo=UTC) <= incident.start


def test_the_demo_leaves_a_directory_alone_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "xdrift.yaml").write_text("monitors: []\n")
    (tmp_path / "xdrift.db").write_text("results of years")
    with pytest.raises(ConfigError, match="not the demo's"):
        run_demo(tmp_path, serve=False, as_json=True)
    assert (tmp_path / "xdrift.yaml").read_text() == "monitors: []\n"
    assert (tmp_path / "xdrift.db").read_text() == "results of years"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_directory_that_is_a_file_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    with pytest.raises(ConfigError, match="--directory"):
        run_demo(tmp_path / "demo", serve=False, as_json=True)


def test_the_directory_of_an_earlier_demo_is_used_again(tmp_path: Path) -> None:
    first = replay.write_config(tmp_path / "demo", 1)
    (tmp_path / "demo" / "xdrift.db").write_text("")
    assert replay.write_config(tmp_path / "demo", 2) == first
    assert replay.read_config(first).server.port == 2


def test_a_taken_port_is_told_before_anything_is_built(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PublishError):
        run_demo(tmp_path / "demo", serve=True, as_json=True, port=taken.getsockname()[1])
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["xdrift.yaml"]


def test_the_feature_that_moved_most_is_named_with_its_change() -> None:
    check = _check(contributions=(_moved("distance", 1.0, 5.0, level=1), _moved("seats", 1.0, 1.5, level=2)))
    assert story.weeks([check])[0].moved == "seats +50%"


def test_a_feature_that_counts_as_much_but_differently_is_called_reshaped() -> None:
    assert story.weeks([_check(contributions=(_moved("seats", 1.0, 1.01, level=1),))])[0].moved == "seats reshaped"


def test_a_reference_week_with_a_warning_is_not_right() -> None:
    week = story.weeks([_check(start=YEAR_START, level=1)])[0]
    assert week.right is False
    assert not story.summary([week], 1.0)["reference_weeks_quiet"]


def test_an_incident_counts_as_found_only_when_all_its_weeks_are_right() -> None:
    incident = INCIDENTS[0]
    right = [_check(start=incident.start + n * WEEK, verdict="model", level=2) for n in range(2)]
    half = [right[0], _check(start=right[1].window.start, verdict="both", level=2)]
    assert [story.summary(story.weeks(checks), 1.0)["incidents_found"] for checks in (right, half)] == [1, 0]


def _moved(feature: str, before: float, after: float, *, level: int) -> Contribution:
    return Contribution(
        feature=feature,
        importance_reference=before,
        importance_holdout=before,
        importance_current=after,
        share_reference=0.5,
        share_current=0.5,
        model_part=0.0,
        data_part=after - before,
        level=level,  # type: ignore[arg-type]
    )


def _check(
    *,
    start: datetime = REFERENCE_END,
    verdict: str = "data",
    level: int = 1,
    contributions: tuple[Contribution, ...] = (),
) -> Check:
    at = start + WEEK
    return Check(
        id="c",
        monitor="m",
        model="m",
        planned_at=at,
        window=Window(start=start, end=at),
        started_at=at,
        finished_at=at + timedelta(seconds=1),
        outcome="succeeded",
        verdict=verdict,  # type: ignore[arg-type]
        level=level,  # type: ignore[arg-type]
        reason=None,
        sentence="",
        evidence=(),
        error=None,
        seed=0,
        n_seen=1000,
        n_drawn=1000,
        n_explained=1000,
        n_holdout=1000,
        reference_id=None,
        model_version=None,
        model_digest=None,
        holdout_digest=None,
        explainer=None,
        holdout_skipped=True,
        additivity_gap=None,
        levels={},
        model_numbers={},
        input_drift={},
        contributions=contributions,
    )
