"""Texts of libraries on their way to the log, the store and the terminal, where columns are kept back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.errors import ConfigError, DataError, SourceError, XdriftError
from monitor.privacy import withholding
from monitor.runner import register
from monitor.runner.child import Child
from monitor.runner.poll import Poller
from monitor.settings import MonitorSettings, Settings
from monitor.store import Store
from tests.telemetry.lines import make_monitor

CAREFUL, OPEN = make_monitor(redact=["name"]), make_monitor()


def raised(monitor: MonitorSettings, error: Exception) -> Exception:
    with pytest.raises(Exception) as told, withholding(monitor):  # noqa: PT011
        raise error
    return told.value


@pytest.mark.parametrize(
    "error",
    [
        ValueError("could not convert string to float: 'Jane'"),
        KeyError("Jane"),
        DataError("rows of 'Jane'", seen="'Jane'"),
    ],
)
def test_errors_lose_values_where_columns_are_kept_back(error: Exception) -> None:
    before = str(error)
    assert raised(OPEN, error) is error
    assert str(error) == before
    told = raised(CAREFUL, error)
    assert isinstance(told, XdriftError)
    assert "(withheld)" in str(told)
    assert "Jane" not in f"{told} {told.args} {told!r}"
    assert told.__cause__ is None


def test_the_path_of_a_log_is_no_list_of_numbers() -> None:
    monitor = make_monitor(redact=["name"], telemetry={"path": "/logs/app[1].jsonl"})
    error = SourceError("explanation log /logs/app[1].jsonl.2", seen="[731.5] in '/logs/app[1].jsonl of Jane'")
    assert str(raised(monitor, error)) == "explanation log /logs/app[1].jsonl.2; seen: (withheld) in (withheld)"


def test_what_the_reader_wrote_is_quoted_to_the_reader() -> None:
    assert "'p-1'" in str(raised(CAREFUL, ConfigError("there is no prediction 'p-1'")))


@pytest.mark.parametrize(
    ("monitor", "line"), [(CAREFUL, "UserWarning: bad (withheld)"), (OPEN, "UserWarning: bad 'Jane'")]
)
def test_what_libraries_print_in_a_check_is_logged_without_values(
    monitor: MonitorSettings, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    none: Any = None
    Child(none, none, none, monitor)._log(b"UserWarning: bad 'Jane'")
    assert [record.fields["line"] for record in caplog.records] == [line]  # type: ignore[attr-defined]


def test_a_database_that_quotes_what_it_could_not_read_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise SourceError("database of the log refused a query", seen='invalid input syntax for type integer: "Jane"')

    monkeypatch.setattr("monitor.runner.poll.read_log", refused)
    now = datetime(2024, 5, 6, tzinfo=UTC)
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        store.upgrade()
        register(Settings(monitors=(CAREFUL,)), store, now)
        with pytest.raises(SourceError, match=r"type integer: \(withheld\)") as told:
            Poller(CAREFUL, store, clock=lambda: now).poll()
    assert "Jane" not in repr(told.value)
    assert b"Jane" not in (tmp_path / "store.db").read_bytes()


@pytest.mark.parametrize("kept_back", ["client", "client_no"])
def test_an_id_cannot_be_kept_back_under_either_of_its_names(kept_back: str) -> None:
    columns = {"id": "client_no", "rename": {"client_no": "client"}}
    document = OPEN.model_dump(exclude_unset=True)
    document["predictions"] = {**document["predictions"], "columns": columns}
    MonitorSettings.model_validate(document)
    with pytest.raises(ValidationError, match="which are stored"):
        MonitorSettings.model_validate({**document, "redact": [kept_back]})
