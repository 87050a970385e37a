"""Objectives of the configuration as specifications of Sloth, Pyrra and OpenSLO.

All of them read what our recording rules make, so that replicas count once and freshness and drift mean what they mean
here. Objectives on events become ratios of counts, those on minutes become shares of good minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from monitor.names import LEFT_OUT
from monitor.settings import MonitorSettings

EVENTS: dict[str, str] = {
    "coverage": "Predictions that were explained, of those that sampling did not leave out.",
    "latency": "Explanations within the monitor's latency threshold.",
    "errors": "Explanations that did not fail.",
    "checks": "Checks that did not fail.",
}
MINUTES: dict[str, str] = {
    "freshness": "Minutes in which the latest verdict was recent enough.",
    "drift": "Minutes without confirmed severe drift.",
    "explanations": "Minutes in which no other objective but privacy was in incident.",
}
"""Objectives and what they count. Privacy accepts no incident at all, which is no budget: it has an alert instead."""
COUNTERS: dict[str, tuple[str, str]] = {
    "coverage": ("xdrift_predictions_unexplained_total", "xdrift_predictions_total"),
    "latency": ("xdrift_explanations_slow_total", "xdrift_explanations_total"),
    "errors": ("xdrift_explanation_errors_total", "xdrift_explanations_total"),
    "checks": ("xdrift_check_failures_total", "xdrift_checks_total"),
}
"""Objective on events to its bad events and its events, before predictions that sampling left out are taken off."""
_TRIED = {"coverage": f',reason!="{LEFT_OUT}"'}
"""Objective to what its bad events are narrowed by."""
SERVED = ("coverage", "latency", "errors")
"""Objectives that need an explanation log."""


def objectives(monitor: MonitorSettings) -> dict[str, float]:
    """Objective to share, of those that this monitor has data for."""
    return {
        slo: ratio
        for slo, ratio in monitor.slo.objectives().items()
        if slo in {**EVENTS, **MINUTES} and (monitor.telemetry is not None or slo not in SERVED)
    }


def _selector(monitor: MonitorSettings, slo: str) -> str:
    return f'{{monitor="{monitor.name}",slo="{slo}"}}'


def _healthy(monitor: MonitorSettings, slo: str) -> str:
    return f"monitor_slo:xdrift_healthy:bool{_selector(monitor, slo)}"


def _percent(ratio: float) -> float:
    return float(f"{ratio * 100:.10g}")


def _sloth(monitor: MonitorSettings) -> list[dict[str, Any]]:
    """One document per monitor; Sloth's own alerts take over."""
    return [
        {
            "version": "prometheus/v1",
            "service": monitor.name,
            "labels": {"model_owner": monitor.owner, "tier": monitor.tier},
            "slos": [
                {
                    "name": slo,
                    "objective": _percent(ratio),
                    "description": {**EVENTS, **MINUTES}[slo],
                    "sli": {"raw": {"error_ratio_query": _error_ratio(monitor, slo)}},
                    "alerting": {
                        "name": f"Explanation{slo.capitalize()}",
                        "labels": {"model": monitor.model_label},
                        "page_alert": {"disable": True} if slo == "drift" else {"labels": {"severity": "critical"}},
                        "ticket_alert": {"labels": {"severity": "warning"}},
                    },
                }
                for slo, ratio in objectives(monitor).items()
            ],
        }
    ]


def _error_ratio(monitor: MonitorSettings, slo: str) -> str:
    """Sloth puts each of its windows into {{.window}}; our recorded ratios exist for exactly these."""
    where = _selector(monitor, slo)
    if slo in MINUTES:
        # As our own: the minutes of a window before the first that was judged are good. Its length is what the window
        # itself spans, since Sloth tells no number of seconds.
        return (
            f"(1 - avg_over_time({_healthy(monitor, slo)}[{{{{.window}}}}]))\n"
            f"* clamp_max((time() - min_over_time(monitor_slo:xdrift_healthy:timestamp{where}[{{{{.window}}}}]) + 60)\n"
            "    / scalar(time() - min_over_time(vector(time())[{{.window}}:10s])), 1)\n"
        )
    return (
        f"sum_over_time(monitor_slo:xdrift_slo_bad_events:increase5m{where}[{{{{.window}}}}])\n"
        f"/ (sum_over_time(monitor_slo:xdrift_slo_events:increase5m{where}[{{{{.window}}}}]) > 0)\n"
    )


