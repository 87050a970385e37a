"""`xdrift doctor` against things that are really broken: files, tables, file systems, clocks, users."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import options
from monitor.doctor import installed

from .conftest import NOW, Ran, Xdrift

SHARED = ["database", "clock", "disk", "temporary files", "compiled code", "libraries", "secrets"]
WATCHED = ["model", "holdout", "predictions", "explanation", "reference"]


def found(ran: Ran) -> dict[str, Any]:
    """Part to finding; there is one monitor. Of several file systems the first, which has the store."""
    return {one["part"]: one for one in reversed(ran.json["findings"])}


def states(ran: Ran, *, but: str = "ok") -> dict[str, str]:
    return {part: one["state"] for part, one in found(ran).items() if one["state"] != but}


@contextmanager
def mounted(where: Path, size: str) -> Iterator[None]:
    """A file system of its own in memory."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a file system to fill or to make read-only")
    where.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", where], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"nothing may be mounted here: {made.stderr}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", where], check=True)


def moved_to(folder: Path) -> None:
    """Let the configuration keep its history in another folder."""
    for file in Path().glob("xdrift.db*"):
        shutil.copy(file, folder / file.name)
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(f"store:\n  url: sqlite:///{folder}/xdrift.db\n{text}")


def test_every_part_is_looked_at_and_well(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("doctor", "--json")

    assert states(ran) == {}, ran.out
    assert ran.code == 0
    assert set(found(ran)) == {*SHARED, *WATCHED}
    assert ran.json["counts"] == {"ok": len(ran.json["findings"]), "warn": 0, "failed": 0, "unknown": 0}
    assert {one["monitor"] for one in ran.json["findings"] if one["part"] in WATCHED} == {"late-flights"}
    assert "5 attributions, adds up" in found(ran)["explanation"]["found"]
    assert "same holdout, same model" in found(ran)["reference"]["found"]


def test_people_read_one_line_per_part_and_a_sum(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("doctor")

    # A long path is broken wherever the line ends.
    told = "".join(ran.out.split())
    assert told.startswith("".join(f"ok database: store sqlite:///{in_service}/xdrift.db answers, schema".split()))
    assert "ok       late-flights explanation: one row of the holdout by tree-compiled in " in ran.out
    assert ran.out.endswith(" ok\n")


def test_nothing_is_written_into_the_history_and_no_slot_is_used(in_service: Path, xdrift: Xdrift) -> None:
    def history() -> list[str]:
        with sqlite3.connect("xdrift.db") as database:
            return list(database.iterdump())

    before = history()
    files = {file.name for file in Path().iterdir()}

    xdrift("doctor")

    assert history() == before
    assert {file.name for file in Path().iterdir()} - {"xdrift.db-wal", "xdrift.db-shm"} <= files


def test_a_database_that_was_never_made_is_told_with_the_command_that_makes_it(
    in_service: Path, xdrift: Xdrift
) -> None:
    for file in Path().glob("xdrift.db*"):
        file.unlink()

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert states(ran) == {"database": "failed", "clock": "unknown", "reference": "unknown"}
    assert found(ran)["database"]["next"] == "run `xdrift db upgrade`"
    assert not list(Path().glob("xdrift.db*"))


def test_a_table_that_is_gone_is_named(in_service: Path, xdrift: Xdrift) -> None:
    with sqlite3.connect("xdrift.db") as database:
        database.execute("DROP TABLE outbox")
        database.execute("ALTER TABLE checks DROP COLUMN sentence")

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    database_finding = found(ran)["database"]
    assert database_finding["state"] == "failed"
    assert "outbox" in database_finding["found"]
    assert "checks.sentence" in database_finding["found"]
    assert states(ran)["reference"] == "unknown"


def test_another_schema_is_told_in_either_direction(in_service: Path, xdrift: Xdrift) -> None:
    for version, step in (("0001", "run `xdrift db upgrade`"), ("9999", "upgrade xdrift here")):
        with sqlite3.connect("xdrift.db") as database:
            database.execute("UPDATE alembic_version SET version_num = ?", [version])

        ran = xdrift("doctor", "--json")

        assert ran.code == 1
        assert f"schema {version}" in found(ran)["database"]["found"]
        assert found(ran)["database"]["next"].startswith(step)


def test_a_file_that_may_not_be_written_fails(in_service: Path, xdrift: Xdrift, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "8m"):
        moved_to(tmp_path / "disk")
        assert states(xdrift("doctor", "--json"))["disk"] == "failed"  # 8 MB are too few, and said to be
        subprocess.run(["mount", "-o", "remount,ro", tmp_path / "disk"], check=True)

        ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert found(ran)["database"]["state"] == "failed"
    assert found(ran)["database"]["next"]


def test_a_full_disk_fails_before_a_check_does(in_service: Path, xdrift: Xdrift, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "120m"):
        moved_to(tmp_path / "disk")
        assert states(xdrift("doctor", "--json")) == {"disk": "warn"}
        (tmp_path / "disk" / "ballast").write_bytes(b"\0" * 100_000_000)

        ran = xdrift("doctor", "--json")

    assert ran.code == 1
    disk = found(ran)["disk"]
    assert disk["state"] == "failed"
    assert f"at {tmp_path / 'disk'}" in disk["found"]
    assert "(store)" in disk["found"]
    assert disk["next"].startswith("free space there")


def test_a_temporary_directory_without_space_is_not_writable(
    in_service: Path, xdrift: Xdrift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted(tmp_path / "cache", "64k"):
        (tmp_path / "cache" / "ballast").write_bytes(b"\0" * 65_536)
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache" / "numba"))

        ran = xdrift("doctor", "--json")

    assert ran.code == 0
    assert states(ran) == {"compiled code": "warn"}
    assert found(ran)["compiled code"]["next"] == "set NUMBA_CACHE_DIR to a directory that may be written"


def test_a_wrong_model_leaves_the_explanation_unknown(in_service: Path, xdrift: Xdrift) -> None:
    Path("late_flights.json").write_text("{}")

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert states(ran)["model"] == "failed"
    assert states(ran)["explanation"] == "unknown"
    assert states(ran)["reference"] == "unknown"
    assert found(ran)["model"]["next"]


def test_a_model_with_other_features_fails_at_its_rows(in_service: Path, xdrift: Xdrift) -> None:
    import numpy as np
    import xgboost

    rng = np.random.default_rng(0)
    other = xgboost.DMatrix(rng.random((50, 2)), rng.integers(0, 2, 50), feature_names=["distance_km", "altitude"])
    xgboost.train({"objective": "binary:logistic"}, other, 2).save_model("late_flights.json")

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert states(ran)["holdout"] == "failed"
    assert "altitude" in str(found(ran)["holdout"])


def test_a_replaced_model_is_well_and_said(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("late_flights.json").read_text()
    Path("late_flights.json").write_text(text.replace('"base_score":', '"base_score" :', 1))

    ran = xdrift("doctor", "--json")

    assert ran.code == 0
    assert "another model" in found(ran)["reference"]["found"]


def test_an_explainer_that_changed_is_a_warning(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(
        text.rstrip() + "\n    explain: {engine: tree-interventional, background_rows: 20}\n"
    )

    ran = xdrift("doctor", "--json")

    assert ran.code == 0
    assert states(ran) == {"reference": "warn"}
    assert "xdrift reference accept late-flights" in found(ran)["reference"]["next"]


def test_a_holdout_that_was_edited_does_not_match_the_reference(in_service: Path, xdrift: Xdrift) -> None:
    import pandas as pd

    pd.read_parquet("holdout.parquet").head(1400).to_parquet("holdout.parquet", index=False)

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert states(ran) == {"reference": "failed"}
    assert "changed since reference" in found(ran)["reference"]["found"]


def test_a_monitor_without_reference_fails_with_the_command(in_service: Path, xdrift: Xdrift) -> None:
    with sqlite3.connect("xdrift.db") as database:
        database.execute("DELETE FROM reference_activations")

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert states(ran) == {"reference": "failed"}
    assert "xdrift reference create late-flights" in found(ran)["reference"]["next"]


def test_a_window_without_predictions_is_a_warning(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "utc_now", lambda: NOW + timedelta(days=365))

    ran = xdrift("doctor", "--json")

    assert ran.code == 0
    assert states(ran) == {"predictions": "warn"}
    assert "no rows" in found(ran)["predictions"]["found"]


def test_a_source_that_is_away_and_a_log_that_cannot_be_read_fail(in_service: Path, xdrift: Xdrift) -> None:
    Path("log.parquet").rename("elsewhere.parquet")
    text = Path("xdrift.yaml").read_text().rstrip()
    Path("xdrift.yaml").write_text(f"{text}\n    telemetry: {{path: explanations.jsonl}}\n")

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert states(ran) == {"predictions": "failed", "explanation log": "failed"}
    assert "explanations.jsonl" in str(found(ran)["explanation log"])


def test_lines_of_the_log_that_were_set_aside_are_a_warning_with_meaning_and_place(
    in_service: Path, xdrift: Xdrift
) -> None:
    text = Path("xdrift.yaml").read_text().rstrip()
    Path("xdrift.yaml").write_text(f"{text}\n    telemetry: {{path: explanations.jsonl}}\n")
    good = '{"record_id": "a", "timestamp": "2024-03-11T00:00:00Z", "shap_values": {"dep_delay": 0.5}}\n'
    early = good.replace("2024-03-11", "2031-01-01")
    log = Path("explanations.jsonl")
    log.write_text(good)
    xdrift("poll")
    assert "lines set aside" not in found(xdrift("doctor", "--json"))
    with log.open("a") as more:
        more.write(early + "{broken\n" + early)
    xdrift("poll")

    one = found(xdrift("doctor", "--json"))["lines set aside"]

    assert one["state"] == "warn"
    assert one["found"] == (
        "3 of 4 lines of the explanation log: 2 with a time that is unreadable, without a zone, before 1970 or more "
        f"than 5m ahead of the clock, the first at explanations.jsonl:{len(good)}; 1 no JSON, the first at "
        f"explanations.jsonl:{len(good) + len(early)} (file:byte)"
    )
    assert "not counted" in one["next"]


def test_personal_data_in_the_log_is_told_by_kind_field_and_day_and_never_by_value(
    in_service: Path, xdrift: Xdrift
) -> None:
    text = Path("xdrift.yaml").read_text().rstrip()
    Path("xdrift.yaml").write_text(f"{text}\n    telemetry: {{path: explanations.jsonl}}\n")
    record = (
        '{"record_id": "%s", "timestamp": "2024-%sT00:00:00Z", "shap_values": {"dep_delay": 0.5}, '
        '"inputs": {"%s": "jane@example.com"}}\n'
    )
    log = Path("explanations.jsonl")
    log.write_text(record % ("old", "01-02", "remark"))
    xdrift("poll")
    with log.open("a") as more:
        more.write(
            record % ("a", "03-09", "note") + record % ("b", "03-10", "note") + record % ("c", "03-08", "contact")
        )
    xdrift("poll")

    ran = xdrift("doctor", "--json")

    one = found(ran)["personal data"]
    assert (one["monitor"], one["state"]) == ("late-flights", "warn")
    assert one["found"] == (
        "in the explanation log, last 30 days: email in field inputs.note, 2 times, last on 2024-03-10; "
        "email in field inputs.contact, 1 time, last on 2024-03-08"
    )
    assert "redact" in one["next"]
    assert "privacy.allow" in one["next"]
    assert "jane" not in ran.out


def test_a_clock_that_went_back_is_told_by_the_latest_check(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert xdrift("check", "--json").code == 1
    monkeypatch.setattr(options, "utc_now", lambda: NOW - timedelta(days=3650))

    ran = xdrift("doctor", "--json")

    assert ran.code == 1
    assert found(ran)["clock"]["state"] == "failed"
    assert "in the future" in found(ran)["clock"]["found"]


def test_secrets_that_everybody_can_read_are_named_and_never_shown(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(
        "channels:\n  - {name: chat, url: 'https://bot:pa55word@chat.internal/${CHAT}'}\n"
        f"{text}"
    )  # fmt: skip
    Path("xdrift.yaml").chmod(0o600)
    Path("chat").write_text("t0ken\n")
    Path("chat").chmod(0o640)
    Path("url").write_text(f"sqlite:///{in_service}/xdrift.db\n")
    Path("url").chmod(0o640)
    monkeypatch.setenv("CHAT_FILE", str(in_service / "chat"))
    monkeypatch.setenv("XDRIFT_STORE__URL_FILE", str(in_service / "url"))
    assert found(xdrift("doctor", "--json"))["secrets"]["found"] == "2 files, readable by us and not by everybody"

    Path("chat").chmod(0o644)
    Path("xdrift.yaml").chmod(0o644)

    ran = xdrift("doctor", "--json")
    assert ran.code == 0
    assert states(ran) == {"secrets": "warn"}
    told = found(ran)["secrets"]["found"]
    assert f"{in_service / 'chat'} (CHAT_FILE)" in told
    assert "xdrift.yaml, line 2 (a password in a URL)" in told
    assert str(in_service / "url") not in told
    assert "pa55word" not in ran.out
    assert "t0ken" not in ran.out


def test_a_library_outside_its_tested_range_is_a_warning_and_a_missing_one_a_failure(
    in_service: Path, xdrift: Xdrift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of a library, as its metadata says it: put first on the path, like an installation over it."""
    for name, version in (("orjson", "99.0"), ("skops", "0.1")):
        about = tmp_path / f"{name}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    ran = xdrift("doctor", "--json")

    assert ran.code == 0
    assert states(ran) == {"libraries": "warn"}
    assert "orjson 99.0 (tested: <4,>=3.10)" in found(ran)["libraries"]["found"]
    assert "skops 0.1" in found(ran)["libraries"]["found"]

    about = tmp_path / "xdrift-0.0.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: xdrift\nVersion: 0\nRequires-Dist: not-there-at-all>1\n"
    )
    assert installed.libraries().state == "failed"
    assert "not-there-at-all" in installed.libraries().found


def test_a_grafana_that_does_not_answer_is_a_warning(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(f"grafana: {{url: 'http://127.0.0.1:1'}}\n{text}")

    ran = xdrift("doctor", "--json")

    assert ran.code == 0
    assert states(ran) == {"Grafana": "warn"}


def test_an_unusable_configuration_exits_2(in_service: Path, xdrift: Xdrift) -> None:
    Path("xdrift.yaml").write_text("monitors: []\n")

    assert xdrift("doctor").code == 2


@pytest.mark.postgres
def test_a_database_of_postgres_is_looked_at_as_well(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    from datetime import UTC, datetime

    import psycopg

    monkeypatch.setenv("XDRIFT_STORE__URL", postgres_url)
    monkeypatch.setattr(options, "utc_now", lambda: datetime.now(UTC))
    assert xdrift("db", "upgrade").code == 0
    reference = ["--author", "ada", "--reason", "launch"]
    assert xdrift("reference", "create", "late-flights", *reference).code == 0
    plain = postgres_url.replace("+psycopg", "")

    well = xdrift("doctor", "--json")
    assert well.code == 0
    assert states(well) == {"predictions": "warn"}  # nothing since 2024
    assert found(well)["clock"]["found"] == "agrees with the database's"

    monkeypatch.setattr(options, "utc_now", lambda: datetime.now(UTC) - timedelta(seconds=10))
    assert found(xdrift("doctor", "--json"))["clock"]["state"] == "warn"
    monkeypatch.setattr(options, "utc_now", lambda: datetime.now(UTC) + timedelta(minutes=5))
    ahead = xdrift("doctor", "--json")
    assert ahead.code == 1
    assert "ahead of the database" in found(ahead)["clock"]["found"]
    monkeypatch.setattr(options, "utc_now", lambda: datetime.now(UTC))

    with psycopg.connect(plain, autocommit=True) as server:
        name = server.info.dbname
        server.execute("DROP ROLE IF EXISTS looker")
        server.execute("CREATE ROLE looker LOGIN")
        server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
        server.execute("GRANT INSERT ON checks TO looker")
        try:
            monkeypatch.setenv("XDRIFT_STORE__URL", postgres_url.replace("xdrift@", "looker@"))
            refused = xdrift("doctor", "--json")
        finally:
            server.execute("DROP OWNED BY looker")
            server.execute("DROP ROLE looker")
        assert refused.code == 1
        assert "no right to INSERT" in found(refused)["database"]["found"]
        assert states(refused)["reference"] == "unknown"

        server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    monkeypatch.setenv("XDRIFT_STORE__URL", postgres_url)
    assert "read only" in found(xdrift("doctor", "--json"))["database"]["found"]

    monkeypatch.setenv("XDRIFT_STORE__URL", "postgresql+psycopg://ada:s3cret@127.0.0.1:1/none")
    away = xdrift("doctor", "--json")
    assert away.code == 1
    assert states(away)["clock"] == "unknown"
    assert "s3cret" not in away.out + away.err
