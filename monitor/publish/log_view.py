"""What the explanation log of one monitor has said so far, as the monitor's page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitor.names import QUARANTINE_MEANINGS
from monitor.publish.phrases import percent, percent_under
from monitor.types import Counter, MonitorStatus

_DATA = "xdrift_privacy_incidents_total"


class Fact(NamedTuple):
    """One line; `bad` where somebody must act."""

    title: str
    words: str
    bad: bool = False


def log_facts(status: MonitorStatus, counters: Sequence[Counter]) -> tuple[Fact, ...]:
    """Totals in words; empty for a monitor without explanation log. Those that are nothing are left out."""
    if status.telemetry is None:
        return ()
    mine = [one for one in counters if one.labels["monitor"] == status.name]
    explained = _total(mine, "xdrift_predictions_explained_total")
    seen = explained + _total(mine, "xdrift_predictions_unexplained_total")
    slow, stale = _total(mine, "xdrift_explanations_slow_total"), _total(mine, "xdrift_explanations_stale_total")
    sources = _by(mine, "xdrift_explanation_sources_total", "source")
    failing = status.telemetry.consecutive_failures
    threshold = status.telemetry.latency_threshold
    found = (
        Fact("Predictions", _seen(status, seen, explained)),
        Fact("Without", _named(_by(mine, "xdrift_predictions_unexplained_total", "reason"))),
        Fact("Failed", _named(_by(mine, "xdrift_explanation_errors_total", "reason"))),
        Fact("Answered by", ", ".join(f"{word} {percent(n / explained)}" for word, n in sources)),
        Fact("Slow", f"{slow:,.0f} above {1000 * (threshold or 0):,.0f} ms" if slow else ""),
        Fact("Stale", f"{stale:,.0f} of a cache that explains another model version" if stale else ""),
        Fact("Personal data", _named(_by(mine, _DATA, "kind")), bad=True),
        Fact("Quarantined", _set_aside(_by(mine, "xdrift_telemetry_quarantined_total", "reason")), bad=True),
        Fact("Failing polls", f"{failing} in a row" if failing else "", bad=True),
    )
    return tuple(fact for fact in found if fact.words)


def personal_data(status: MonitorStatus, counters: Sequence[Counter]) -> str:
    """Kinds of personal data in the explanation log and how many explanations held each, as in `email 3`.

    The counts are of all that was read. Empty without any, and once a whole period of records held none: what was found
    before it stays among the facts.
    """
    whole = any(slo.slo == "privacy" and slo.remaining is not None and slo.remaining > 0 for slo in status.slos)
    if status.telemetry is None or whole:
        return ""
    mine = [one for one in counters if one.name == _DATA and one.labels["monitor"] == status.name]
    return _named(_by(mine, _DATA, "kind"))


def _seen(status: MonitorStatus, seen: float, explained: float) -> str:
    if not seen:
        return "none yet"
    objective = next((slo.objective for slo in status.slos if slo.slo == "coverage"), 0.0)
    return f"{seen:,.0f}, {percent_under(explained / seen, objective)} with an explanation"


def _total(counters: Sequence[Counter], name: str) -> float:
    return sum(one.value for one in counters if one.name == name)


def _by(counters: Sequence[Counter], name: str, label: str) -> list[tuple[str, float]]:
    """(word of a label, total) of those above 0, the largest first."""
    found = [(one.labels[label], one.value) for one in counters if one.name == name and one.value]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _set_aside(totals: Sequence[tuple[str, float]]) -> str:
    told = "; ".join(f"{n:,.0f} {QUARANTINE_MEANINGS[word]}" for word, n in totals)
    return f"lines that could not be counted: {told}. xdrift doctor says where the first of them stand" if told else ""


def _named(totals: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{word.replace('_', ' ')} {n:,.0f}" for word, n in totals)