def _pyrra(monitor: MonitorSettings) -> list[dict[str, Any]]:
    """Its alert on absence fires for every counter that a quiet flow has not begun, so it is off."""
    return [
        {
            "apiVersion": "pyrra.dev/v1alpha1",
            "kind": "ServiceLevelObjective",
            "metadata": {
                "name": f"xdrift-{monitor.name}-{slo}",
                "labels": {"pyrra.dev/model_owner": monitor.owner, "pyrra.dev/tier": monitor.tier},
            },
            "spec": {
                "target": f"{_percent(ratio):g}",
                "window": monitor.slo.period,
                "description": {**EVENTS, **MINUTES}[slo],
                "indicator": _pyrra_indicator(monitor, slo),
                "alerting": {"absent": False},
            },
        }
        for slo, ratio in objectives(monitor).items()
    ]


def _pyrra_indicator(monitor: MonitorSettings, slo: str) -> dict[str, Any]:
    """Replicas double bad events and events alike, so the ratio of the raw counters is right.

    Both are single selectors to Pyrra, which cannot subtract: events hold what sampling left out.
    """
    if slo in MINUTES:
        return {"bool_gauge": {"metric": _healthy(monitor, slo)}}
    bad, events = COUNTERS[slo]
    where = f'monitor="{monitor.name}"'
    return {
        "ratio": {
            "errors": {"metric": f"{bad}{{{where}{_TRIED.get(slo, '')}}}"},
            "total": {"metric": f"{events}{{{where}}}"},
        }
    }


def _openslo(monitor: MonitorSettings) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "openslo/v1",
            "kind": "SLO",
            "metadata": {
                "name": f"{monitor.name}-{slo}",
                "labels": {"model_owner": monitor.owner, "tier": monitor.tier},
            },
            "spec": {
                "description": {**EVENTS, **MINUTES}[slo],
                "service": monitor.name,
                "budgetingMethod": "Occurrences" if slo in EVENTS else "Timeslices",
                "timeWindow": [{"duration": monitor.slo.period, "isRolling": True}],
                "indicator": {"metadata": {"name": f"{monitor.name}-{slo}"}, "spec": _indicator(monitor, slo)},
                "objectives": [_objective(slo, ratio)],
            },
        }
        for slo, ratio in objectives(monitor).items()
    ]


def _objective(slo: str, ratio: float) -> dict[str, Any]:
    if slo in EVENTS:
        return {"displayName": slo, "target": ratio}
    return {
        "displayName": slo,
        "op": "gte",
        "value": 1,
        "target": ratio,
        "timeSliceTarget": 1.0,
        "timeSliceWindow": "1m",
    }


def _source(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _indicator(monitor: MonitorSettings, slo: str) -> dict[str, Any]:
    if slo in MINUTES:
        return {"thresholdMetric": _source(_healthy(monitor, slo))}
    bad, events = COUNTERS[slo]
    where = f'monitor="{monitor.name}"'
    total = f"max({events}{{{where}}})"
    if slo in _TRIED:
        total = f'max({events}{{{where}}} - ignoring (reason) {bad}{{{where},reason="{LEFT_OUT}"}})'
    wrong = f"max(sum without (reason) ({bad}{{{where}{_TRIED.get(slo, '')}}}))"
    return {"ratioMetric": {"counter": True, "bad": _source(wrong), "total": _source(total)}}


FORMATS: dict[str, Callable[[MonitorSettings], list[dict[str, Any]]]] = {
    "sloth": _sloth,
    "pyrra": _pyrra,
    "openslo": _openslo,
}


def specifications(form: str, monitors: Iterable[MonitorSettings]) -> list[dict[str, Any]]:
    """The documents of one format, monitors in the given order. Raises KeyError for an unknown format."""
    make = FORMATS[form]
    return [document for monitor in monitors for document in make(monitor)]
