"""Fixtures shared by all rooms: a real, throwaway PostgreSQL server, and a fresh database for every test that asks.

    @pytest.mark.postgres
    def test_something(postgres_url: str) -> None: ...

Where the server binaries are absent, those tests are skipped and pytest's summary says why.
"""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LEVEL = logging.getLogger().level
"""Of the root logger before any test ran."""


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command line run inside the test process sets up logging for its process; the next test must not inherit it,
    nor what a fixture of its module or session did before it."""
    root = logging.getLogger()
    root.setLevel(LEVEL)
    handlers = list(root.handlers)
    yield
    logging.captureWarnings(False)
    root.setLevel(LEVEL)
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """`user@host:port` of a PostgreSQL server on loopback that lives as long as the test session."""
    bin_dir = _postgres_bin_dir()
    if bin_dir is None:
        pytest.skip("PostgreSQL server binaries (initdb, postgres) are not installed; apt-get install postgresql")
    identity = _unprivileged()
    if identity is None:
        pytest.skip("PostgreSQL refuses to run as root and there is no user named postgres")
    home = Path(tempfile.mkdtemp(prefix="xdrift-pg-"))
    try:
        if identity:
            shutil.chown(home, identity["user"], identity["group"])
        # An unusual collation and zone on purpose: a test that leans on either goes red here, not in production.
        _run([bin_dir / "initdb", "-D", home / "data", "-U", "xdrift", "-A", "trust", "-E", "UTF8", "--no-sync",
              "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"], identity)  # fmt: skip
        port = _start(bin_dir, home, identity)
        try:
            yield f"xdrift@127.0.0.1:{port}"
        finally:
            _run([bin_dir / "pg_ctl", "-D", home / "data", "-m", "immediate", "-w", "stop"], identity)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy URL of a fresh, empty database, dropped after the test even when connections stayed open."""
    import psycopg

    name = f"t_{uuid.uuid4().hex}"
    with psycopg.connect(f"postgresql://{postgres_server}/postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"postgresql+psycopg://{postgres_server}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _postgres_bin_dir() -> Path | None:
    """The newest installed server; Debian keeps its programs off the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    debian = [found.parent for found in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(debian, key=lambda path: float(path.parent.name), default=None)


def _unprivileged() -> dict[str, Any] | None:
    """Arguments that make subprocess drop root: none needed for a plain user, None when there is nobody to become."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        return None
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _start(bin_dir: Path, home: Path, identity: dict[str, Any]) -> int:
    """Start the server on a free port. Another process may take the port first, hence three tries."""
    for attempt in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c timezone=America/New_York "
            "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=60"
        )
        command = [bin_dir / "pg_ctl", "-D", home / "data", "-l", home / "log", "-o", options, "-w", "start"]
        try:
            _run(command, identity)
        except RuntimeError:
            if attempt == 2:
                raise
        else:
            return port
    raise AssertionError("unreachable")


def _run(command: list[str | Path], identity: dict[str, Any]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        **identity,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Where everything is installed (XDRIFT_TEST_NOTHING_SKIPS=1), a skipped test is a test nobody ran: it fails."""
    report = yield
    if os.environ.get("XDRIFT_TEST_NOTHING_SKIPS") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be: {report.longrepr}"
    return report
