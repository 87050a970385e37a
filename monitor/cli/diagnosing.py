"""`xdrift diagnose`: the runbook's decision tree, walked for one monitor."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, say, tell

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from monitor.diagnose.model import Diagnosis, Facts
    from monitor.settings import MonitorSettings
    from monitor.store import Store

EXIT_CODES = {"fine": 0, "not_checked": 3, "no_data": 3, "unclear": 3, "waiting": 3}
"""Every other branch is 1."""
_TICK = timedelta(microseconds=1)
_LOOK_BACK = 20
"""Checks among which the latest judged one is looked for."""


def diagnose(
    monitor: Annotated[str, typer.Argument(metavar="MONITOR", help="Name in the configuration.")],
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Walk it as of the latest check planned by then, with Z or an offset; as of now when absent.",
        ),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Walk the runbook's decision tree for one monitor and say which branch applies, with the evidence.

    Exit code 0: nothing is wrong. 1: a branch applies. 3: checks are missing, not due yet, or could not judge.
    """
    settings = load_settings(config)
    (one,) = chosen(settings, [monitor])
    from monitor.diagnose import diagnose as walk
    from monitor.publish.serialise import to_json

    then = None if at is None else options.moment(at, "--at")
    with options.open_store(settings, quiet=as_json) as store:
        found = walk(_facts(store, one, then))
    if as_json:
        print_json(to_json(found))
    else:
        tell(*_view(found))
        for step in found.next_steps:
            say(f"next: {step}")
    return EXIT_CODES.get(found.branch, 1)


def _facts(store: Store, monitor: MonitorSettings, at: datetime | None) -> Facts:
    from monitor import slots
    from monitor.diagnose.model import LATELY, Facts
    from monitor.errors import ConfigError

    now = options.utc_now()
    snapshot = store.snapshot(now)
    status = next((one for one in snapshot.monitors if one.name == monitor.name), None)
    if not store.checks(monitor.name, limit=1):
        options.require_references(store, [monitor])  # which a check would ask for
    if status is None:
        raise ConfigError(
            f"monitor {monitor.name!r} is not in the store", seen="never registered", expected="a monitor that was run",
            hint=f"start `xdrift serve`, or run `xdrift check {monitor.name}`",
        )  # fmt: skip
    recent = store.checks(monitor.name, limit=_LOOK_BACK, before=None if at is None else at + _TICK)
    if at is not None and not recent:
        raise ConfigError(
            f"no check of {monitor.name} was planned by then", seen=f"--at {at:%Y-%m-%dT%H:%M:%SZ}",
            expected="a time at or after a check that is on record",
            hint="leave --at out for what is known now; store.retention.checks says how long checks are kept",
        )  # fmt: skip
    used = recent[0].reference_id if at is not None else None
    return Facts(
        now=now,
        status=status,
        snapshot=snapshot,
        latest=recent[0] if recent else None,
        judged=next((check for check in recent if check.outcome == "succeeded"), None),
        served=None if status.telemetry is None else store.served_lately(monitor.name, now - LATELY),
        reference=next(
            (one for one in store.references(monitor.name) if (one.id == used if used else one.active)), None
        ),
        first_slot=slots.next_slot(monitor.schedule, max(status.created_at, status.interval_since)),
        past=at is not None,
    )


def _view(found: Diagnosis) -> list[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    marks = {"yes": ("yes", "bold red"), "no": ("no", "green"), "unknown": ("unknown", "magenta")}
    as_of = "" if found.at is None else f", as of the check of {found.at:%Y-%m-%d %H:%M} UTC"
    parts: list[RenderableType] = [Text.assemble((found.monitor, "bold"), as_of), Text()]
    for number, step in enumerate(found.steps, 1):
        word, style = marks[step.answer]
        parts.append(Text.assemble(f"{number}. {step.question} ", (word, style)))
        parts += [Padding(Text(line, style="dim"), (0, 0, 0, 3)) for line in step.evidence]
    return [*parts, Text(), Text(found.conclusion, style="bold")]
