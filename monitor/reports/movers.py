"""Which features count more or less than before."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.reports import words
from monitor.reports.model import Mover, Movers
from monitor.reports.watched import Watched
from monitor.store.reported import FeatureWeek

MOVERS = 6
"""As many are named."""
LEAST_SHARE = 0.01
"""Of all importance, then or now: what counts less is not worth a word, whatever its change."""


def against_last_week(week: Watched) -> Movers:
    now, before = week.features.get(week.week), week.features.get(week.week.plus(-1))
    if not now:
        return Movers(listed=(), note="Nothing was judged this week that could be compared.")
    if not before:
        return Movers(listed=(), note="The week before has no judged check to compare with.")
    if not week.comparable():
        return Movers(listed=(), note="It cannot be compared with last week, which was explained in another way.")
    pairs = ((one, before[name].importance_current, one.importance_current) for name, one in now.items()
             if name in before)  # fmt: skip
    return Movers(listed=_movers(pairs))


def against_reference(week: Watched) -> Movers:
    now = week.features.get(week.week)
    if not now:
        return Movers(listed=(), note="Nothing was judged this week that could be compared.")
    return Movers(listed=_movers((one, one.importance_reference, one.importance_current) for one in now.values()))


def _movers(pairs: Iterable[tuple[FeatureWeek, float | None, float | None]]) -> tuple[Mover, ...]:
    """The largest changes first, of those worth a word and of features that hold a hundredth of all importance."""
    all_pairs = list(pairs)
    total = max(sum(after or 0.0 for _, _, after in all_pairs), sum(before or 0.0 for _, before, _ in all_pairs))
    found = [
        Mover(feature=one.feature, level=one.level, before=before, after=after, words=said)
        for one, before, after in all_pairs
        if before is not None and after is not None and (said := words.moved(before, after)) is not None
        and max(before, after) >= LEAST_SHARE * total
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-abs(one.after - one.before), one.feature))[:MOVERS])
