"""One monitor's share of the facts, cut into weeks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from monitor import slots
from monitor.reports.model import Counts, StateKey
from monitor.reports.weeks import Week, weeks_until
from monitor.settings import MonitorSettings
from monitor.store.reported import (
    ActivationLine,
    CheckLine,
    DeploymentLine,
    FeatureWeek,
    MonitorLine,
    WeeklyFacts,
)
from monitor.types import Check, Maintenance

_TICK = timedelta(microseconds=1)
_STATES: tuple[StateKey, ...] = ("none", "warning", "severe")


def judged(checks: Iterable[CheckLine]) -> list[CheckLine]:
    return [check for check in checks if check.outcome == "succeeded"]


def worst(checks: Iterable[CheckLine]) -> CheckLine | None:
    """The check that speaks for some: the latest at the highest level; where none judged the latest of all."""
    found = sorted(checks, key=lambda check: (check.outcome == "succeeded", check.level, check.planned_at))
    return found[-1] if found else None


def last_quiet(checks: Iterable[CheckLine], before: CheckLine) -> CheckLine | None:
    """The latest judged check of the same monitor, planned earlier, that found nothing."""
    earlier = (one for one in checks if one.monitor == before.monitor and one.planned_at < before.planned_at)
    return max((one for one in judged(earlier) if not one.level), key=lambda one: one.planned_at, default=None)


def state_of(checks: Iterable[CheckLine]) -> StateKey:
    """How some checks are shown together. Green is only for checks that judged and found nothing."""
    speaks = worst(checks)
    if speaks is None:
        return "nothing"
    if speaks.outcome != "succeeded" or speaks.verdict == "unknown":
        return "unknown"
    return "warning" if speaks.level == 0 and speaks.verdict != "none" else _STATES[speaks.level]


@dataclass(frozen=True)
class Watched:
    """What the week's report of one monitor is made from."""

    line: MonitorLine
    settings: MonitorSettings
    week: Week
    facts: WeeklyFacts
    parts: Mapping[str, Check]
    """Headline checks with findings and contributions."""
    external_url: str | None
    channels: bool
    """Somebody can be told: a channel is configured."""

    @property
    def name(self) -> str:
        return self.line.name

    @cached_property
    def weeks(self) -> tuple[Week, ...]:
        count = (self.facts.end - self.facts.since) // timedelta(weeks=1)
        return weeks_until(self.week, count)

    @cached_property
    def by_week(self) -> dict[Week, list[CheckLine]]:
        """Planned checks of each week of the trend, in order; confirming ones are no slots of their own."""
        found: dict[Week, list[CheckLine]] = {week: [] for week in self.weeks}
        for check in self.facts.checks:
            if check.monitor == self.name and check.confirms is None:
                found.setdefault(Week.of_window(check.window), []).append(check)
        return found

    @cached_property
    def confirming(self) -> dict[str, CheckLine]:
        """Check to the one that looked at it again."""
        mine = (check for check in self.facts.checks if check.monitor == self.name)
        return {check.confirms: check for check in mine if check.confirms is not None}

    @property
    def checks(self) -> list[CheckLine]:
        return self.by_week[self.week]

    @property
    def before(self) -> list[CheckLine]:
        return self.by_week.get(self.week.plus(-1), [])

    @property
    def headline(self) -> CheckLine | None:
        return worst(self.checks)

    @property
    def state(self) -> StateKey:
        return state_of(self.checks)

    @property
    def over(self) -> bool:
        """Something was found in the week, and its last judged check was quiet again."""
        found = judged(self.checks)
        return bool(found) and any(check.level for check in found) and found[-1].level == 0

    @cached_property
    def features(self) -> dict[Week, dict[str, FeatureWeek]]:
        found: dict[Week, dict[str, FeatureWeek]] = {}
        for one in self.facts.features:
            if one.monitor == self.name:
                found.setdefault(Week.of(one.week), {})[one.feature] = one
        return found

    @cached_property
    def counts(self) -> Counts:
        found = judged(self.checks)
        return Counts(
            expected=max(self._expected(), len(self.checks)),  # a backfill checks slots of before
            done=len(self.checks),
            judged=len(found),
            warning=sum(check.level == 1 for check in found),
            severe=sum(check.level == 2 for check in found),
            unknown=sum(check.outcome == "unknown" for check in self.checks),
            failed=sum(check.outcome == "failed" for check in self.checks),
            skipped=sum(one.n for one in self.facts.skipped if one.monitor == self.name),
        )

    def _expected(self) -> int:
        """Slots whose window ends in (start, end] of the week, of the time since the monitor is there."""
        schedule = self.settings.schedule
        first = max(self.week.start + schedule.delay + _TICK, self.line.created_at)
        return sum(1 for _ in slots.planned(schedule, first, self.week.end + schedule.delay + _TICK))

    def runs(self, week: Week) -> tuple[StateKey, int]:
        """The state of a week, and how many weeks up to it stood without a break in the same kind: raised, quiet or
        not judged. At most as many as the trend has."""
        state = state_of(self.by_week.get(week, ()))
        count = 0
        while week in self.by_week and _kind(state_of(self.by_week[week])) == _kind(state):
            count, week = count + 1, week.plus(-1)
        return state, count

    @cached_property
    def deployments(self) -> list[tuple[DeploymentLine, DeploymentLine | None]]:
        """Those of this week with the one before each."""
        mine = [one for one in self.facts.deployments if one.monitor == self.name]
        planned = {check.planned_at for check in self.checks}
        known = {check.planned_at for checks in self.by_week.values() for check in checks}
        pairs = zip(mine, [None, *mine], strict=False)
        return [
            (one, earlier)
            for one, earlier in pairs
            if one.activated_at in planned or (one.activated_at not in known and self.holds(one.activated_at))
        ]

    @property
    def activations(self) -> list[ActivationLine]:
        return [one for one in self.facts.activations if one.monitor == self.name and self.holds(one.activated_at)]

    @property
    def reference(self) -> ActivationLine | None:
        """The one in force at the end of the week."""
        mine = [one for one in self.facts.activations if one.monitor == self.name]
        return mine[-1] if mine else None

    @property
    def maintenances(self) -> list[Maintenance]:
        """Open at some time of the week."""
        return [
            one for one in self.facts.maintenances
            if one.monitor == self.name and one.start < self.week.end and one.end > self.week.start
        ]  # fmt: skip

    def holds(self, moment: datetime) -> bool:
        return self.week.start <= moment < self.week.end

    def comparable(self) -> bool:
        """This week and the one before were explained alike."""
        now, then = ({check.explainer_digest for check in judged(some)} for some in (self.checks, self.before))
        return len(now) == 1 and now == then

    def url(self, check_id: str | None = None) -> str | None:
        """The daemon's page of a check, of the monitor without one."""
        if not self.external_url:
            return None
        path = f"checks/{check_id}" if check_id else f"monitors/{self.name}"
        return f"{self.external_url.rstrip('/')}/{path}"


def _kind(state: StateKey) -> str:
    return "raised" if state in ("warning", "severe") else state
