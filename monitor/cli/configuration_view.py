"""What `xdrift check-config` shows to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from monitor.probe import Probe


def plans_view(plans: Sequence[Mapping[str, Any]]) -> Group:
    """A block per monitor: when, over what, how many rows, from where."""
    parts: list[RenderableType] = []
    for plan in plans:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        slots = ", ".join(_short(slot) for slot in plan["next_slots"])
        start, end = plan["next_window"]
        end_of_window = "each slot" if plan["delay"] == "0s" else f"{plan['delay']} before each slot"
        table.add_row("schedule", f"{plan['schedule']}, next {slots} UTC")
        table.add_row("window", f"{plan['window']} up to {end_of_window}, next {_short(start)} to {_short(end)} UTC")
        table.add_row("rows", f"up to {plan['rows']:,} drawn; under {plan['min_rows']:,} the verdict is unknown")
        for part in ("model", "holdout", "predictions"):
            table.add_row(part, _from_here(str(plan[part])))
        if plan["explanation_log"] is not None:
            table.add_row("explanation log", _log_line(plan["explanation_log"]))
        table.add_row("objectives", _objectives(plan))
        for warning in plan["warnings"]:
            table.add_row(Text("warning", "yellow"), warning)
        parts += [
            Text(),
            Text.assemble((plan["name"], "bold"), f", owner {plan['owner']}"),
            Padding(table, (0, 0, 0, 2)),
        ]
    return Group(*parts)


def grafana_line(grafana: Mapping[str, Any]) -> str:
    """Where annotations go, and whether they can lead back."""
    if not grafana["annotations"]:
        return f"No annotations in Grafana at {grafana['url']} (grafana.annotate is false)"
    links = "" if grafana["links"] else ", without links to checks (server.external_url is not set)"
    token = "" if grafana["token"] else ", without a token (XDRIFT_GRAFANA__TOKEN is not set)"
    told = "model versions, references, level changes and maintenance"
    return f"Annotations of {told} go to Grafana at {grafana['url']}{links}{token}"


def reports_line(reports: Mapping[str, Any]) -> str:
    """What is made of the week, when, and where it goes."""
    what = f"of {reports['week']} with trends over {reports['weeks']} weeks"
    extra = ", with Evidently's sections" if reports["evidently"] else ""
    to = [f"the directory {_from_here(reports['directory'])}"]
    if reports["mail"] is not None:
        recipients = reports["mail"]["recipients"]
        to.append(
            f"{len(recipients)} recipient{'s' * (len(recipients) > 1)} by mail through {reports['mail']['server']}"
        )
    if reports["channels"]:
        to.append(f"channel{'s' * (len(reports['channels']) > 1)} {', '.join(reports['channels'])}")
    return f"Weekly report {what}{extra}: next made {_short(reports['at'])} UTC by xdrift serve, for {'; '.join(to)}"


def _log_line(log: Mapping[str, Any]) -> str:
    price = f"${log['price_per_hour']:,.6g} per hour of compute" if log["price_per_hour"] else "without a price"
    named = ", ".join(f"{', '.join(names)} ({setting})" for setting, names in log["kept_back"].items())
    return (
        f"{_from_here(log['from'])}, read every {log['every']}; slow over {log['latency_threshold']}, "
        f"ids remembered for {log['remember']}; {price}; {f'kept back: {named}' if named else 'no column is kept back'}"
    )


def _objectives(plan: Mapping[str, Any]) -> str:
    named = ", ".join(f"{name} {objective:.10g}" for name, objective in plan["objectives"].items())
    return f"{named}, over {plan['slo_period']}"


def probe_view(tried: Probe) -> RenderableType:
    """One part on one line; a failure as its four facts."""
    what = f"{tried.monitor} {tried.part}" if tried.monitor else tried.part
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=6)
    table.add_column(overflow="fold")
    if tried.untried:
        table.add_row(Text("–", "dim"), f"{what}: not tried, {tried.found}")
        return table
    if tried.error is None and tried.next is not None:
        table.add_row(Text("warn", "yellow"), f"{what}: {tried.found}\n{'next:':<10}{tried.next}")
        return table
    if tried.error is None:
        table.add_row(Text("ok", "green"), f"{what}: {tried.found}")
        return table
    error = tried.error
    facts = [("seen", error.seen), ("expected", error.expected), ("next", error.hint)]
    lines = [f"{word + ':':<10}{value}" for word, value in facts if value is not None]
    table.add_row(Text("failed", "bold red"), "\n".join([f"{what}: {error.thing}", *lines]))
    return table


def _from_here(place: str) -> str:
    """A file under the working directory without the way to it."""
    path = Path(place)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else place


def _short(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}"
