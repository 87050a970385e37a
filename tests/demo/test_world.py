"""What the demo is made of: the flights, the directory it may use, and the story it tells."""

from __future__ import annotations

import io
import json
import socket
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, just
from rich.console import Console

from monitor.demo import data, explanations, replay, run_demo, story
from monitor.demo.incidents import INCIDENTS, OUTAGE, REFERENCE_END, WEEK, YEAR_END, YEAR_START, last_full_week
from monitor.errors import ConfigError, PublishError
from monitor.settings import MonitorSettings
from monitor.store import Store
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


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ({"0": 33, "1": 0, "2": 0}, "0 severe. 60 s."),
        ({"0": 28, "1": 3, "2": 2}, "2 severe. The 5 that alarmed had nothing put in: a real change of season or "
                                    "traffic, or a false alarm. 60 s."),
    ],
)  # fmt: skip
def test_of_ordinary_weeks_that_alarmed_nothing_is_claimed_that_was_not_checked(
    levels: dict[str, int], said: str
) -> None:
    document = {
        "incidents": 3, "incidents_found": 3, "reference_weeks": 13, "reference_weeks_quiet": True,
        "ordinary_weeks": 33, "ordinary_weeks_at_level": levels, "seconds": 60.0,
    }  # fmt: skip
    out = Console(file=io.StringIO(), width=1000)

    out.print(story.view([], document))

    assert said in out.file.getvalue()  # type: ignore[attr-defined]


def test_an_incident_counts_as_found_only_when_all_its_weeks_are_right() -> None:
    incident = INCIDENTS[0]
    right = [_check(start=incident.start + n * WEEK, verdict="model", level=2) for n in range(2)]
    half = [right[0], _check(start=right[1].window.start, verdict="both", level=2)]
    assert [story.summary(story.weeks(checks), 1.0)["incidents_found"] for checks in (right, half)] == [1, 0]


def test_a_shifted_week_is_judged_as_the_week_it_was_in_2013() -> None:
    shift = 671 * WEEK
    incident = INCIDENTS[0]
    week = story.weeks([_check(start=incident.start + shift, verdict="model", level=2)], shift)[0]
    assert (week.truth, week.right) == (incident.truth, True)
    assert week.week == f"{incident.start + shift:%Y-%m-%d}"


@given(now=datetimes(datetime(2014, 1, 1), datetime(2100, 1, 1), timezones=just(UTC)))
def test_the_recent_year_ends_with_the_last_full_week_before_now_and_keeps_its_weekdays(now: datetime) -> None:
    shift = last_full_week(now)
    assert shift % WEEK == timedelta(0)
    assert now - WEEK < YEAR_END + shift <= now


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> data.World:
    """Of another year, to see that everything moves along."""
    made = data.World(tmp_path_factory.mktemp("world"), 671 * WEEK)
    data.build(made)
    return made


@pytest.fixture(scope="module")
def log(world: data.World) -> explanations.ExplanationLog:
    return explanations.explanation_log(world)


def _week(log: explanations.ExplanationLog, start: datetime) -> list[dict[str, Any]]:
    """The records of a week of 2013, written anew."""
    log.write_week(start + log.world.shift)
    (path,) = log.world.explanations.iterdir()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert path.stat().st_mtime == max(map(_time, records)).timestamp()
    path.unlink()
    return records


def _time(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["timestamp"])


def test_the_explanation_log_is_the_same_every_time_and_lies_in_its_week(log: explanations.ExplanationLog) -> None:
    start = INCIDENTS[0].start
    records = _week(log, start)
    assert _week(explanations.explanation_log(log.world), start) == records
    assert start <= min(map(_time, records)) - log.world.shift
    assert max(map(_time, records)) - log.world.shift < start + WEEK


def test_what_the_log_explains_is_what_was_predicted(log: explanations.ExplanationLog) -> None:
    logged = pd.read_parquet(log.world.predictions).set_index("flight_id")["prediction"]
    exact = [one for one in _week(log, YEAR_START) if one.get("source") == "live_treeshap"]
    margin = np.array([one["base_value"] + sum(one["shap_values"].values()) for one in exact])
    assert len(exact) > 500
    assert np.allclose(1 / (1 + np.exp(-margin)), logged.loc[[one["record_id"] for one in exact]], atol=1e-5)


