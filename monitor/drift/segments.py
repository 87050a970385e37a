"""The same tests per segment: recent rows of one value of a column against the holdout's rows of that value.

A drift of a tenth of the traffic hides in the whole. Segments are parts of the traffic view: same model on both sides,
other rows. All of them are judged in one family with the whole (`assess`), so that their number costs no false alarms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitor.drift.assess import Part, ViewResult
from monitor.drift.calibrate import Natural
from monitor.drift.catalogue import JUDGED
from monitor.drift.distances import Matrix
from monitor.drift.evident import evidence
from monitor.drift.measure import Measurement, measure
from monitor.drift.prepare import Prepared, prepare
from monitor.drift.weights import Flags, shares, weighty
from monitor.settings import DriftSettings
from monitor.types import Finding, Level

Labels = Mapping[str, Sequence[str]]
"""Segment column to its value per row."""
Rows = NDArray[np.bool_]

MISSING = "(missing)"
"""Label of rows without a value: none at all, an empty text, or these very words."""
NOT_JUDGED = "rows"
"""Test name of the finding that says why a segment was not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Rows of one value on both sides."""

    name: str
    """`column=value`."""
    then: Rows
    """(n,) holdout rows."""
    now: Rows
    """(m,) recent rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A segment that says nothing, and why."""

    name: str
    """`column=value`, or the column alone when the holdout does not have it."""
    reason: str
    n_reference: int
    n_current: int

    def finding(self) -> Finding:
        return Finding(
            view="traffic",
            feature=None,
            test=NOT_JUDGED,
            statistic=None,
            p_value=None,
            p_adjusted=None,
            threshold=None,
            threshold_severe=None,
            level=0,
            n_reference=self.n_reference,
            n_current=self.n_current,
            reason=self.reason,
            segment=self.name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which segments are compared, which cannot be, and what was left out."""

    segments: tuple[Segment, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """All segments of one check."""

    judged: tuple[ViewResult, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        """The highest of any."""
        return max((result.level for result in self.judged), default=0)

    def raised(self) -> tuple[ViewResult, ...]:
        """Highest level first, then the farthest beyond its threshold."""
        return tuple(sorted((one for one in self.judged if one.level), key=lambda one: (-one.level, -nearest(one)[1])))

    def findings(self) -> tuple[Finding, ...]:
        of_judged = (found for result in self.judged for found in segment_findings(result))
        return (*of_judged, *(one.finding() for one in self.unjudged))


NO_SEGMENTS = Segments()


def choose_segments(then: Labels, now: Labels, settings: DriftSettings) -> Chosen:
    """Per column the values with most recent rows, at most `segments_per_column`; those with `min_rows` on both sides
    are compared.

    Args:
        then: labels of the n holdout rows; columns that the holdout lacks are absent.
        now: labels of the m recent rows.
    """
    then, now = _labelled(then), _labelled(now)
    segments: list[Segment] = []
    unjudged: list[Unjudged] = []
    notes: list[str] = []
    for column, values in now.items():
        if column not in then:
            reason = f"the holdout has no column {column}"
            unjudged.append(Unjudged(name=column, reason=reason, n_reference=0, n_current=len(values)))
            notes.append(f"segments of {column} are not judged: {reason}")
            continue
        before, recent = Counter(then[column]), Counter(values)
        order = sorted({*before, *recent}, key=lambda value: (-recent[value], -before[value], value))
        kept, left = order[: settings.segments_per_column], order[settings.segments_per_column :]
        for value in kept:
            found = _segment(column, value, then[column], values, settings.min_rows)
            (segments if isinstance(found, Segment) else unjudged).append(found)  # type: ignore[arg-type]
        if left:
            rows = sum(recent[value] for value in left)
            notes.append(
                f"segments of {column}: {len(kept)} of {len(order)} values are looked at; "
                f"the others hold {rows} of {len(values)} recent rows"
            )
    return Chosen(segments=tuple(segments), unjudged=tuple(unjudged), notes=tuple(notes))


def _labelled(labels: Labels) -> Labels:
    return {column: [value or MISSING for value in values] for column, values in labels.items()}


def _segment(column: str, value: str, then: Sequence[str], now: Sequence[str], least: int) -> Segment | Unjudged:
    sides = [np.fromiter((one == value for one in side), np.bool_, len(side)) for side in (then, now)]
    n, m = (int(side.sum()) for side in sides)
    name = f"{column}={value}"
    if min(n, m) < least:
        reason = f"{m} recent rows and {n} in the holdout, {least} of each are needed"
        return Unjudged(name=name, reason=reason, n_reference=n, n_current=m)
    return Segment(name=name, then=sides[0], now=sides[1])


def measure_segments(
    segments: Sequence[Segment],
    whole: Prepared,
    current: Matrix,
    *,
    periods: Sequence[str] | None,
    season: Rows | None = None,
) -> dict[Part, tuple[Prepared, Measurement]]:
    """Each segment with a reference of its own.

    A segment varies from period to period at least as much as the whole, which more rows tell better. Its own bound is
    believed as far as its periods show that it varies more: few rows would make it deaf otherwise.

    Args:
        whole: the holdout explained by the current model.
        current: (m, d) recent rows explained by it.
        periods: period of each holdout row.
        season: holdout rows to compare with, (n,); segments with fewer than `min_rows` of them are left out.
    """
    pairs = {}
    counted = weighty(shares(whole.steady), whole.settings)
    counted = counted if counted.any() else np.ones(whole.d, np.bool_)
    for segment in segments:
        rows = segment.then if season is None else segment.then & season
        if rows.sum() < whole.settings.min_rows:
            continue
        own = None if periods is None else [periods[i] for i in np.flatnonzero(rows).tolist()]
        side = prepare(whole.values[rows], whole.feature_names, settings=whole.settings, periods=own)
        side = replace(side, natural=_wider(side.natural, whole.natural, counted))
        pairs[Part("traffic", segment=segment.name)] = (side, measure(side, current[segment.now]))
    return pairs


def _wider(own: Natural, whole: Natural, counted: Flags) -> Natural:
    if not whole.squares:
        return own
    bounds = dict(whole.bounds)
    for name, seen in own.squares.items():
        least = whole.bounds[name] ** 2
        more = np.maximum(own.bounds[name] ** 2 - least, 0.0)
        bounds[name] = np.sqrt(least + evidence(seen, whole.squares[name], counted) * more)
    return replace(own, bounds=bounds)


def nearest(result: ViewResult) -> tuple[int, float]:
    """The feature that came nearest to its warning threshold or went farthest beyond it, and how near: the statistic
    over the threshold, infinite for a relative change from no importance. Among raised features where there are any,
    else among those that count.
    """
    ratios = [result.measurement.statistics[test] / result.limits[test][0] for test in JUDGED]
    ratio = np.max(np.nan_to_num(np.stack(ratios), posinf=np.inf), axis=0)
    top = result.feature_levels == result.level
    asked = top if result.level else result.material
    j = int(np.argmax(np.where(asked, ratio, -1.0)))
    return j, float(ratio[j])


def segment_findings(result: ViewResult) -> tuple[Finding, ...]:
    """The judged tests of raised features and of the nearest one.

    Not all: 20 segments of 50 features and 6 tests would be 6,000 rows a check, of which people read the raised ones.
    """
    names = {result.feature_names[j] for j in np.flatnonzero(result.feature_levels)}
    names.add(result.feature_names[nearest(result)[0]])
    return tuple(found for found in result.findings() if found.feature in names and found.test in JUDGED)
