"""The weeks up to the reported one: states, episodes, features, and why importances differ from the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.publish.phrases import VERDICT_TITLES
from monitor.reports.model import Episode, FeatureTrend, Part, TrendWeek
from monitor.reports.watched import Watched, state_of, worst
from monitor.reports.weeks import Week
from monitor.store.reported import CheckLine, FeatureWeek
from monitor.types import Check

FEATURES, PARTS, EPISODES = 15, 10, 12
"""How many features of the trend, bars and episodes are shown."""


def trend_week(week: Week, checks: Sequence[CheckLine]) -> TrendWeek:
    speaks = worst(checks)
    verdict = "" if speaks is None else "failed" if speaks.outcome == "failed" else speaks.verdict
    return TrendWeek(week=str(week), title=week.title, state=state_of(checks), verdict=verdict, checks=len(checks))


def episodes(week: Watched) -> tuple[Episode, ...]:
    """Runs of raised weeks with the same cause, the latest first."""
    runs: list[list[tuple[Week, CheckLine]]] = []
    for one in week.weeks:
        speaks = worst(week.by_week[one])
        if speaks is None or state_of([speaks]) not in ("warning", "severe"):
            continue
        before = runs[-1][-1] if runs else None
        if before is not None and before[0].plus(1) == one and before[1].verdict == speaks.verdict:
            runs[-1].append((one, speaks))
        else:
            runs.append([(one, speaks)])
    found = []
    for run in runs[::-1][:EPISODES]:
        speaks = max((check for _, check in run), key=lambda check: (check.level, check.planned_at))
        found.append(
            Episode(
                first=str(run[0][0]), last=str(run[-1][0]), weeks=len(run), state=state_of([speaks]),
                title=VERDICT_TITLES[speaks.verdict], sentence=speaks.sentence, url=week.url(speaks.id),
            )
        )  # fmt: skip
    return tuple(found)


def features(week: Watched) -> tuple[FeatureTrend, ...]:
    """The most important features, by their best place in any week, so that one that wakes up is there."""
    largest: dict[str, float] = {}
    ranks: dict[Week, dict[str, int]] = {}
    for one in week.weeks:
        found = {name: each.importance_current or 0.0 for name, each in week.features.get(one, {}).items()}
        total = sum(found.values()) or 1.0
        ordered = sorted(found, key=lambda name, found=found: (-found[name], name))  # type: ignore[misc]
        ranks[one] = {name: place for place, name in enumerate(ordered, 1)}
        for name, value in found.items():
            largest[name] = max(largest.get(name, 0.0), value / total)
    chosen = sorted(largest, key=lambda name: (-largest[name], name))[:FEATURES]
    empty: dict[str, FeatureWeek] = {}
    return tuple(
        FeatureTrend(
            feature=name,
            levels=tuple(_get(week.features.get(one, empty), name, "level") for one in week.weeks),
            importances=tuple(_get(week.features.get(one, empty), name, "importance_current") for one in week.weeks),
            ranks=tuple(ranks[one].get(name) for one in week.weeks),
        )
        for name in chosen
    )


def _get(found: Mapping[str, FeatureWeek], name: str, what: str) -> Any:
    return getattr(found[name], what) if name in found else None


def parts(check: Check | None) -> tuple[Part, ...]:
    """Of the check that speaks for the week: the features that moved most."""
    if check is None or check.outcome != "succeeded":
        return ()
    ordered = sorted(check.contributions, key=lambda one: (-abs(one.model_part) - abs(one.data_part), one.feature))
    return tuple(
        Part(feature=one.feature, model_part=one.model_part, data_part=one.data_part)
        for one in ordered[:PARTS]
        if one.model_part == one.model_part and one.data_part == one.data_part  # not NaN
    )
