"""The public library call: two attribution matrices in, one answer out. A stable interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from monitor.drift.assess import Part, ViewResult, assess
from monitor.drift.catalogue import TESTS
from monitor.drift.given import aligned, checked_periods, checked_settings
from monitor.drift.groups import check_groups, group_sums, settle
from monitor.drift.lesser import LABEL, lend, lesser, lesser_sum
from monitor.drift.measure import Measurement, measure
from monitor.drift.prepare import Prepared, prepare
from monitor.drift.weights import shares
from monitor.settings import DriftSettings
from monitor.types import Finding, Level, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What `compare` found."""

    result: ViewResult
    paired: bool
    lent: Mapping[str, str]
    """Feature to the sum that lent it its level: `lesser features`, or a group."""

    @property
    def level(self) -> Level:
        """0 none, 1 warning, 2 severe; 0 as well when the verdict is unknown."""
        return self.result.level

    @property
    def verdict(self) -> Literal["none", "drift", "unknown"]:
        if self.result.reason:
            return "unknown"
        return "drift" if self.level else "none"

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.result.findings()

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of `xdrift compare --json`: plain types, undefined numbers are None.

        Keys of each entry of `features`: feature, level, level_from (the sum that lent the level, else None), material,
        importance_reference, importance_current, share_reference, share_current, and for each statistic NAME its value
        NAME; judged ones also have NAME_level, NAME_threshold, NAME_threshold_severe, NAME_p_value, NAME_p_adjusted,
        the others None there.
        """
        measured = self.result.measurement
        return {
            "level": self.level,
            "verdict": self.verdict,
            "reason": self.result.reason,
            "paired": self.paired,
            "n_reference": measured.n,
            "n_current": measured.m,
            "n_features": len(self.result.feature_names),
            "calibration": self.result.note,
            "model": {name: value if np.isfinite(value) else None for name, value in self.result.model_numbers.items()},
            "features": self._features(),
        }

    def _features(self) -> list[dict[str, Any]]:
        measured, levels = self.result.measurement, self.result.feature_levels
        share_ref, share_cur = shares(measured.importance_ref), shares(measured.importance_cur)
        rows: list[dict[str, Any]] = []
        for j, name in enumerate(self.result.feature_names):
            rows.append(
                {
                    "feature": name,
                    "level": int(levels[j]),
                    "level_from": self.lent.get(name),
                    "material": bool(self.result.material[j]),
                    "importance_reference": float(measured.importance_ref[j]),
                    "importance_current": float(measured.importance_cur[j]),
                    "share_reference": float(share_ref[j]),
                    "share_current": float(share_cur[j]),
                }
            )
        by_feature = {row["feature"]: row for row in rows}
        judged = {test.name for test in TESTS if test.judged}
        absent = [test.name for test in TESTS if test.paired and not self.paired]
        for row in rows:
            keys = ("", "_threshold", "_threshold_severe", "_level", "_p_value", "_p_adjusted")
            row.update({f"{test}{key}": None for test in absent for key in keys})
        for finding in self.findings:
            if finding.feature is None:
                continue
            row, test = by_feature[finding.feature], finding.test
            row[test] = finding.statistic
            row[f"{test}_threshold"] = finding.threshold
            row[f"{test}_threshold_severe"] = finding.threshold_severe
            if test in judged:
                row[f"{test}_level"] = finding.level
                row[f"{test}_p_value"] = finding.p_value
                row[f"{test}_p_adjusted"] = finding.p_adjusted
        return rows


def compare(
    reference: Any,
    current: Any,
    feature_names: Sequence[str] | None = None,
    paired: bool = False,
    periods: Sequence[str] | None = None,
    settings: DriftSettings | None = None,
    *,
    exact: bool = True,
) -> Comparison:
    """Compare two attribution matrices with the daemon's engine.

    Args:
        reference: (n, d) attributions; an array, or a data frame whose columns are features.
        current: (m, d). Two data frames are matched by column name, arrays by position.
        feature_names: d names; taken from the data frames when absent, else f0, f1, ...
        paired: row i of both sides explains the same input row.
        exact: paired only: the explainer is deterministic, so every change beyond rounding is real. False for sampled
            attributions: then only what chance does not explain counts, and `change` is not judged.
        periods: label per reference row (a week, a month); with enough of them thresholds know the natural
            variation from period to period. Not with `paired`: on the same rows time plays no part.

    Raises:
        DataError: columns differ, values are not finite numbers, there is no row at all, or an argument is of another
            kind. Thin samples do not raise: the verdict is `unknown`.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> reference = rng.normal(size=(500, 3))
    >>> compare(reference, reference).verdict
    'none'
    >>> compare(reference, reference * [1, 3, 1], feature_names=["age", "income", "tenure"]).verdict
    'drift'
    """
    settings = checked_settings(settings)
    known = checked_periods(periods, paired=paired)
    names, ref, cur = aligned(reference, current, feature_names)
    view: View = "holdout" if paired else "traffic"

    def pair(before: Any, now: Any, labels: Sequence[str]) -> tuple[Prepared, Measurement]:
        side = prepare(before, labels, settings=settings, periods=known)
        return side, measure(side, now, paired=paired, exact=paired and exact)

    pairs = {Part(view): pair(ref, cur, names)}
    measured = pairs[Part(view)][1]
    small = lesser([(measured.steady_ref, measured.n), (measured.steady_cur, measured.m)], settings)
    if len(small):
        pairs[Part(view, lesser=True)] = pair(lesser_sum(ref, small), lesser_sum(cur, small), [LABEL])
    groups = settings.groups
    if groups:
        check_groups(groups, names)
        sums_then, sums_now = (group_sums(side, names, groups) for side in (ref, cur))
        pairs[Part(view, groups=True)] = pair(sums_then, sums_now, list(groups))
    results = assess(pairs, settings)
    result = results[Part(view)]
    lent: dict[str, str] = {}
    if groups:
        settled, _ = settle(result, results[Part(view, groups=True)], groups)
        raised = _raised(result, settled)
        lent |= {name: group for group, members in groups.items() for name in members if name in raised}
        result = settled
    if len(small):
        settled, _ = lend(result, results[Part(view, lesser=True)], small)
        lent |= dict.fromkeys(_raised(result, settled), LABEL)
        result = settled
    return Comparison(result=result, paired=paired, lent=lent)


def _raised(before: ViewResult, after: ViewResult) -> list[str]:
    """Features with a higher level than before."""
    return [before.feature_names[j] for j in np.flatnonzero(after.feature_levels > before.feature_levels)]
