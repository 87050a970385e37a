"""No value of a column that is kept back, and no personal data, is anywhere afterwards: all is looked through."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from monitor.cli import main
from monitor.grafana.annotations import annotation
from monitor.log import Log
from monitor.notify.message import TITLES, Announcer, body
from monitor.pipeline import create_reference, perform
from monitor.publish.app import create_app
from monitor.publish.health import Health
from monitor.publish.metrics import Metrics
from monitor.publish.snapshot import SnapshotHolder
from monitor.runner import register, run_slot
from monitor.runner.poll import Poller
from monitor.settings import MonitorSettings, ServerSettings, Settings
from monitor.store import Store
from monitor.types import Check, News, Window
from tests.e2e.world import START, WEEK, _skops, make_label, make_rows, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)
FEATURES = ("age", "tenure", "income", "name", "zip", "iban", "flag")
SECRETS = ("Secretname", "Secretzip", "Secretiban", r"(?<![0-9.])7310[0-9]{5}", "862[.]125", "Newsecret", "jane@")
"""What is looked for; the numbers are every income and the constant column."""


def add_secrets(frame: pd.DataFrame) -> pd.DataFrame:
    n = np.arange(len(frame))
    return frame.drop(columns=["debt", "noise"]).assign(
        income=731_000_000 + frame["income"].round(2) * 1000,
        name=[f"Secretname{i % 7}" for i in n],
        zip=[f"Secretzip{i % 9}" for i in n],
        iban=[f"Secretiban{i % 5}" for i in n],
        flag=862.125,
    )


def fit(directory: Path, unknown: str) -> dict[str, Any]:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rows = make_rows(1200, seed=1)
    steps = make_column_transformer(
        (StandardScaler(), ["age", "tenure", "income", "flag"]),
        (OneHotEncoder(handle_unknown=unknown, sparse_output=False), ["name", "zip", "iban"]),
    )
    X = add_secrets(rows)[list(FEATURES)]
    return _skops(make_pipeline(steps, LogisticRegression(max_iter=500)).fit(X, make_label(rows, "binary")), directory)


def one_hot(row: pd.Series) -> dict[str, float]:
    """Names of attributions as a serving system has them that encodes before it explains."""
    names = (
        f"name_{row['name']}",
        f"onehot__iban_{row['iban']}",
        f"zip={row['zip']}",
        row["name"],
        "mail_jane@example.com",
    )
    return dict.fromkeys(names, 0.1)


def settings(directory: Path, *, unknown: str) -> Settings:
    add_secrets(make_rows(300, seed=2)).to_parquet(directory / "holdout.parquet")
    traffic = add_secrets(make_rows(300, seed=3, start=START + 8 * WEEK, weeks=1))
    traffic["name"] = "Newsecret"  # an evidence of its own, were it not kept back
    traffic["age"] = 41.0
    traffic.to_parquet(directory / "traffic.parquet")
    log = Log(directory / "log.jsonl", strict=True)  # without redaction, as by a serving system that knows of none
    for i, (_, row) in enumerate(traffic.head(40).iterrows()):
        inputs, at = {name: row[name] for name in FEATURES}, row["timestamp"].to_pydatetime()
        inputs[f"name_{row['name']}"] = "jane@example.com"
        if i % 2:
            log.explained(
                row["row_id"], {"age": 0.5} | one_hot(row), inputs=inputs, time=at, comment="write to jane@example.com"
            )
        else:
            log.failed(row["row_id"], f"ValueError: {row['name']}", inputs=inputs, time=at, route="/jane@example.com")
    monitor = MonitorSettings.model_validate(
        {
            "name": "leaks",
            "owner": "risk",
            "model": fit(directory, unknown),
            "features": FEATURES,
            "holdout": {"path": str(directory / "holdout.parquet"), "id": "row_id", "time": "timestamp"},
            "predictions": {
                "path": str(directory / "traffic.parquet"),
                "columns": {"time": "timestamp", "id": "row_id"},
            },
            "schedule": {"every": "1w"},
            "sample": {"rows": 200},
            "redact": ["income", "name", "flag"],
            "privacy": {"hash": ["zip"], "hash_key": "a key of the tests", "mask": ["iban"]},
            "telemetry": {"path": str(directory / "log.jsonl")},
        }
    )
    store = {"url": f"sqlite:///{directory / 'store.db'}"}
    return Settings.model_validate({"monitors": [monitor], "store": store})


async def ask(app: Any, paths: tuple[str, ...]) -> dict[str, httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://xdrift") as client:
        return {path: await client.get(path) for path in paths}


def served(store: Store, check_id: str, *, predictions: tuple[str, ...] = ()) -> dict[str, str]:
    """What people and Prometheus get to see, by path."""
    holder = SnapshotHolder(store)
    holder.refresh(NOW)
    health = Health(heartbeat_at=NOW)
    metrics = Metrics(holder, health=lambda: health, version="0", clock=lambda: NOW, process=False)
    app = create_app(
        store,
        holder=holder,
        metrics=metrics,
        health=lambda: health,
        server=ServerSettings(),
        version="0",
        clock=lambda: NOW,
    )
    paths = ("/", "/monitors/leaks", f"/checks/{check_id}", "/metrics", "/api/v1/monitors", "/api/v1/checks")
    single = tuple(f"{place}/predictions/{name}" for name in predictions for place in ("", "/api/v1"))
    answers = asyncio.run(ask(app, (*paths, f"/api/v1/checks/{check_id}", *single)))
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
    return {path: answer.text for path, answer in answers.items()}


def run(config: Settings, store: Store) -> Any:
    """A check as the daemon runs it, in a process of its own."""
    outcome = run_slot(config, "leaks", slot(0), store)
    assert outcome.check is not None
    saved = store.check(outcome.check.id)
    assert saved is not None
    return saved


def leaks(directory: Path, told: dict[str, str]) -> list[tuple[str, str]]:
    """(place, secret) for all that can be found in files of the store, answers and log lines."""
    stored = {path.name: path.read_bytes().decode("latin-1") for path in directory.glob("store.db*")}
    assert stored
    return [(place, secret) for place, text in (stored | told).items() for secret in SECRETS if re.search(secret, text)]


def test_no_value_that_is_kept_back_is_stored_shown_exported_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = settings(tmp_path, unknown="ignore")
    monitor = config.monitors[0]
    with Store.open(config.store.url) as store:
        store.upgrade()
        register(config, store, NOW)
        create_reference(monitor, store, author="ada", reason="first", now=NOW)
        store.announce = Announcer(channels=("hook",), server=ServerSettings(external_url="http://xdrift.example"))
        found = run(config, store)
        assert found.outcome == "succeeded", found.error
        assert found.level > 0
        kept = {row.inputs[name][:5] for row in found.rows for name in ("income", "name", "zip", "iban", "flag")}
        assert kept == {"[reda", "hash:", "mask:"}
        assert all(isinstance(row.inputs["age"], float) for row in found.rows)
        assert {profile.feature for profile in found.profiles if profile.kind == "input"} == {"age", "tenure"}
        assert any("column flag is constant:" in note for note in found.notes)
        withheld = ["(withheld)", "iban_(withheld)", "name_(withheld)", "zip_(withheld)"]
        assert found.served["unknown_features"] == withheld
        assert {name for row in found.rows for name in row.logged_values or ()} == {"age", *withheld}
        report = Poller(monitor, store, clock=lambda: NOW).poll()
        assert report.records == 40
        one = tuple(row.row_id for row in found.rows[:12])
        told = served(store, found.id, predictions=one) | {"log": caplog.text}
        assert sum("Nearest real rows with another decision" in text for text in told.values()) == len(one)
        told |= {"explained now": explained_now(monitor, store, one[0])}
        told |= reported(config, store, tmp_path) | delivered(found, store)
    assert leaks(tmp_path, told) == []


def reported(config: Settings, store: Store, folder: Path) -> dict[str, str]:
    """What the weekly review, the compliance report and Evidently's frames hold."""
    from monitor.reports.evidently_page import frames
    from monitor.reports.make import make_compliance, make_weekly
    from monitor.reports.render import summary
    from monitor.reports.weeks import Week, period

    week = Week.of_window(Window(start=slot(0) - WEEK, end=slot(0)))
    written = make_weekly(config, store, week=week, now=NOW, directory=folder / "reports")
    assert written.report.monitors[0].state == "severe"
    _, files = make_compliance(config, store, period=period("2024"), now=NOW, directory=folder / "reports")
    told = {str(path): path.read_text(encoding="utf-8") for path in (*written.files, *files)}
    assert any("circle" in text or "dot s" in text for text in told.values())  # points with ranks of plain inputs
    check = store.check(written.report.monitors[0].shown[0] or "")
    before, now = frames(config.monitors[0], store.active_reference("leaks"), check)  # type: ignore[arg-type]
    assert {"input: age", "input: tenure"} == {name for name in before if name.startswith("input: ")}
    told |= {"evidently before": before.to_csv(), "evidently now": now.to_csv()}
    return told | {"mail": "".join(summary(written.report))}


