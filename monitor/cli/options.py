"""Options that several commands share, and how their words become values."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.errors import ConfigError, ReferenceMissingError

if TYPE_CHECKING:
    from monitor.settings import MonitorSettings, Settings
    from monitor.store import Store

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout instead of text.")]
ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="XDRIFT_CONFIG", metavar="FILE", help="Configuration file."),
]
DEFAULT_CONFIG = Path("xdrift.yaml")
_WAIT = timedelta(seconds=20)
"""For a lock: a transaction of a daemon takes less than a second, a purge or a report a few."""
_TOLD_AFTER = timedelta(seconds=3)


def utc_now() -> datetime:
    """The clock of every command: aware, UTC."""
    return datetime.now(UTC)


def moment(text: str, option: str) -> datetime:
    """An ISO time with a zone, in UTC. Raises ConfigError for anything else: a zone is never guessed."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} is not a time",
            seen=text,
            expected="an ISO 8601 time with a zone",
            hint=f"write it as in {option} 2024-06-03T00:00Z",
        ) from None
    if found.tzinfo is None:
        full = found.isoformat(timespec="minutes") if len(text) <= len("2024-06-03") else text
        raise ConfigError(
            f"{option} has no time zone",
            seen=text,
            expected="an ISO 8601 time with a zone",
            hint=f"add Z or an offset: {full}Z for UTC, {full}+02:00 for two hours ahead of it",
        )
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ConfigError(
            f"{option} is beyond the calendar",
            seen=text,
            expected="a time that in UTC is between the years 1 and 9999",
            hint="give a time within the years that the monitor is meant for",
        ) from None


def load_settings(path: Path) -> Settings:
    """The configuration file with the environment applied. Raises ConfigError listing every mistake."""
    import os

    from monitor import config

    return config.load(path, os.environ)


def open_store(settings: Settings, *, quiet: bool = False) -> Store:
    """The store, for one command: somebody waits for it, so it says on stderr what it waits for (not when `quiet`)."""
    from monitor.store import Patience, Store

    def tell(label: str) -> None:
        sys.stderr.write(f"waiting for the database {label.removeprefix('store ')} ...\n")
        sys.stderr.flush()

    return Store.open(settings.store.url, wait=_WAIT, patience=None if quiet else Patience(_TOLD_AFTER, tell))


def require_references(store: Store, monitors: Sequence[MonitorSettings]) -> None:
    """A check without a reference fails, and its slot is used up: a person at a terminal is told before that.

    Raises ReferenceMissingError.
    """
    active = {one.monitor for one in store.references(None) if one.active}
    missing = [one.name for one in monitors if one.name not in active]
    if missing:
        raise ReferenceMissingError(
            f"monitor {', '.join(missing)} has no reference",
            seen="nothing to compare recent predictions with",
            expected="a reference, made once from the holdout",
            hint=f"xdrift reference create {missing[0]} --author WHO --reason WHY",
        )


def chosen(settings: Settings, names: Sequence[str]) -> tuple[MonitorSettings, ...]:
    """The named monitors in the given order, all when nobody is named. Raises ConfigError for an unknown name."""
    known = {monitor.name: monitor for monitor in settings.monitors}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ConfigError(
                "no such monitor in the configuration",
                seen=name,
                expected=f"one of {', '.join(sorted(known))}",
                hint=f"did you mean {near[0]}?" if near else "take a name from `monitors` in the configuration file",
            )
    return tuple(known[name] for name in dict.fromkeys(names)) if names else settings.monitors
