"""Pieces of PromQL that several rules share.

Any number of replicas export the same durable series, so `instance` and `pod` are always aggregated away. Everything
else that a scrape configuration adds stays: two clusters may each have a monitor of the same name.
"""

from __future__ import annotations

from textwrap import indent

PLACE = "cluster, namespace, job"
"""Labels of one installation; one that is not used is empty and matches."""
KEY = f"{PLACE}, monitor"
"""Labels of one monitor."""
SLO = f"{KEY}, slo"
"""Labels of one objective."""
INFO = "monitor:xdrift_monitor_info:latest"
"""One row per monitor that is still expected, value 1, with version, owner, tier and cadence."""
COUNTED = {
    "xdrift_predictions_total": "monitor",
    "xdrift_predictions_explained_total": "monitor",
    "xdrift_predictions_unexplained_total": "monitor_reason",
    "xdrift_explanations_total": "monitor",
    "xdrift_explanations_slow_total": "monitor",
    "xdrift_explanation_errors_total": "monitor_reason",
    "xdrift_explanation_duration_seconds_count": "monitor",
    "xdrift_explanation_sources_total": "monitor_source",
    "xdrift_privacy_incidents_total": "monitor_kind",
    "xdrift_telemetry_records_total": "monitor",
    "xdrift_telemetry_quarantined_total": "monitor_reason",
    "xdrift_checks_total": "monitor",
    "xdrift_check_failures_total": "monitor_reason",
    "xdrift_notification_failures_total": "monitor",
}
"""Totals of the store to the labels that they have in every installation."""
PERIOD = f"max by ({SLO}) (slo:time_period:days)"


def held(expr: str) -> str:
    """The value that all replicas agree on; the newest where one of them is a snapshot behind."""
    return f"max without (instance, pod) ({expr})"


def total(counter: str) -> str:
    """The record of a counter of the store as all replicas, one after the other, show it; matchers stay."""
    name, brace, matchers = counter.partition("{")
    return f"{COUNTED[name]}:{name}:max{brace}{matchers}"


def grown(counter: str, window: str) -> str:
    """What a counter of the store grew by, also while one pod was replaced by another. A store restored from a backup
    shows smaller totals: increase() would take all of them for events of this moment."""
    return f"(last_over_time({total(counter)}[{window}]) - min_over_time({total(counter)}[{window}]))"


def named(expr: str) -> str:
    """Add who is concerned; a monitor that no longer exists has no row there and so no alert."""
    inner = indent(expr.strip(), "  ")
    return f"(\n{inner}\n)\n* on ({KEY}) group_left (model_version, model_owner, tier, cadence) {INFO}"


def lines(*parts: str) -> str:
    """Operands and operators, one below the other."""
    return "\n".join(part.strip("\n") for part in parts)


def block(expr: str) -> str:
    """An operand of its own, in brackets."""
    return f"(\n{indent(expr.strip(), '  ')}\n)"


def either(*parts: str) -> str:
    """The union of operands."""
    return "\nor\n".join(indent(part, "  ") for part in parts)


def sloth(expr: str) -> str:
    """Add the labels under which Sloth's dashboards look for an objective."""
    return (
        "label_replace(label_replace(label_join(\n"
        f"{indent(expr.strip(), '  ')},\n"
        '  "sloth_id", "-", "monitor", "slo"),\n'
        '  "sloth_service", "$1", "monitor", "(.*)"),\n'
        '  "sloth_slo", "$1", "slo", "(.*)")'
    )


def slo_is(expr: str, slo: str) -> str:
    """Give a series the label of an objective."""
    return f'label_replace({expr}, "slo", "{slo}", "", "")'
