"""`xdrift backfill`: every planned slot of a span of the past."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer

from monitor.cli import options
from monitor.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    chosen,
    load_settings,
    moment,
    require_references,
)
from monitor.cli.output import print_json, progress_bar, tell
from monitor.errors import ConfigError

MOST_CHECKS = 1_000_000
"""No span holds more checks than this: it is the limit of one listing, not of a backfill."""


def backfill(
    since: Annotated[str, typer.Option(metavar="TIME", help="First slot, with Z or an offset.", show_default=False)],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="MONITOR", help="Names in the configuration; all when absent.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="End, not itself checked; now when absent.", show_default=False)
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Check every planned slot of the past, from --since until before --until.

    Slots that are judged are left alone: run an interrupted backfill again and it goes on where it was. Slots whose
    check failed are checked again.

    Exit code 0: every slot has its check, whatever was found. 3: some checks failed or were not run.
    """
    settings = load_settings(config)
    monitors = chosen(settings, names or [])
    chosen_names = [one.name for one in monitors]
    start, end = span(since, until, options.utc_now())
    from monitor import runner
    from monitor.cli.backfill_view import backfill_json, backfill_view

    with options.open_store(settings, quiet=as_json) as store:
        require_references(store, monitors)
        with stopping() as stop, progress_bar("slots", quiet=as_json) as advance:

            def progress(done: int, total: int, outcome: runner.SlotOutcome) -> None:
                advance(done, total, f"{outcome.monitor} {outcome.planned_at:%Y-%m-%d}")

            report = runner.backfill(settings, chosen_names, start, end, store, progress=progress, stop=stop)
        listed = {name: store.checks(name, since=start, before=end, limit=MOST_CHECKS) for name in chosen_names}
    found = {name: checks[::-1] for name, checks in listed.items()}
    if as_json:
        print_json(backfill_json(report, found))
    else:
        tell(backfill_view(report, found))
    # Also those that another process saw fail meanwhile. A confirming check is no slot of the span.
    failed = any(check.outcome == "failed" and check.confirms is None for checks in found.values() for check in checks)
    return 3 if failed or report.failed or report.not_run else 0


def span(since: str, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Both ends in UTC. Raises ConfigError when a zone is missing or nothing lies between."""
    start, end = moment(since, "--since"), now if until is None else moment(until, "--until")
    if end <= start:
        raise ConfigError(
            "the backfill would end before it begins",
            seen=f"--since {start.isoformat()} and an end at {end.isoformat(timespec='seconds')}",
            expected="a --since before --until, or before now",
            hint="give an earlier --since or a later --until",
        )
    return start, end


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """The first Ctrl-C or SIGTERM asks the backfill to end in order; a second one ends it at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
