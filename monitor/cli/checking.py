"""`xdrift check`: one check now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

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
from monitor.cli.output import print_json, tell, working
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.settings import MonitorSettings, Settings
    from monitor.store import Store
    from monitor.types import Check


def check(
    monitor: Annotated[
        str | None, typer.Argument(metavar="MONITOR", help="Name in the configuration; every monitor when absent.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Planned time of the check, with Z or an offset; the latest planned slot when absent. The window "
            "ends then, less schedule.delay.",
        ),
    ] = None,
    push: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Pushgateway that gets the metrics afterwards, for runs from cron."),
    ] = None,
    exit_zero: Annotated[
        bool,
        typer.Option(
            "--exit-zero", help="Exit code 0 whatever the checks found: for cron, where metrics tell the verdicts."
        ),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Run one check now and say what it found.

    A slot is judged once: for one that was checked before, the stored result is shown and nothing is done. One whose
    check failed is checked again, and a note of the new check tells of the failure.

    Exit code 0: no drift. 1: drift. 3: unknown or failed: the check could not judge. Of several monitors the highest.
    With --exit-zero these are 0; a wrong configuration, a missing reference, a database or a Pushgateway that does not
    answer keep theirs.
    """
    settings = load_settings(config)
    monitors = chosen(settings, [monitor] if monitor else [])
    now = options.utc_now()
    planned = None if at is None else _slot(moment(at, "--at"), now, monitors)
    if push is not None:
        from monitor.publish.pushing import checked

        checked(push)  # now: after the checks the slots are used up
    from monitor import runner, slots
    from monitor.cli.check_view import check_view, result_json

    results: list[dict[str, Any]] = []
    codes = []
    with options.open_store(settings, quiet=as_json) as store, _giving_back(store):
        require_references(store, monitors)
        runner.register(settings, store, now, [one.name for one in monitors])
        runner.recover(store, now)
        for one in monitors:
            slot = planned or slots.previous_slot(one.schedule, now)
            with working(f"checking {one.name}", quiet=as_json):
                state, found = _run(settings, one.name, slot, store)
            codes.append(exit_code(found))
            if as_json:
                results.append(result_json(one.name, slot, state, found))
            else:
                tell(check_view(one.name, slot, state, found, latest=planned is None))
        if push is not None:
            push_all(push, store, [one.name for one in monitors], features=settings.server.features_per_monitor)
    if as_json:
        print_json({"checks": results})
    return 0 if exit_zero else max(codes)


def push_all(url: str, store: Store, names: Sequence[str], *, features: int) -> None:
    """Put what the store knows of these monitors into a Pushgateway. Raises PublishError."""
    from monitor.publish.pushing import push

    snapshot = store.snapshot(options.utc_now())
    references = [one for one in store.references(None) if one.active]
    for name in names:
        push(url, snapshot, name, references=references, features=features)


def _run(settings: Settings, name: str, slot: datetime, store: Store) -> tuple[str, Check | None]:
    """What became of the slot, and its stored check in full."""
    from monitor import runner
    from monitor.store import check_id

    outcome = runner.run_slot(settings, name, slot, store, failed_before=runner.now())
    return outcome.state, store.check(check_id(name, slot))


def exit_code(found: Check | None) -> int:
    """0 no drift, 1 drift, 3 nothing was judged."""
    if found is None or found.outcome == "failed" or found.verdict == "unknown":
        return 3
    return 1 if found.level else 0


def _slot(at: datetime, now: datetime, monitors: Sequence[MonitorSettings]) -> datetime:
    """A planned slot of every one of these monitors. Raises ConfigError for any other time.

    A slot of the future would be finished before its window is over, and never checked again; one between two slots
    would stand in the history as if its window had been planned.
    """
    if at > now:
        raise ConfigError(
            "--at lies in the future",
            seen=at.isoformat(),
            expected=f"a time before now, {now.isoformat(timespec='seconds')}",
            hint="wait until then, or give the time of an earlier slot",
        )
    from monitor import slots

    for one in monitors:
        before = slots.previous_slot(one.schedule, at)
        if before != at:
            after = slots.next_slot(one.schedule, at)
            near = [slot.strftime("%Y-%m-%dT%H:%MZ") for slot in (before, after) if slot <= now]
            raise ConfigError(
                f"--at is no planned slot of {one.name}",
                seen=at.isoformat(timespec="minutes"),
                expected=f"a slot of its schedule, the nearest: {' or '.join(near)}",
                hint=f"xdrift check {one.name} --at {near[-1] if at - before > after - at else near[0]}",
            )
    return at


@contextmanager
def _giving_back(store: Store) -> Iterator[None]:
    """Slots that an interrupted command still holds go back at once instead of when their lease is over."""
    from monitor import runner

    try:
        yield
    except KeyboardInterrupt:
        runner.release_own(store, options.utc_now())
        raise
