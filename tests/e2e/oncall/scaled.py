"""The shipped rules and routes in a world sixty times as fast: every minute is a second."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ALERTS = Path(__file__).parents[3] / "alerts"
_DURATION = re.compile(r"(?<![\w.])((?:\d+(?:ms|[smhdwy]))+)(?![\w.])")
_SEEN = re.compile(r"\+ 60\) / (\d+), 1\)")
"""How much of a window was judged: the minute that each judgement stands for, and the window in seconds."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
FASTER = 60
SECONDS = {
    "_scheduler_heartbeat_timestamp_seconds) > 300": "_scheduler_heartbeat_timestamp_seconds) > 20",
    "+ 600)": "+ 10)",
    "_telemetry_last_success_timestamp_seconds) > 3600": "_telemetry_last_success_timestamp_seconds) > 60",
    "xdrift_check_interval_seconds) + 3600": "xdrift_check_interval_seconds) + 60",
}
"""Numbers of seconds in expressions; each must be found, so that a change of the rules is noticed here. The heartbeat
comes every 15 s of real time."""


def duration(text: str) -> str:
    """A duration sixty times as short, not below 100 ms."""
    seconds = sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|[smhdwy])", text))
    return f"{max(100, round(1000 * seconds / FASTER))}ms"


def rules() -> dict[str, Any]:
    """alerts/rules.yaml, faster."""
    text = (ALERTS / "rules.yaml").read_text(encoding="utf-8")
    for slow, fast in SECONDS.items():
        assert slow in text, f"{slow} is no longer in the rules: correct this table"
        text = text.replace(slow, fast)
    text, windows = _SEEN.subn(lambda found: f"+ {60 / FASTER:g}) / {int(found[1]) / FASTER:g}, 1)", text)
    assert windows, "how much of a window was judged is no longer in the rules: correct the pattern"
    document: dict[str, Any] = yaml.safe_load(text)
    for group in document["groups"]:
        group["interval"] = duration(group["interval"])
        for rule in group["rules"]:
            # Window names inside metric names (increase5m) are no durations: they touch letters.
            rule["expr"] = re.sub(r"\[[^\]]*\]|offset \S+", lambda found: _faster(found[0]), rule["expr"])
            for key in ("for", "keep_firing_for"):
                if key in rule:
                    rule[key] = duration(rule[key])
    return document


def _faster(text: str) -> str:
    return _DURATION.sub(lambda found: duration(found[1]), text)


def routes(receiver: str) -> dict[str, Any]:
    """alerts/alertmanager.example.yml, faster, delivering to `receiver`, without hours at which tickets wait."""
    document: dict[str, Any] = yaml.safe_load((ALERTS / "alertmanager.example.yml").read_text(encoding="utf-8"))
    _hurry(document["route"])
    document["global"]["resolve_timeout"] = "5s"
    document.pop("time_intervals", None)
    for one in document["receivers"]:
        for webhook in one.get("webhook_configs", ()):
            webhook["url"] = f"{receiver}/{one['name']}"
    return document


def _hurry(route: dict[str, Any]) -> None:
    for key in ("group_wait", "group_interval"):
        if key in route:
            route[key] = f"{max(1000, int(duration(route[key])[:-2]))}ms"
    for key in ("mute_time_intervals", "active_time_intervals"):
        route.pop(key, None)
    for inner in route.get("routes", ()):
        _hurry(inner)
