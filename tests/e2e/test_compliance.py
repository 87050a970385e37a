"""The compliance report of a store that real runs filled: every figure worked out again from the rows by other means.

Logs are read again as JSON, checks as SQL; nothing of monitor.reports or monitor.store.reporting helps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine

from monitor.log import Log
from monitor.names import LATENCY_BUCKETS
from monitor.notify import Announcer
from monitor.pipeline import create_reference
from monitor.reports.compliance_model import ComplianceReport, MonitorCompliance
from monitor.reports.limits import unlogged
from monitor.reports.make import make_compliance
from monitor.reports.weeks import Period
from monitor.runner import register, run_slot
from monitor.runner.poll import Poller
from monitor.settings import Settings
from monitor.store import Store
from tests.e2e.world import START, WEEK, World, build, slot

FIRST, LAST = slot(0) - WEEK, slot(4)
"""The period: the four weeks of traffic. The check of the first week is planned inside, that of the last at its end."""
NOW = LAST + timedelta(days=10)
SCALED = (slot(1) - WEEK, slot(2))
"""Two weeks in which debt comes in another unit."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Filled:
    settings: Settings
    store: Store
    log: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    report: ComplianceReport
    monitor: MonitorCompliance
    document: dict[str, object]


def write_log(path: Path) -> None:
    """Four weeks of serving, with an outage on one day, a silent day, two versions and a leak."""
    rng = np.random.default_rng(11)
    log = Log(path, strict=True, max_bytes=None)
    silent = FIRST + 9 * DAY
    for number in range(900):
        at = FIRST + number * (LAST - FIRST) / 900
        name, version = f"p{number}", "1" if number < 500 else "2"
        verdict = "deny" if rng.random() < 0.3 else "grant"
        if silent <= at < silent + DAY:
            continue
        if FIRST + 15 * DAY <= at < FIRST + 16 * DAY:
            log.failed(name, f"TimeoutError{number}", predicted_class=verdict, model_version=version, time=at)
        elif number % 20 == 3:
            log.unexplained(name, "disabled", predicted_class=verdict, model_version=version, time=at)
        else:
            source = ("cache", "live_treeshap", "live_treeshap", "fallback")[number % 4]
            latency = float(rng.choice([0.004, 0.02, 0.06, 0.15, 0.4, 3.0]))
            text = {"comment": "call jane@example.com"} if number % 200 == 7 else {}
            log.explained(name, {"income": 0.5}, latency=latency, source=source, predicted_class=verdict,
                          model_version=version, time=at, **text)  # type: ignore[arg-type]  # fmt: skip
    # Outside the period on either side: never counted.
    log.explained("before", {"income": 1.0}, time=FIRST - timedelta(seconds=1), predicted_class="deny", latency=9.0)
    log.explained("after", {"income": 1.0}, time=LAST, predicted_class="deny", latency=9.0)


