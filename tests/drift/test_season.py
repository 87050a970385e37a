"""A year of history: what this time of year looked like before counts as well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.drift import ViewResult, assess, measure, prepare
from monitor.drift.season import in_season, same_season
from monitor.settings import DriftSettings

Matrix = NDArray[np.float64]
START = datetime(2022, 1, 3, tzinfo=UTC)
NAMES = ["temperature", "hour", "wind"]


def weeks(count: int, rows: int = 40) -> tuple[list[str], Matrix]:
    """Labels and the phase of the year in each row."""
    days = np.repeat(np.arange(count) * 7, rows)
    labels = [(START + timedelta(days=int(day))).strftime("%Y-%m-%d") for day in days]
    return labels, 2 * np.pi * days / 365.25


def test_rows_of_the_same_quarter_in_any_year_are_the_season() -> None:
    labels, _ = weeks(104)
    rows = same_season(labels, datetime(2024, 1, 10, tzinfo=UTC), least=50)
    assert rows is not None
    chosen = {labels[i] for i in np.flatnonzero(rows)}
    assert {label[5:7] for label in chosen} == {"11", "12", "01", "02"}
    assert {label[:4] for label in chosen} == {"2022", "2023"}
    assert 0.2 < rows.mean() < 0.3


@pytest.mark.parametrize(
    ("periods", "least"),
    [
        (None, 50),
        (weeks(40)[0], 50),  # less than a year
        (["north", "south"] * 500, 50),  # no dates
        (weeks(52, rows=3)[0], 50),  # too few rows in the season
    ],
)
def test_there_is_no_season_where_it_cannot_be_told(periods: list[str] | None, least: int) -> None:
    assert same_season(periods, datetime(2024, 1, 10, tzinfo=UTC), least=least) is None


def compared(current: Matrix, at: datetime) -> tuple[ViewResult, ViewResult]:
    """Whole reference of two seasonal years, and with its season; the first feature's attribution follows the year."""
    labels, phase = weeks(104)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(len(labels), 3)) + np.stack([1.2 * np.cos(phase), 0 * phase, 0 * phase], axis=1)
    prepared = prepare(values, NAMES, periods=labels)
    rows = same_season(labels, at, least=50)
    assert rows is not None
    season = prepare(values[rows], NAMES, natural=prepared.natural)
    settings = DriftSettings()
    whole, matched = (
        assess({"traffic": (side, measure(side, current))}, settings)["traffic"] for side in (prepared, season)
    )
    return whole, in_season(whole, matched)


def test_an_extreme_winter_like_the_winters_before_is_no_drift_and_a_summer_in_january_is() -> None:
    january, rng = datetime(2024, 1, 10, tzinfo=UTC), np.random.default_rng(1)
    winter, summer = rng.normal(size=(400, 3)), rng.normal(size=(400, 3))
    winter[:, 0] += 1.7
    summer[:, 0] -= 2.8
    whole, settled = compared(winter, january)
    assert (whole.level, settled.level) == (1, 0)
    assert "which lowered 1 features" in settled.note
    whole, settled = compared(summer, january)
    assert (whole.level, settled.level) == (2, 2)


def test_the_season_never_raises_what_the_whole_reference_finds_quiet() -> None:
    january, rng = datetime(2024, 1, 10, tzinfo=UTC), np.random.default_rng(1)
    autumn = rng.normal(size=(400, 3))
    whole, settled = compared(autumn, january)
    assert settled.level == whole.level == 0