def test_cached_explanations_of_the_retrained_weeks_are_stale_and_no_others(log: explanations.ExplanationLog) -> None:
    retrained = _week(log, INCIDENTS[0].start)
    assert {one["source"] for one in retrained if "served_model_version" in one} == {"cache"}
    assert all("served_model_version" in one for one in retrained if one.get("source") == "cache")
    assert not any("served_model_version" in one for one in _week(log, INCIDENTS[1].start))


def test_the_last_week_has_an_outage_and_one_address_in_a_note(log: explanations.ExplanationLog) -> None:
    records = _week(log, YEAR_END - WEEK)
    start, end = (moment + log.world.shift for moment in OUTAGE)
    away = [one for one in records if start <= _time(one) < end]
    assert len(away) > 20
    assert sum("error" in one for one in away) > 0.7 * len(away)
    assert sum("example.com" in one.get("note", "") for one in records) == 1
    assert sum("error" in one for one in records) < 2 * len(away)


def test_while_the_explainer_is_another_one_the_cache_is_empty_and_answers_are_approximate(
    log: explanations.ExplanationLog,
) -> None:
    sources = Counter(one.get("source") for one in _week(log, INCIDENTS[2].start))
    assert "cache" not in sources
    assert sources["live_approximate"] > 0.95 * sources.total()


def test_a_store_with_other_monitors_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    _register(url, "credit", "late-arrivals")
    with pytest.raises(ConfigError, match=r"credit.*--store URL"):
        run_demo(tmp_path / "demo", serve=False, as_json=True, store=url)
    with Store.open(url) as store:
        assert set(store.monitors()) == {"credit", "late-arrivals"}


def test_a_monitor_that_only_has_the_name_of_the_demo_is_refused_as_well(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    _register(url, "late-arrivals", model="Trains")
    with Store.open(url) as store, pytest.raises(ConfigError, match="not the demo's"):
        replay.empty(store)


@pytest.mark.postgres
def test_what_an_earlier_demo_left_is_deleted_on_postgresql_too(postgres_url: str) -> None:
    _register(postgres_url, "late-arrivals")
    with Store.open(postgres_url) as store:
        replay.empty(store)
        assert store.monitors() == {}


def test_the_password_of_a_store_is_used_and_not_written(tmp_path: Path) -> None:
    url = "postgresql+psycopg://xdrift:very-secret@db.internal/xdrift"
    path = replay.write_config(tmp_path / "demo", 1, url)
    assert "very-secret" not in path.read_text()
    assert "db.internal" in path.read_text()
    assert replay.read_config(path, url).store.url == url


def _register(url: str, *names: str, model: str = replay.MODEL) -> None:
    with Store.open(url) as store:
        store.upgrade()
        for name in names:
            settings = MonitorSettings.model_validate(
                {
                    "name": name,
                    "model_name": model,
                    "owner": "team",
                    "model": {"path": "m.ubj", "version": "1"},
                    "holdout": {"path": "h.parquet"},
                    "predictions": {"path": "p.parquet", "columns": {"time": "time"}},
                    "schedule": {"every": "1w"},
                }
            )
            store.register(settings, cadence="1w", interval_seconds=604800.0, config_digest="d", now=YEAR_START)


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


def test_commands_to_try_work_where_they_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bin" / "xdrift"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    assert story.words_for("bin/xdrift") == "bin/xdrift"
    assert story.words_for("/srv/monitor/__main__.py") == f"{sys.executable} -m monitor"

    monkeypatch.setenv("PATH", str(script.parent))
    assert story.words_for(str(script)) == "xdrift"
    said = story.to_try(tmp_path / "demo" / "xdrift.yaml", "a", story.weeks([_check()]), xdrift="bin/xdrift")
    assert said.count("\n  bin/xdrift ") == 3