def at(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands, and can be sent to another process."""
    return partial(datetime.fromisoformat, moment.isoformat())


def fill(world: World, store: Store, settings: Settings) -> None:
    """What daemons do: register, reference, checks with a failing one, messages, maintenance, the log."""
    monitor = settings.monitors[0]
    store.upgrade()
    register(settings, store, FIRST - WEEK)
    create_reference(monitor, store, author="ada", reason="launch", now=FIRST - 2 * DAY)
    store.announce = Announcer.of(settings)
    path = world.directory / "traffic.parquet"
    rows = pd.read_parquet(path)
    for week in range(4):
        changed = rows.copy()
        if SCALED[0] <= slot(week) - WEEK < SCALED[1]:
            changed["income"] *= 40
        changed.to_parquet(path)
        assert run_slot(settings, monitor.name, slot(week), store, clock=at(slot(week))).check
        if week == 1:
            store.start_maintenance(
                monitor.name, until=slot(1) + 2 * DAY, author="bob", reason="CHG-7", now=slot(1) + DAY
            )
    path.rename(path.with_suffix(".away"))
    failed = run_slot(settings, monitor.name, slot(3) + WEEK - DAY, store, clock=at(slot(3) + WEEK - DAY))
    assert failed.check is not None
    assert failed.check.outcome == "failed"
    store.skip(monitor.name, slot(3) + timedelta(hours=1), "misfire", slot(3) + DAY)
    (message,) = store.messages_due("chat", NOW)[:1]
    store.message_sent(message, NOW)
    Poller(monitor, store, clock=lambda: NOW).poll()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("compliance")
    world = build(
        "xgboost", "binary", folder, weeks=4, weekly_rows=150, holdout_rows=300,
        telemetry={"path": str(folder / "log.jsonl"), "adverse_classes": ["deny"], "price_per_hour": 3.6},
    )  # fmt: skip
    write_log(folder / "log.jsonl")
    url = f"sqlite:///{folder / 'store.db'}"
    settings = Settings(
        store={"url": url},
        monitors=[world.monitor],
        channels=[{"name": "chat", "url": "http://127.0.0.1:1/"}],  # type: ignore[arg-type]
    )
    with Store.open(url) as store:
        fill(world, store, settings)
        wanted = Period(FIRST, LAST, "four-weeks")
        report, files = make_compliance(settings, store, period=wanted, now=NOW, directory=folder / "reports")
        names = (
            "checks", "telemetry_days", "privacy_incidents", "slots", "outbox", "attributions", "model_deployments",
            "reference_activations", "maintenances", "unexplained", "explanation_errors",
        )  # fmt: skip
        engine = create_engine(url)
        tables = {name: pd.read_sql(f"SELECT * FROM {name}", engine) for name in names}
        engine.dispose()
        lines = (folder / "log.jsonl").read_text().splitlines()
        log = pd.json_normalize([json.loads(line) for line in lines], max_level=0)
        log["at"] = pd.to_datetime(log["timestamp"], utc=True, format="ISO8601")
        (document,) = [json.loads(path.read_text()) for path in files if path.suffix == ".json"]
        yield Filled(settings, store, log, tables, report, report.monitors[0], document)


@pytest.fixture
def records(filled: Filled) -> pd.DataFrame:
    """Records of the log in the period."""
    return filled.log[(filled.log["at"] >= FIRST) & (filled.log["at"] < LAST)]


def in_period(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    moments = pd.to_datetime(rows[column], utc=True, format="ISO8601")
    return rows[(moments >= FIRST) & (moments < LAST)]


def test_predictions_and_adverse_ones_are_those_of_the_log(filled: Filled, records: pd.DataFrame) -> None:
    log = filled.monitor.log
    assert log is not None

    assert log.predictions == len(records) > 800
    assert log.adverse == int((records["predicted_class"] == "deny").sum()) > 200
    by_version = records.groupby("model_version")["predicted_class"].agg(["size", lambda c: int((c == "deny").sum())])
    assert {one.model_version: (one.predictions, one.adverse) for one in log.versions} == {
        version: tuple(row) for version, *row in by_version.itertuples()
    }
    assert filled.report.totals["predictions"] == len(records)


def test_coverage_failures_sources_and_cost_are_those_of_the_log(filled: Filled, records: pd.DataFrame) -> None:
    log = filled.monitor.log
    assert log is not None
    explained = records[records["shap_values"].notna()]
    failed = records[records["error"].notna()]

    assert (log.explained, log.failed) == (len(explained), len(failed))
    assert log.coverage == pytest.approx(len(explained) / len(records))
    assert log.attempts == len(explained) + len(failed)
    assert log.failed_share == pytest.approx(len(failed) / (len(explained) + len(failed)))
    assert dict(log.sources) == explained["source"].value_counts().to_dict()
    assert log.cache_share == pytest.approx((explained["source"] == "cache").mean())
    assert log.fallback_share == pytest.approx((explained["source"] == "fallback").mean())
    computed = explained[explained["source"] != "cache"]  # what comes from the cache is not computed again
    seconds = computed["explanation_latency_ms"].sum() / 1000
    assert log.cost == pytest.approx(seconds / 3600 * 3.6, rel=1e-6)
    assert log.slow == int((explained["explanation_latency_ms"] > 200).sum())


@pytest.mark.parametrize(("name", "share"), [("p50", 0.5), ("p99", 0.99)])
def test_percentiles_hold_the_true_value_and_are_interpolated_as_said(
    filled: Filled, records: pd.DataFrame, name: str, share: float
) -> None:
    log = filled.monitor.log
    assert log is not None
    latencies = np.sort(records["explanation_latency_ms"].dropna().to_numpy()) / 1000
    found = getattr(log, name)

    true = latencies[int(np.ceil(share * len(latencies))) - 1]
    edges = np.array([0.0, *LATENCY_BUCKETS, np.inf])
    counts = np.array([((latencies > a) & (latencies <= b)).sum() for a, b in pairwise(edges)])
    assert list(log.histogram) == counts.tolist()
    assert found.low < true <= found.high
    place = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
    below = counts[:place].sum()
    part = (share * counts.sum() - below) / counts[place]
    assert found.estimate == pytest.approx(edges[place] + (edges[place + 1] - edges[place]) * part)


def test_days_without_a_record_and_days_below_the_objectives_are_named(filled: Filled, records: pd.DataFrame) -> None:
    log = filled.monitor.log
    assert log is not None
    days = records.assign(day=records["at"].dt.floor("D"), ok=records["shap_values"].notna()).groupby("day")
    found = days.agg(predictions=("ok", "size"), explained=("ok", "sum"), failed=("error", "count"))

    assert log.days == len(found)
    silent = set(pd.date_range(FIRST, LAST - DAY)) - set(found.index)
    assert len(silent) == 1
    assert any(f"{day:%Y-%m-%d}" in limit for day in silent for limit in filled.monitor.limits)
    attempts = found["explained"] + found["failed"]
    bad = found[(found["explained"] / found["predictions"] < 0.95) | (found["failed"] / attempts > 0.01)]
    assert log.bad_day_count == len(bad)
    assert {one.day for one in log.bad_days} <= {day.to_pydatetime() for day in bad.index}
    worst = log.bad_days[0]
    assert worst.day == FIRST + 15 * DAY
    assert (worst.predictions, worst.failed) == (found.loc[worst.day, "predictions"], found.loc[worst.day, "failed"])


def test_personal_data_is_counted_by_kind_and_field(filled: Filled, records: pd.DataFrame) -> None:
    leaked = records[records["comment"].notna()]
    (one,) = filled.monitor.privacy

    assert (one.kind, one.field, one.n) == ("email", "comment", len(leaked))
    assert (one.first_seen, one.last_seen) == (leaked["at"].min(), leaked["at"].max())
    rows = in_period(filled.tables["privacy_incidents"], "day")
    assert one.n == rows["n"].sum()


def test_checks_are_those_planned_in_the_period(filled: Filled) -> None:
    rows = in_period(filled.tables["checks"], "planned_at")
    planned = rows[rows["confirms"].isna()]
    found = filled.monitor.checks

    assert found.run == len(planned) == 5
    assert found.judged == int((planned["outcome"] == "succeeded").sum()) == 4
    assert dict(found.failed) == planned[planned["outcome"] == "failed"]["reason"].value_counts().to_dict()
    assert dict(found.unknown) == {}
    assert found.confirming == int(rows["confirms"].notna().sum())
    assert dict(found.verdicts) == planned["verdict"].value_counts().to_dict()
    assert found.rows_explained == int(rows["n_explained"].sum())
    skipped = in_period(filled.tables["slots"], "planned_at").query("state == 'skipped'")
    assert dict(found.skipped) == skipped["reason"].value_counts().to_dict() == {"misfire": 1}


def test_severe_episodes_are_the_traffic_that_severe_checks_looked_at_with_their_slots_beside_it(
    filled: Filled,
) -> None:
    rows = filled.tables["checks"].query("outcome == 'succeeded'").sort_values("planned_at")
    moments = {name: pd.to_datetime(rows[name], utc=True) for name in ("planned_at", "window_start", "window_end")}
    inside = (moments["window_end"] > FIRST) & (moments["window_start"] < LAST)
    rows = rows[inside]
    times, starts, ends = (
        moments[name][inside].dt.to_pydatetime().tolist() for name in ("planned_at", "window_start", "window_end")
    )
    levels = rows["level"].tolist()
    first = levels.index(2)
    last = next(place for place in range(first, len(levels)) if levels[place] < 2)

    (one,) = filled.monitor.severe

    assert (one.traffic.start, one.traffic.end) == (starts[first], ends[last - 1]) == SCALED
    assert (one.since, one.until) == (times[first], times[last])
    assert one.seconds_in_period == (ends[last - 1] - starts[first]).total_seconds()
    assert one.checks == last - first == 2
    assert one.confirmed_by == "the next slot"
    assert list(one.causes) == rows["verdict"].tolist()[first : first + 1]
    raised = [start for start, level in zip(starts, levels, strict=True) if level]
    assert raised[0] == filled.monitor.differed[0].traffic.start
    (shown,) = filled.document["monitors"]  # type: ignore[misc]
    assert shown["severe"][0]["traffic"]["start"].startswith(f"{SCALED[0]:%Y-%m-%d}")


def test_episodes_belong_to_the_period_of_their_traffic(filled: Filled, tmp_path: Path) -> None:
    def severe(start: datetime, end: datetime) -> list[tuple[datetime, float]]:
        period = Period(start, end, "x")
        report, _ = make_compliance(
            filled.settings, filled.store, period=period, now=NOW, directory=tmp_path, formats=()
        )
        return [(one.traffic.start, one.seconds_in_period) for one in report.monitors[0].severe]

    week = WEEK.total_seconds()
    assert severe(FIRST, SCALED[0]) == []
    assert severe(FIRST, SCALED[0] + WEEK) == [(SCALED[0], week)]  # its slot comes as the period ends
    assert severe(SCALED[0] + WEEK, LAST) == [(SCALED[0], week)]
    assert severe(SCALED[1], LAST) == []  # the slot of its second week comes as this one begins


def test_predictions_of_the_log_stand_beside_those_of_the_source(filled: Filled) -> None:
    rows = filled.tables["checks"].query("outcome != 'failed'")
    ends = pd.to_datetime(rows["window_end"], utc=True)
    counted = rows[(pd.to_datetime(rows["window_start"], utc=True) >= FIRST) & (ends <= LAST) & rows["confirms"].isna()]

    assert filled.monitor.source_rows == counted["n_seen"].sum() > 0
    log = filled.monitor.log
    assert log is not None
    (shown,) = filled.document["monitors"]  # type: ignore[misc]
    values = {line["what"]: line["value"] for line in shown["figures"]}
    part = f" of at least {filled.monitor.source_rows:,} in the prediction source"
    more = filled.monitor.source_rows >= log.predictions
    assert values["Predictions in the explanation log"] == f"{log.predictions:,}{part if more else ''}"


def test_a_log_of_fewer_predictions_than_the_source_is_said(filled: Filled) -> None:
    log = filled.monitor.log
    assert log is not None

    (said,) = unlogged(log, 2 * log.predictions)

    assert f"{log.predictions:,} predictions, the prediction source at least {2 * log.predictions:,}" in said
    assert unlogged(log, log.predictions) == ()
    assert "is not known" in unlogged(log, None)[0]


def test_versions_references_maintenance_messages_and_rows_are_those_on_record(filled: Filled) -> None:
    tables, one = filled.tables, filled.monitor

    deployed = tables["model_deployments"].sort_values("activated_at")
    assert [(each.name, each.digest) for each in one.versions] == list(
        zip(deployed["version"], deployed["digest"], strict=True)
    )
    activated = tables["reference_activations"].sort_values("position")
    assert [(each.name, each.author, each.reason) for each in one.references] == list(
        zip(activated["reference_id"], activated["author"], activated["reason"], strict=True)
    )
    assert one.references[0].since == FIRST - 2 * DAY  # in force when the period began
    (declared,) = one.maintenances
    assert (declared.author, declared.reason, declared.end) == ("bob", "CHG-7", slot(1) + 2 * DAY)
    outbox = in_period(tables["outbox"], "created_at")
    sent, given_up = outbox["sent_at"].notna().sum(), outbox["given_up"].astype(bool).sum()
    assert (one.messages.written, one.messages.delivered) == (len(outbox), sent)
    assert one.messages.given_up + one.messages.withheld == given_up
    assert one.messages.waiting == len(outbox) - sent - given_up
    kept = tables["attributions"].merge(in_period(tables["checks"], "planned_at"), left_on="check_id", right_on="id")
    assert one.rows_kept == len(kept)
    digests = in_period(tables["checks"], "planned_at")["explainer_digest"].dropna().value_counts()
    assert {each.digest: each.checks for each in one.explainers} == digests.to_dict()


def test_reasons_are_those_of_the_log(filled: Filled, records: pd.DataFrame) -> None:
    log = filled.monitor.log
    assert log is not None

    unexplained = records[records["shap_values"].isna()]
    assert sum(one.n for one in log.unexplained) == len(unexplained)
    assert sum(one.n for one in log.errors) == int(records["error"].notna().sum())
    assert {one.word for one in log.errors} == {"timeout"}


def test_every_figure_names_the_table_it_comes_from_and_the_files_say_the_same(filled: Filled) -> None:
    (shown,) = filled.document["monitors"]  # type: ignore[misc]

    known = {*filled.tables, "telemetry_days"}
    assert all(line["source"].split(".")[0].split(",")[0] in known for line in shown["figures"])
    values = {line["what"]: line["value"] for line in shown["figures"]}
    assert filled.monitor.log is not None
    assert values["Predictions in the explanation log"].startswith(f"{filled.monitor.log.predictions:,}")
    assert values["Severe episodes"].startswith("1, 2 w")
    assert "linear within the bucket" in str(filled.document["percentiles"])


def test_what_retention_deleted_is_said_and_never_silently_low(filled: Filled, tmp_path: Path) -> None:
    short = {"rows": "1d", "checks": "20d", "telemetry": "15d"}
    settings = filled.settings.model_copy(
        update={"store": filled.settings.store.model_validate({"url": filled.settings.store.url, "retention": short})}
    )

    report, _ = make_compliance(
        settings, filled.store, period=Period(FIRST, LAST, "x"), now=NOW, directory=tmp_path, formats=("json",)
    )

    said = " ".join(report.monitors[0].limits)
    assert f"before {NOW - 20 * DAY:%Y-%m-%d} are deleted: all figures of that time are missing" in said
    assert f"before {NOW - 15 * DAY:%Y-%m-%d} are deleted: the reasons listed here" in said
    assert "single explained predictions" in said
    assert not any("retention.checks" in limit for limit in filled.monitor.limits)


def test_a_period_that_is_not_over_and_a_monitor_that_came_later_are_said(filled: Filled, tmp_path: Path) -> None:
    early = Period(FIRST - 60 * DAY, NOW + 30 * DAY, "x")

    report, _ = make_compliance(
        filled.settings, filled.store, period=early, now=NOW, directory=tmp_path, formats=("html",)
    )

    said = " ".join(report.monitors[0].limits)
    assert f"The period is not over: figures are up to {NOW:%Y-%m-%d %H:%M} UTC." in said
    assert f"The monitor is registered since {FIRST - WEEK:%Y-%m-%d}" in said


def test_bounds_are_half_open(filled: Filled, tmp_path: Path) -> None:
    """The check at slot(0) lies at the end of one period and at the start of the next; so does a record at midnight."""

    def of(start: datetime, end: datetime) -> MonitorCompliance:
        report, _ = make_compliance(
            filled.settings, filled.store, period=Period(start, end, "x"), now=NOW, directory=tmp_path, formats=()
        )
        return report.monitors[0]

    before, after, both = of(FIRST, slot(0)), of(slot(0), LAST), of(FIRST, LAST)

    assert before.checks.run == 0
    assert before.checks.run + after.checks.run == both.checks.run
    assert before.log is not None
    assert after.log is not None
    assert both.log is not None
    assert before.log.predictions + after.log.predictions == both.log.predictions
    assert START.tzinfo is UTC
