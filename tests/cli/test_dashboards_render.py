"""`xdrift dashboards render` and `xdrift db reader`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.store import Store

from .conftest import Xdrift, settle

MONITOR = {
    "name": "credit",
    "owner": "risk",
    "model": {"path": "m.json"},
    "holdout": {"path": "h.csv"},
    "predictions": {"path": "p.csv"},
    "schedule": {"every": "1d"},
}


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """configured(**more) writes xdrift.yaml in the working directory, which it returns."""
    settle(monkeypatch, tmp_path)

    def write(**more: Any) -> Path:
        (tmp_path / "xdrift.yaml").write_text(yaml.safe_dump({"monitors": [MONITOR], **more}))
        return tmp_path

    return write


def address(path: Path) -> str:
    found = json.loads(path.read_text())["templating"]["list"][-1]
    assert found["name"] == "daemon"
    return str(found["query"])


def test_three_files_are_written_with_the_address_of_the_configuration(
    xdrift: Xdrift, configured: Callable[..., Path]
) -> None:
    folder = configured(server={"external_url": "https://xdrift.internal/"})
    ran = xdrift("dashboards", "render", "--directory", "out", "--json")

    assert (ran.code, ran.json["url"]) == (0, "https://xdrift.internal/")
    assert ran.json["files"] == ["debug.json", "exec.json", "oncall.json"]
    assert address(folder / "out" / "exec.json") == "https://xdrift.internal"


def test_with_a_url_no_configuration_is_needed(xdrift: Xdrift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path)
    ran = xdrift("dashboards", "render", "-d", "out", "--url", "http://10.0.0.1:9464")

    assert ran.code == 0, ran.err
    assert address(tmp_path / "out" / "debug.json") == "http://10.0.0.1:9464"
    assert max(path.stat().st_size for path in (tmp_path / "out").iterdir()) < 200 * 1024


def test_with_provider_grafana_finds_everything_where_it_looks(xdrift: Xdrift, configured: Callable[..., Path]) -> None:
    folder = configured() / "out"
    ran = xdrift(
        "dashboards", "render", "-d", "out", "--url", "http://x", "--provider",
        "--postgres-url", "postgresql://xdrift_reader@db.internal/xdrift",
    )  # fmt: skip
    (provider,) = yaml.safe_load((folder / "provisioning/dashboards/xdrift.yaml").read_text())["providers"]
    sources = yaml.safe_load((folder / "provisioning/datasources/xdrift.yaml").read_text())["datasources"]

    assert ran.code == 0, ran.err
    assert {path.name for path in (folder / "dashboards" / "xdrift").iterdir()} == {
        "exec.json", "oncall.json", "debug.json",
    }  # fmt: skip
    assert provider["options"]["foldersFromFilesStructure"] is True
    assert [source["type"] for source in sources] == ["prometheus", "grafana-postgresql-datasource"]


def test_without_an_address_it_says_how_to_give_one(xdrift: Xdrift, configured: Callable[..., Path]) -> None:
    configured()
    ran = xdrift("dashboards", "render", "-d", "out")

    assert ran.code == 2
    assert "server.external_url" in ran.err
    assert "--url" in ran.err


def test_a_folder_that_cannot_be_written_is_named(xdrift: Xdrift, configured: Callable[..., Path]) -> None:
    (configured() / "out").write_text("a file")
    ran = xdrift("dashboards", "render", "-d", "out", "--url", "http://x")

    assert ran.code == 3
    assert "out" in ran.err


def test_sqlite_has_no_roles(xdrift: Xdrift, configured: Callable[..., Path]) -> None:
    configured()
    ran = xdrift("db", "reader", "xdrift_reader")

    assert ran.code == 3
    assert "SQLite, which has no roles" in ran.err
    assert "PostgreSQL" in ran.err


@pytest.mark.postgres
def test_a_reader_is_made_once_and_mended_after(
    xdrift: Xdrift, configured: Callable[..., Path], postgres_url: str
) -> None:
    role = f"reader_{postgres_url.rpartition('/')[2]}"
    folder = configured(store={"url": postgres_url})
    (folder / "password").write_text("s3cret\n")
    with Store.open(postgres_url) as store:
        store.upgrade()
        try:
            first = xdrift("db", "reader", role, "--password-file", "password", "--json")
            again = xdrift("db", "reader", role)
            assert (first.code, first.json["created"]) == (0, True), first.err
            assert "grafana_check_runs" in first.json["views"]
            assert again.code == 0
            assert "brought up to date" in again.out
            assert "s3cret" not in first.out + first.err + again.out
        finally:
            with store._database.session(writes=True) as connection:
                connection.exec_driver_sql(f"DROP OWNED BY {role}")
                connection.exec_driver_sql(f"DROP ROLE {role}")


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("", "is empty")])
def test_a_password_file_that_holds_none_is_refused(
    xdrift: Xdrift, configured: Callable[..., Path], content: str | None, said: str
) -> None:
    folder = configured()
    if content is not None:
        (folder / "password").write_text(content)
    ran = xdrift("db", "reader", "xdrift_reader", "--password-file", "password")

    assert ran.code == 2
    assert said in ran.err
