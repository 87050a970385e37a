"""Draws from real files and databases: exact, uniform, reproducible, the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitor.errors import DataError
from monitor.settings import PredictionSettings, SampleSettings
from monitor.sources import draw_sample, ranks, sampling, slot_seed, sql, sql_sampling
from monitor.sources.sampling import Drawn, Request
from monitor.types import Sample, Window
from tests.sources.conftest import COLUMNS, FEATURES, WINDOW, store, write_table

DRAW = SampleSettings(rows=150, min_rows=10, priority_rows=10, batch_rows=400)
Stored = Callable[[str], PredictionSettings]


def drawn(
    source: PredictionSettings, *, seed: int = 11, draw: SampleSettings = DRAW, window: Window = WINDOW
) -> Sample:
    return draw_sample(source, window, features=FEATURES, sample=draw, seed=seed)


def content(sample: Sample) -> tuple[object, ...]:
    """Everything that must agree between sources."""
    rows = sample.rows.astype({"age": float})
    assert sample.predictions is not None
    assert sample.labels is not None
    return (
        sample.row_ids, sample.times.tolist(), sample.n_seen, sample.newest_at, sample.model_versions, sample.segments,
        sample.predictions.tolist(), sample.labels.tolist(), sample.priority_ids, rows.fillna(-99).to_dict("list"),
    )  # fmt: skip


def without_id(source: PredictionSettings) -> PredictionSettings:
    return source.model_copy(update={"columns": COLUMNS.model_copy(update={"id": None})})


def expected(log: pd.DataFrame, n: int, seed: int) -> list[str]:
    """The definition, word for word: smallest md5 ranks of the rows in [start, end), ordered by (time, id)."""
    import hashlib

    inside = log[(log["timestamp"] >= WINDOW.start) & (log["timestamp"] < WINDOW.end)]
    ranks = [hashlib.md5(f"{seed}:{key}".encode()).digest()[:8] for key in inside["id"]]
    best = inside.assign(rank=ranks).sort_values("rank").head(n).sort_values(["timestamp", "id"])
    return list(best["id"])


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_a_sample_is_the_rows_of_smallest_md5_rank_in_the_half_open_window(
    stored: Stored, log: pd.DataFrame, kind: str
) -> None:
    sample = drawn(stored(kind))
    assert list(sample.row_ids) == expected(log, 150, 11)
    assert sample.n_seen == ((log["timestamp"] >= WINDOW.start) & (log["timestamp"] < WINDOW.end)).sum()


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_every_source_of_the_same_rows_gives_the_same_sample(stored: Stored, kind: str) -> None:
    assert content(drawn(stored(kind))) == content(drawn(stored("parquet")))


@pytest.mark.postgres
def test_postgres_draws_the_same_sample_as_a_file(
    stored: Stored, log: pd.DataFrame, postgres_url: str, tmp_path: Path
) -> None:
    source = store(log, "postgres", tmp_path, postgres_url)
    assert content(drawn(source)) == content(drawn(stored("parquet")))


@pytest.mark.postgres
def test_postgres_draws_the_same_rows_by_position_as_a_file(
    log: pd.DataFrame, postgres_url: str, tmp_path: Path
) -> None:
    distinct = log.drop_duplicates("timestamp")
    in_database = drawn(without_id(store(distinct, "postgres", tmp_path, postgres_url)))
    in_file = drawn(without_id(store(distinct, "parquet", tmp_path)))
    assert content(in_database) == content(in_file)


@pytest.mark.postgres
def test_a_query_on_postgres_with_percent_colons_and_a_final_comment_is_read(
    log: pd.DataFrame, postgres_url: str, tmp_path: Path
) -> None:
    source = store(log, "postgres", tmp_path, postgres_url)
    query = "SELECT *, ':x' || 'a%b' AS odd FROM log WHERE kind LIKE '%o%' AND age::int > 0; -- not f;at"
    sample = drawn(PredictionSettings(url=postgres_url, query=query, columns=source.columns))
    inside = (log["timestamp"] >= WINDOW.start) & (log["timestamp"] < WINDOW.end) & log["kind"].isin(["house", "boat"])
    assert sample.n_seen == inside.sum()


@pytest.mark.postgres
def test_naive_postgres_timestamps_are_cut_in_their_own_zone(
    log: pd.DataFrame, postgres_url: str, tmp_path: Path
) -> None:
    berlin = log["timestamp"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    source = store(log.assign(timestamp=berlin), "postgres", tmp_path, postgres_url)
    with pytest.raises(DataError, match="without a zone"):
        drawn(source)
    zoned = source.model_copy(update={"timezone": "Europe/Berlin"})
    assert content(drawn(zoned)) == content(drawn(store(log, "parquet", tmp_path)))


@pytest.mark.parametrize("by_id", [True, False])
def test_sqlite_draws_inside_itself_what_streaming_would_draw(log: pd.DataFrame, tmp_path: Path, by_id: bool) -> None:
    source = store(log, "sqlite", tmp_path)
    request = Request(
        window=WINDOW, zone=None, time="timestamp", id="id" if by_id else None, priority="flag",
        wanted=("income", "kind"), rows=150, priority_rows=10, batch_rows=400, seed=3,
    )  # fmt: skip

    def run(draw: Callable[..., tuple[Drawn, Drawn, sampling.Seen]]) -> tuple[object, ...]:
        with sql.reading(str(source.url), "predictions") as connection:
            rows = sql.relation(connection, table="log", query=None, what="predictions")
            sample, priority, seen = draw(connection, rows, request, "2024-01-01T00:00:00+00:00")
        return sample.keys, sample.times.tolist(), list(sample.frame["kind"]), priority.keys, seen

    assert run(sql_sampling.draw_pushed) == run(sql_sampling.draw_streamed)


def in_batches(log: pd.DataFrame, batch_rows: int) -> sampling.Scan:
    def scan(columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        for first in range(0, len(log), batch_rows):
            yield log.iloc[first : first + batch_rows][list(columns)]

    return scan


REQUEST = Request(
    window=WINDOW, zone=None, time="timestamp", id="id", priority="flag", wanted=("income",),
    rows=40, priority_rows=5, batch_rows=100, seed=5,
)  # fmt: skip


@given(batch_rows=st.integers(10, 300), shuffle=st.integers(0, 2**32 - 1), n=st.integers(1, 300))
@settings(max_examples=15, deadline=None)
def test_neither_batch_size_nor_row_order_changes_a_sample(
    log: pd.DataFrame, batch_rows: int, shuffle: int, n: int
) -> None:
    part, request = log.iloc[:200], replace(REQUEST, rows=n)
    straight = sampling.draw(in_batches(part, 200), request)
    other = part.sample(frac=1, random_state=shuffle)
    mixed = sampling.draw(in_batches(other, batch_rows), request)
    assert mixed[2] == straight[2]
    for one, two in zip(mixed[:2], straight[:2], strict=True):
        assert one.keys == two.keys
        assert one.frame["income"].fillna(0).tolist() == two.frame["income"].fillna(0).tolist()


@given(batch_rows=st.integers(10, 300), shuffle=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_without_an_id_distinct_times_make_a_sample_independent_of_batches_and_order(
    log: pd.DataFrame, batch_rows: int, shuffle: int
) -> None:
    part, request = log.iloc[:200], replace(REQUEST, id=None, batch_rows=batch_rows)
    straight = sampling.draw(in_batches(part, 200), REQUEST_BY_POSITION)
    mixed = sampling.draw(in_batches(part.sample(frac=1, random_state=shuffle), batch_rows), request)
    assert [one.keys for one in mixed[:2]] == [one.keys for one in straight[:2]]
    assert mixed[0].times.tolist() == straight[0].times.tolist()


REQUEST_BY_POSITION = replace(REQUEST, id=None)


@given(n_rows=st.integers(0, 60), n=st.integers(10, 80), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_a_sample_has_exactly_as_many_rows_as_asked_or_all_there_are(
    log: pd.DataFrame, n_rows: int, n: int, seed: int
) -> None:
    part = log.iloc[:n_rows]
    sample, _, seen = sampling.draw(in_batches(part, 7), replace(REQUEST, rows=n, seed=seed))
    assert seen.n == ((part["timestamp"] >= WINDOW.start) & (part["timestamp"] < WINDOW.end)).sum()
    assert len(sample.keys) == len(set(sample.keys)) == min(n, seen.n)


@pytest.mark.parametrize("by_id", [True, False])
def test_every_row_is_drawn_equally_often_over_many_seeds(by_id: bool) -> None:
    n, k, rounds = 200, 20, 2000
    keys = [f"row-{number}" if by_id else str(number) for number in range(n)]
    counts = np.zeros(n)
    seeds = np.random.default_rng(4).integers(0, 2**63, rounds)
    for seed in seeds:
        counts[np.argpartition(ranks.rank(int(seed), keys), k)[:k]] += 1
    # Draws without replacement vary less than a multinomial: the factor (n - 1) / (n - k) makes it chi-square again.
    statistic = float(((counts - rounds * k / n) ** 2).sum() / (rounds * k / n)) * (n - 1) / (n - k)
    assert 0.001 < stats.chi2.sf(statistic, n - 1) < 0.999


def test_pairs_of_rows_are_drawn_together_as_often_as_chance_says() -> None:
    keys = [str(number) for number in range(20)]
    together = 0
    for seed in np.random.default_rng(6).integers(0, 2**63, 4000):
        order = ranks.rank(int(seed), keys)
        together += int(order[0] in np.sort(order)[:5] and order[1] in np.sort(order)[:5])
    assert stats.binomtest(together, 4000, 5 * 4 / (20 * 19)).pvalue > 0.001


def test_ranks_are_those_a_database_computes() -> None:
    assert [f"{int(one):016x}" for one in ranks.rank(9, ["a", "süd"])] == [
        ranks.rank_text(9, "a"), ranks.rank_text(9, "süd"),
    ]  # fmt: skip
    assert ranks.rank_text(9, "a") == "85d49b2592291a2d"


def test_other_seeds_draw_other_rows(stored: Stored) -> None:
    source = stored("parquet")
    assert set(drawn(source, seed=1).row_ids) != set(drawn(source, seed=2).row_ids)


def test_slot_seed_depends_on_monitor_and_instant_only() -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    same = at.astimezone(tz=None)
    assert slot_seed("credit", at) == slot_seed("credit", same)
    assert len({slot_seed("credit", at), slot_seed("loans", at), slot_seed("credit", at + timedelta(hours=1))}) == 3
    assert 0 <= slot_seed("credit", at) < 2**63


def test_priority_rows_are_flagged_ones_and_do_not_displace_the_sample(stored: Stored, log: pd.DataFrame) -> None:
    source = stored("sqlite")
    sample = drawn(source)
    flagged = set(log.loc[log["flag"], "id"])
    assert len(sample.priority_ids) == 10
    assert set(sample.priority_ids) <= flagged
    assert sample.priority_rows is not None
    assert len(sample.priority_rows) == 10
    assert sample.row_ids == drawn(source, draw=DRAW.model_copy(update={"priority_rows": 0})).row_ids


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_an_empty_window_is_a_sample_of_no_rows(stored: Stored, kind: str) -> None:
    later = Window(start=datetime(2030, 1, 1, tzinfo=UTC), end=datetime(2030, 1, 2, tzinfo=UTC))
    sample = drawn(stored(kind), window=later)
    assert (sample.n, sample.n_seen, len(sample.rows), tuple(sample.rows.columns)) == (0, 0, 0, FEATURES)
    assert sample.newest_at is None


NEWEST = WINDOW.end - timedelta(microseconds=1)
"""Of the rows of the log in the window: it has one there."""


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_the_newest_time_is_that_of_all_rows_of_the_window_not_of_those_drawn(
    log: pd.DataFrame, tmp_path: Path, kind: str, by_id: bool, request: pytest.FixtureRequest
) -> None:
    source = store(log, kind, tmp_path, request.getfixturevalue("postgres_url") if kind == "postgres" else None)
    sample = drawn(source if by_id else without_id(source))
    assert sample.newest_at == NEWEST
    assert sample.times.max() < np.datetime64(NEWEST.replace(tzinfo=None))


@pytest.mark.postgres
def test_the_newest_of_naive_times_is_read_in_their_zone(log: pd.DataFrame, tmp_path: Path, postgres_url: str) -> None:
    berlin = log["timestamp"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    source = store(log.assign(timestamp=berlin), "postgres", tmp_path, postgres_url)
    assert drawn(source.model_copy(update={"timezone": "Europe/Berlin"})).newest_at == NEWEST


@pytest.mark.parametrize(("newest", "sorts_last"), [
    ("2024-01-09T11:00:00-14:00", "2024-01-10T00:30:00+00:00"),  # written as of the day before
    ("2024-01-10 02:00:00+00:00", "2024-01-10T01:00:00+00:00"),  # a blank sorts before T
])  # fmt: skip
def test_the_newest_of_texts_is_not_the_one_that_sorts_last(
    log: pd.DataFrame, tmp_path: Path, newest: str, sorts_last: str
) -> None:
    part = log.iloc[10:210].copy()
    part["timestamp"] = [newest, sorts_last, *(f"2024-01-{day:02}T09:00:00Z" for day in np.arange(198) % 7 + 3)]
    write_table(part, f"sqlite:///{tmp_path / 'mixed.db'}")
    sample = drawn(PredictionSettings(url=f"sqlite:///{tmp_path / 'mixed.db'}", table="log", columns=COLUMNS))
    assert sample.newest_at == datetime.fromisoformat(newest)
    assert datetime.fromisoformat(newest) > datetime.fromisoformat(sorts_last)
    assert newest < sorts_last


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_a_source_without_any_row_is_a_sample_of_no_rows(log: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    sample = drawn(store(log.iloc[:0], kind, tmp_path))
    assert (sample.n_seen, sample.newest_at) == (0, None)


def test_a_repeated_id_is_numbered_and_noted(log: pd.DataFrame, tmp_path: Path) -> None:
    ids = log["id"].copy()
    order = log.index[(log["timestamp"] >= WINDOW.start) & (log["timestamp"] < WINDOW.end)]
    chosen = drawn(store(log, "parquet", tmp_path)).row_ids[0]
    other = next(
        row for row in order if ids[row] != chosen and ids[row] not in drawn(store(log, "parquet", tmp_path)).row_ids
    )
    ids[other] = chosen
    for kind in ("parquet", "sqlite"):
        sample = drawn(store(log.assign(id=ids), kind, tmp_path))
        assert {chosen, f"{chosen}#2"} <= set(sample.row_ids)
        assert any("not unique" in note for note in sample.notes)


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_an_id_column_that_is_no_id_is_refused(log: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    source = store(log.assign(id=log["region"]), kind, tmp_path)
    with pytest.raises(DataError, match=r"id column id is not unique.*unique id in every row"):
        drawn(source)


def test_rows_of_one_id_are_refused_before_they_fill_the_memory(log: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="not unique; seen: more than 1090 rows for 1 ids"):
        sampling.draw(in_batches(log.assign(id="same"), 100), REQUEST)


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_missing_ids_are_refused_not_skipped(log: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    inside = log.index[(log["timestamp"] >= WINDOW.start) & (log["timestamp"] < WINDOW.end)][0]
    source = store(log.assign(id=log["id"].where(log.index != inside)), kind, tmp_path)
    with pytest.raises(DataError, match="missing values"):
        drawn(source)


def test_sqlite_memory_holds_the_sample_not_the_table(log: pd.DataFrame, tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    big = pd.concat([log] * 12, ignore_index=True)
    big["id"] = [f"p{number}" for number in range(len(big))]
    big["wide"] = "x" * 3000
    source = store(big, "sqlite", tmp_path)
    drawn(source)
    before = psutil.Process().memory_info().rss
    sample = draw_sample(source, WINDOW, features=("income", "wide"), sample=DRAW, seed=1)
    assert sample.n_seen > 15_000
    assert psutil.Process().memory_info().rss - before < 20_000_000  # the window alone is over 45 MB


def test_a_table_with_an_index_on_text_times_is_searched_through_it(log: pd.DataFrame, tmp_path: Path) -> None:
    source = store(log, "sqlite", tmp_path)
    engine = sa.create_engine(str(source.url))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX log_time ON log (timestamp)")
    with sql.reading(str(source.url), "predictions") as connection:
        rows = sql.relation(connection, table="log", query=None, what="predictions")
        condition = sql_sampling._condition(rows, REQUEST, "2024-01-01T00:00:00+00:00")
        statement = sa.select(sa.func.count()).select_from(rows).where(condition)
        text = str(statement.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True}))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    engine.dispose()
    assert "log_time" in str(plan)


def test_times_of_any_iso_form_and_offset_are_one_window(log: pd.DataFrame, tmp_path: Path) -> None:
    forms = [
        lambda one: one.isoformat(),
        lambda one: one.tz_convert("Asia/Kathmandu").isoformat(),
        lambda one: one.isoformat(sep=" ").replace("+00:00", "Z"),
        lambda one: one.tz_convert("America/St_Johns").isoformat(sep=" "),
    ]
    mixed = log.assign(timestamp=[forms[row % 4](one) for row, one in enumerate(log["timestamp"])])
    write_table(mixed, f"sqlite:///{tmp_path / 'mixed.db'}")
    sample = drawn(PredictionSettings(url=f"sqlite:///{tmp_path / 'mixed.db'}", table="log", columns=COLUMNS))
    assert content(sample) == content(drawn(store(log, "parquet", tmp_path)))