def delivered(check: Check, store: Store) -> dict[str, str]:
    """What a webhook and Grafana are sent: the messages that wait, every condition's, and annotations of all events."""
    server = ServerSettings(external_url="http://xdrift.example")
    waiting = store.messages_due("hook", NOW + timedelta(days=1))
    news = [News(check=check, owner="risk", before="none", after=after, maintenance=False) for after in TITLES]
    events = store.events(since=datetime(1970, 1, 1, tzinfo=UTC), until=NOW + timedelta(days=1000))
    assert events
    return {
        "webhook": repr([message.body for message in waiting] + [body(one, server) for one in news]),
        "annotations": repr([annotation(event, server) for event in events]),
    }


def explained_now(monitor: MonitorSettings, store: Store, row_id: str) -> str:
    """What `xdrift explain` tells of a prediction that no check kept, with the holdout beside it and not."""
    from monitor.pipeline.one import explain_now, locate

    at = locate(monitor, row_id, Window(start=NOW - timedelta(weeks=40), end=NOW))
    assert at is not None
    lone = monitor.model_copy(update={"name": "nobody"})  # without checks: compared with the holdout
    said = [explain_now(one, store, row_id, at) for one in (monitor, lone)]
    assert [{other.holdout for other in one.counterparts} for one in said] == [{False}, {True}]
    return repr(said)


