"""`xdrift diagnose`: the runbook's decision tree, walked for one monitor."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, tell

if TYPE_CHECKING:
    from rich.text import Text

    from monitor.diagnose import Diagnosis, Facts
    from monitor.settings import MonitorSettings
    from monitor.store import Store

EXIT_CODES = {"fine": 0, "not_checked": 3, "no_data": 3, "unclear": 3}
"""Every other branch is 1."""
_LOOK_BACK = 20
"""Checks among which the latest judged one is looked for."""


def diagnose(
    monitor: Annotated[str, typer.Argument(metavar="MONITOR", help="Name in the configuration.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Walk the runbook's decision tree for one monitor and say which branch applies, with the evidence.

    Exit code 0: nothing is wrong. 1: a branch applies. 3: checks are missing or could not judge.
    """
    settings = load_settings(config)
    (one,) = chosen(settings, [monitor])
    from monitor.diagnose import diagnose as walk
    from monitor.store import Store

    with Store.open(settings.store.url) as store:
        found = walk(_facts(store, one))
    if as_json:
        print_json(asdict(found))
    else:
        tell(*_view(found))
    return EXIT_CODES.get(found.branch, 1)


def _facts(store: Store, monitor: MonitorSettings) -> Facts:
    from monitor.diagnose import Facts
    from monitor.errors import ConfigError

    now = options.utc_now()
    snapshot = store.snapshot(now)
    status = next((one for one in snapshot.monitors if one.name == monitor.name), None)
    if status is None:
        raise ConfigError(
            f"monitor {monitor.name!r} is not in the store", seen="never registered", expected="a monitor that was run",
            hint=f"start `xdrift serve`, or run `xdrift check {monitor.name}`",
        )  # fmt: skip
    recent = store.checks(monitor.name, limit=_LOOK_BACK)
    return Facts(
        now=now,
        status=status,
        snapshot=snapshot,
        latest=recent[0] if recent else None,
        judged=next((check for check in recent if check.outcome == "succeeded"), None),
        reference=next((one for one in store.references(monitor.name) if one.active), None),
    )


def _view(found: Diagnosis) -> list[Text]:
    from rich.text import Text

    marks = {"yes": ("yes", "bold red"), "no": ("no", "green"), "unknown": ("unknown", "magenta")}
    parts: list[Text] = [Text(found.monitor, style="bold"), Text()]
    for number, step in enumerate(found.steps, 1):
        word, style = marks[step.answer]
        parts.append(Text.assemble(f"{number}. {step.question} ", (word, style)))
        parts += [Text(f"   {line}", style="dim") for line in step.evidence]
    parts += [Text(), Text(found.conclusion, style="bold")]
    parts += [Text(f"next: {step}") for step in found.next_steps]
    return parts
