"""The three Grafana dashboards, ready to be imported.

    import dashboards

    for name in dashboards.NAMES:
        document = dashboards.load(name, daemon_url="https://xdrift.internal")

`json/*.json` is generated: `python -m dashboards` writes it again from the tables in exec.py, oncall.py and debug.py.
Only that needs grafana-foundation-sdk; reading what is shipped needs nothing.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = ["NAMES", "UIDS", "load", "text"]

NAMES = ("exec", "oncall", "debug")
"""One question each: can we trust and afford our explanations; what is broken now; why."""

UIDS = {name: f"xdrift-{name}" for name in NAMES}
"""Name to the uid in Grafana, which never changes: alerts and messages link to it."""

DAEMON = "daemon"
"""Name of the constant variable that holds the address of the daemon's pages."""


def text(name: str) -> str:
    """The file of one dashboard as it is shipped. Raises KeyError for a name that is not in NAMES."""
    if name not in NAMES:
        raise KeyError(name)
    return (files(__name__) / "json" / f"{name}.json").read_text(encoding="utf-8")


def load(name: str, *, daemon_url: str | None = None) -> dict[str, Any]:
    """One dashboard in Grafana's classic JSON model, with links to the daemon's pages under `daemon_url`.

    Without an address the links stay those of a daemon on this machine. Raises KeyError for an unknown name.
    """
    document: dict[str, Any] = json.loads(text(name))
    if daemon_url is not None:
        address = daemon_url.rstrip("/")
        (constant,) = (one for one in document["templating"]["list"] if one["name"] == DAEMON)
        constant["query"] = address
        constant["current"] = {"selected": False, "text": address, "value": address}
    return document
