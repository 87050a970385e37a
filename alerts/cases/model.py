"""One case of the rules' tests, and the series that most cases need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Values = str | float
"""promtool's notation, in which {n} stands for the length of the case; a number goes on to its end."""
Series = dict[str, Values]
PLACE = 'cluster="eu", namespace="ml", job="xdrift"'
HERE = {"cluster": "eu", "namespace": "ml", "job": "xdrift"}
"""Labels of an installation's alerts."""
WHO = {**HERE, "monitor": "m1", "model": "credit"}
"""Labels that come with every series of m1."""
NAMED = {**WHO, "model_version": "v1", "model_owner": "risk", "tier": "critical", "cadence": "hourly"}
"""And what the info row adds."""
M1 = 'cluster="eu", monitor="m1"'
M2 = 'cluster="eu", monitor="m2"'
M3 = 'cluster="eu", monitor="m3"'
M4 = 'cluster="eu", monitor="m4"'
M5 = 'cluster="eu", monitor="m5"'
EU = 'cluster="eu"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Series, moments and what is expected then. Time 0 is the epoch.

    Every series is of one replica. The others are made up: an equal one, one whose values are all 0 (its snapshot is
    behind), and the same monitors in another cluster and under other names, so that a rule that mixes any of these up
    shows in every case. A series that names its pod is taken as it is.
    """

    name: str
    series: Mapping[str, Values]
    interval: str = "1m"
    """Between two samples, and between two evaluations."""
    fires: tuple[tuple[str, str, str], ...] = ()
    """(moment, alert, matchers): exactly one fires."""
    quiet: tuple[tuple[str, str, str], ...] = ()
    """(moment, alert, matchers): none fires."""
    values: tuple[tuple[str, str, float | None], ...] = ()
    """(moment, expression without labels in its result, value); None: no result."""
    told: tuple[tuple[str, str, Mapping[str, str], str], ...] = ()
    """(moment, alert, all its labels but the rule's own, description): nothing else of that name fires there."""
    behind: bool = True
    """Make up the replica that is behind."""
    twins: bool = True
    """Make up the same monitors under other names."""

    def moments(self) -> Iterator[str]:
        for found in (self.fires, self.quiet, self.values, self.told):
            yield from (entry[0] for entry in found)

    def alerts(self) -> set[str]:
        return {entry[1] for found in (self.fires, self.quiet, self.told) for entry in found}

    def expressions(self) -> str:
        return " ".join(entry[1] for entry in self.values)


def on(metric: str, labels: str = "", *, monitor: str = "m1") -> str:
    """A series of a monitor."""
    inside = ", ".join(filter(None, [PLACE, f'monitor="{monitor}", model="credit"', labels]))
    return f"{metric}{{{inside}}}"


def daemon(metric: str, labels: str = "") -> str:
    """A series of the installation."""
    return f"{metric}{{{', '.join(filter(None, [PLACE, labels]))}}}"


def only(pod: str, series: Mapping[str, Values]) -> Series:
    """The same as one replica alone says it."""
    return {key.replace("{", f'{{instance="{pod}:9464", pod="{pod}", ', 1): values for key, values in series.items()}


def abroad(series: Mapping[str, Values]) -> Series:
    """The same in a third cluster, by itself."""
    return only("abroad", {key.replace('cluster="eu"', 'cluster="ap"'): values for key, values in series.items()})


def info(
    monitor: str = "m1",
    *,
    version: str = "v1",
    tier: str = "critical",
    cadence: str = "hourly",
    values: Values = 1,
    deployed: Values | None = 60,
) -> Series:
    """Who the monitor is."""
    row = f'model_version="{version}", model_owner="risk", tier="{tier}", cadence="{cadence}"'
    found: Series = {on("xdrift_monitor_info", row, monitor=monitor): values}
    if deployed is not None:
        found[on("xdrift_model_deployed_timestamp_seconds", f'model_version="{version}"', monitor=monitor)] = deployed
    return found


def objective(slo: str, ratio: float, *, days: float = 30, monitor: str = "m1") -> Series:
    return {
        on("xdrift_slo_objective_ratio", f'slo="{slo}"', monitor=monitor): ratio,
        on("xdrift_slo_period_seconds", f'slo="{slo}"', monitor=monitor): days * 86400,
    }


def renamed(series: Mapping[str, Values]) -> Series:
    """Objectives, with those held for two days of when the monitor's model had another name: the laxer ones count."""
    older: Series = {}
    for key, value in series.items():
        assert isinstance(value, float | int)
        stricter = (1 + value) / 2 if key.startswith("xdrift_slo_objective_ratio") else value / 2
        older[key.replace('model="credit"', 'model="older"')] = stricter
    return join(series, older)


def formerly(series: Mapping[str, Values], samples: int) -> Series:
    """The series of a monitor whose model had another name for so many samples: all of them end under the one name and
    begin under the other, totals with 0. Values are a number or a slope."""
    found: Series = {}
    for key, values in series.items():
        begin, _, slope = str(values).removesuffix("x{n}").partition("+")
        step = float(slope or 0)
        then = 0.0 if "_total{" in key else float(begin) + step * samples
        found[key.replace('model="credit"', 'model="older"')] = f"{begin}+{step:.10g}x{samples - 1}"
        found[key] = f"_x{samples} {then:.10g}+{step:.10g}x{{n}}"
    return found


def checked(*, success: Values, failures: Values = 0, interval: Values = 3600, monitor: str = "m1") -> Series:
    """What the store says of the checks of a monitor that is a hundred days old."""
    return {
        on("xdrift_monitor_created_timestamp_seconds", monitor=monitor): -8640000,
        on("xdrift_check_last_success_timestamp_seconds", monitor=monitor): success,
        on("xdrift_check_interval_seconds", monitor=monitor): interval,
        on("xdrift_check_consecutive_failures", monitor=monitor): failures,
    }


def covered(events: str, bad: str, *, left_out: Values = 0, monitor: str = "m1") -> Series:
    """Predictions, those without an explanation, and those that sampling left out."""
    return {
        on("xdrift_predictions_unexplained_total", 'reason="sampling"', monitor=monitor): left_out,
        on("xdrift_predictions_total", monitor=monitor): events,
        on("xdrift_predictions_unexplained_total", 'reason="timeout"', monitor=monitor): bad,
        on("xdrift_predictions_unexplained_total", 'reason="disabled"', monitor=monitor): 0,
    }


def drifted(level: Values, streak: Values, *, view: str = "traffic", monitor: str = "m1") -> Series:
    return {
        on("xdrift_drift_level", f'view="{view}"', monitor=monitor): level,
        on("xdrift_drift_streak_checks", f'view="{view}"', monitor=monitor): streak,
    }


def join(*parts: Mapping[str, Values]) -> Series:
    found: Series = {}
    for part in parts:
        assert not set(part) & set(found)
        found |= part
    return found


def between(at: str, series: str, low: float, high: float) -> tuple[str, str, float | None]:
    """Exactly one such series, with a value between the two: for what depends on where a window begins, since
    Prometheus 3 leaves out the sample that its start falls on."""
    return (at, f"sum({series} > bool {low}) - sum({series} > bool {high})", 1)


def minutes(text: str) -> int:
    """`1d2h30m` in minutes."""
    unit = {"d": 1440, "h": 60, "m": 1}
    return sum(int(number) * unit[letter] for number, letter in re.findall(r"(\d+)([dhm])", text))