def test_an_error_that_quotes_values_is_stored_without_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    config = settings(tmp_path, unknown="error")
    with Store.open(config.store.url) as store:
        store.upgrade()
        register(config, store, NOW)
        create_reference(config.monitors[0], store, author="ada", reason="first", now=NOW)
        found = run(config, store)
        assert found.outcome == "failed"
        assert "unknown categories" in (found.error or "")
        assert "(withheld)" in (found.error or "")
        told = served(store, found.id) | {"log": caplog.text}
    assert leaks(tmp_path, told) == []


def test_no_command_prints_what_is_kept_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what it finds nor what goes wrong: the model refuses the traffic and quotes a name of it."""
    for name in [name for name in os.environ if name.startswith("XDRIFT_")]:
        monkeypatch.delenv(name)  # would be taken for configuration
    config = settings(tmp_path, unknown="error")
    file = tmp_path / "xdrift.yaml"
    file.write_text(config.model_dump_json(exclude_unset=True))
    words = ["--config", str(file)]
    who = ["--author", "ada", "--reason", "first"]
    traffic = pd.read_parquet(tmp_path / "traffic.parquet")
    asked = ["explain", str(traffic["row_id"].iloc[0]), "--since", "2020-01-01T00:00Z", "--until", "2025-01-01T00:00Z"]
    codes = {
        "db upgrade": main(["db", "upgrade", *words]),
        "reference": main(["reference", "create", "leaks", *who, *words]),
        "explain": main([*asked, *words]),
        "explain --json": main([*asked, *words, "--json"]),
        "explain --debug": main(["--debug", *asked, *words]),
        "check": main(["check", "leaks", "--at", slot(0).isoformat(), *words]),
        "poll": main(["poll", "leaks", *words]),
        "doctor": main(["doctor", *words]),
        "diagnose": main(["diagnose", "leaks", *words]),
        "check-config": main(["check-config", *words, "--json"]),
    }
    told = capsys.readouterr()
    assert (codes["reference"], codes["explain"], codes["explain --json"], codes["explain --debug"]) == (0, 3, 3, 3)
    assert told.err.count("unknown categories") >= 3
    assert leaks(tmp_path, {"stdout": told.out, "stderr": told.err}) == []


def test_a_column_kept_back_later_is_out_of_new_checks(tmp_path: Path) -> None:
    config = settings(tmp_path, unknown="ignore")
    monitor = config.monitors[0]
    with Store.open(config.store.url) as store:
        store.upgrade()
        register(config, store, NOW)
        create_reference(monitor.model_copy(update={"redact": ()}), store, author="ada", reason="first", now=NOW)
        claim = store.claim(monitor.name, slot(0), owner="t|b|1|1", lease=timedelta(minutes=5), now=NOW)
        assert claim is not None
        found = perform(monitor, claim, store, clock=lambda: NOW)
    assert {profile.feature for profile in found.profiles if profile.kind == "input"} == {"age", "tenure"}
    told = repr((found.sentence, found.evidence, found.notes, found.rows, found.profiles))
    assert [secret for secret in SECRETS if re.search(secret, told)] == []
