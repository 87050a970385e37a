"""`xdrift doctor`: is everything there that checks need? Nothing is written into the history, and no slot is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from monitor.doctor import database, disk, installed, watched
from monitor.doctor.finding import STATES, Finding, State, failed, shared
from monitor.probe import probe_grafana
from monitor.settings import GrafanaSettings, Settings
from monitor.store import Store

__all__ = ["STATES", "Finding", "State", "examine", "exit_code"]

WAIT = timedelta(seconds=5)
"""How long a lock of the database is waited for: shorter than a check would, since a person waits here."""


def examine(
    settings: Settings, *, file: Path, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> Iterator[Finding]:
    """Look at the database, at each monitor, at Grafana and at this machine; one by one, as they are asked for.

    `file` and `environ` are those that `settings` were read from. Raises StoreError for a URL that is none.
    """
    with Store.open(settings.store.url, wait=WAIT) as store:
        found = list(database.examine(store, clock))
        yield from found
        usable = found[0].state == "ok"
        for monitor in settings.monitors:
            yield from watched.examine(monitor, store if usable else None, clock())
    if settings.grafana is not None:
        yield grafana(settings.grafana)
    yield from disk.examine(settings, environ)
    yield from installed.examine(file, environ)


def grafana(settings: GrafanaSettings) -> Finding:
    """No check needs Grafana: without it annotations wait."""
    tried = probe_grafana(settings)
    if tried.error is None:
        return shared("Grafana", "ok", tried.found)
    return replace(failed("Grafana", tried.error), state="warn")


def exit_code(found: list[Finding]) -> int:
    """0: nothing failed. 1: something failed. 3: nothing failed, but something could not be looked at."""
    states = {one.state for one in found}
    return 1 if "failed" in states else 3 if "unknown" in states else 0
