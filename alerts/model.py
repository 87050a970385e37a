"""The records that rule tables are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["critical", "warning", "info"]
"""critical: a person is called where the monitor's tier is critical; warning: a ticket; info: neither."""
AlertClass = Literal["slo", "serving", "drift", "trend", "checks", "platform", "privacy", "inhibitor", "config"]
"""What Alertmanager routes and inhibits by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recording rule."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule; render.py adds the links and the labels that follow from severity and class."""

    name: str
    expr: str
    severity: Severity
    alert_class: AlertClass
    summary: str
    description: str
    wait: str | None = None
    """`for`: how long the expression must hold."""
    keep: str | None = None
    """`keep_firing_for`, so that tickets do not flap."""
    sloth_severity: Literal["page", "ticket"] | None = None
    whole: bool = False
    """True: about the installation, without a label `monitor`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    rules: tuple[Record | Alert, ...]
    interval: str = "1m"
