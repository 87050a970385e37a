"""Which of Grafana's data sources the dashboards use."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.errors import PublishError

KINDS: dict[str, tuple[str, ...]] = {
    "Prometheus": ("prometheus",),
    "PostgreSQL": ("grafana-postgresql-datasource", "postgres"),
}
"""Data source to the names of its plugin, the newest first."""
_NEEDED = "Prometheus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The data source that the dashboards' variables will point at."""

    kind: str
    name: str
    uid: str


def choose(found: Sequence[Mapping[str, Any]], where: str) -> tuple[Source, ...]:
    """Of each kind Grafana's default, else the first by name. Raises PublishError when there is no Prometheus."""
    chosen = []
    for kind, plugins in KINDS.items():
        fitting = [one for one in found if one.get("type") in plugins]
        fitting.sort(key=lambda one: (not one.get("isDefault"), str(one.get("name")).lower()))
        if fitting:
            chosen.append(Source(kind=kind, name=str(fitting[0]["name"]), uid=str(fitting[0]["uid"])))
        elif kind == _NEEDED:
            types = sorted({str(one.get("type")) for one in found})
            raise PublishError(
                f"no Prometheus data source in Grafana at {where}",
                seen=f"data sources of {', '.join(types)}" if types else "no data source",
                expected="one of type prometheus",
                hint="add the Prometheus that scrapes the daemon: in Grafana under Connections, Data sources, or by "
                "the file that `xdrift dashboards render --provider` writes",
            )
    return tuple(chosen)


def pointed(document: Mapping[str, Any], sources: Sequence[Source]) -> dict[str, Any]:
    """A dashboard whose data source variables are set, so that it does not depend on what a browser picks first."""
    made = copy.deepcopy(dict(document))
    for variable in made.get("templating", {}).get("list", ()):
        if variable.get("type") != "datasource":
            continue
        for source in sources:
            if variable.get("query") in KINDS[source.kind]:
                variable["current"] = {"selected": False, "text": source.name, "value": source.uid}
    return made
