"""From statistics to levels: effect AND evidence, adjusted over every feature, test and view of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, cast

import numpy as np

from monitor.drift.adjust import benjamini_hochberg
from monitor.drift.calibrate import Natural, thresholds
from monitor.drift.catalogue import JUDGED, PAIRED, TESTS, floors
from monitor.drift.measure import Measurement
from monitor.drift.prepare import Prepared
from monitor.drift.ranking import model_numbers
from monitor.drift.weights import Flags, allotted, shares, weighty
from monitor.settings import DriftSettings
from monitor.types import Finding, Floats, Ints, Level, View


class Part(NamedTuple):
    """A part of a view that is judged by itself, in one family with the whole."""

    view: View
    segment: str | None = None
    """`column=value`: only rows of this segment."""
    groups: bool = False
    """True: the sums of feature groups instead of single features."""
    lesser: bool = False
    """True: the sum of the features that are too small to alarm by themselves."""


Key = TypeVar("Key", bound=View | Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewResult:
    """One view, or one part of it, judged. `reason` is set, and every level 0, when it could not be."""

    view: View
    segment: str | None
    """`column=value` of the rows compared; None: all of them."""
    measurement: Measurement
    feature_names: tuple[str, ...]
    p_adjusted: dict[str, Floats]
    limits: dict[str, Floats]
    """Judged test to (2, d) thresholds, warning and severe."""
    levels: dict[str, Ints]
    """Judged test to (d,) levels."""
    material: Flags
    """(d,) features important enough, then or now, to alarm."""
    model_numbers: dict[str, float]
    note: str
    reason: str | None

    @property
    def feature_levels(self) -> Ints:
        """(d,) highest level of each feature."""
        return np.asarray(np.max(np.stack([self.levels[name] for name in JUDGED]), axis=0), dtype=np.int64)

    @property
    def level(self) -> Level:
        return cast(Level, int(self.feature_levels.max(initial=0)))

    def findings(self) -> tuple[Finding, ...]:
        """One finding per feature and test, then one per model-level number."""
        return (*self._feature_findings(), *self._model_findings())

    def _feature_findings(self) -> list[Finding]:
        found = []
        for j, feature in enumerate(self.feature_names):
            for test in TESTS:
                if test.paired and not self.measurement.paired:
                    continue
                limit = self.limits.get(test.name)
                found.append(
                    Finding(
                        view=self.view,
                        feature=feature,
                        test=test.name,
                        statistic=_number(self.measurement.statistics[test.name][j]),
                        p_value=_at(self.measurement.p_values.get(test.name), j),
                        p_adjusted=_at(self.p_adjusted.get(test.name), j),
                        threshold=None if limit is None else float(limit[0, j]),
                        threshold_severe=None if limit is None else float(limit[1, j]),
                        level=cast(Level, int(self.levels[test.name][j])) if test.judged else 0,
                        n_reference=self.measurement.n,
                        n_current=self.measurement.m,
                        reason=self.reason or self._undefined(test.name, j),
                        segment=self.segment,
                    )
                )
        return found

    def _undefined(self, test: str, j: int) -> str | None:
        if np.isfinite(self.measurement.statistics[test][j]):
            return None
        return "the reference importance is 0, so a relative change has no value"

    def _model_findings(self) -> list[Finding]:
        return [
            Finding(
                view=self.view,
                feature=None,
                test=name,
                statistic=_number(value),
                p_value=None,
                p_adjusted=None,
                threshold=None,
                threshold_severe=None,
                level=0,
                n_reference=self.measurement.n,
                n_current=self.measurement.m,
                reason=self.reason or (None if np.isfinite(value) else "no feature has any importance"),
                segment=self.segment,
            )
            for name, value in self.model_numbers.items()
        ]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _at(values: Floats | None, j: int) -> float | None:
    return None if values is None else _number(values[j])


def assess(views: Mapping[Key, tuple[Prepared, Measurement]], settings: DriftSettings) -> dict[Key, ViewResult]:
    """Judge all views of one check together, and the parts of views that are tested by themselves.

    P-values of all features, judged tests, views and parts form one family (Benjamini-Hochberg, weighted by
    importance), those of the same rows another: a harmless refit changes every row for certain, and so many true
    findings would let chance findings about other rows pass. A test raises a feature to a level only when its statistic
    exceeds that level's threshold and its adjusted p-value is at most that level's alpha, and the feature is material.
    """
    by_test = _adjusted(views, settings, paired=False) | _adjusted(views, settings, paired=True)
    return {
        key: _view(_part(key), prepared, measured, {name: by_test[key, name] for name in JUDGED}, settings)
        for key, (prepared, measured) in views.items()
    }


def _adjusted(
    views: Mapping[Key, tuple[Prepared, Measurement]], settings: DriftSettings, *, paired: bool
) -> dict[tuple[Key, str], Floats]:
    """Adjusted p-values, (d,) each, of the family of views of the same rows, or of the other one."""
    family = [(key, name) for key, (_, measured) in views.items() if measured.paired == paired for name in JUDGED]
    if not family:
        return {}
    raw = [_family_p(views[key], name, settings) for key, name in family]
    ends = np.cumsum([len(p) for p in raw])
    p = np.concatenate(raw)
    weights = np.concatenate([_weights(views[key], settings) for key, _ in family])
    adjusted = np.maximum(benjamini_hochberg(p / weights), p)
    return dict(zip(family, np.split(adjusted, ends[:-1]), strict=True))


def _part(key: View | Part) -> Part:
    return Part(key) if isinstance(key, str) else key


def _thin(measured: Measurement, settings: DriftSettings) -> str | None:
    smaller = min(measured.n, measured.m)
    return f"{smaller} rows, {settings.min_rows} are needed" if smaller < settings.min_rows else None


def _family_p(view: tuple[Prepared, Measurement], name: str, settings: DriftSettings) -> Floats:
    """P-values that count as tests: thin views are not tests at all, immaterial features are not asked."""
    prepared, measured = view
    if _thin(measured, settings):
        return np.full(prepared.d, np.nan)
    return np.where(material(measured, settings), measured.p_values[name], np.nan)


def _weights(view: tuple[Prepared, Measurement], settings: DriftSettings) -> Floats:
    """Of the tests of each feature within its view or part, (d,)."""
    measured = view[1]
    return allotted(shares(measured.steady_ref), material(measured, settings))


def material(measured: Measurement, settings: DriftSettings) -> Flags:
    """Features that hold enough of all importance on either side, (d,)."""
    return weighty(np.maximum(shares(measured.steady_ref), shares(measured.steady_cur)), settings)


def _view(
    part: Part, prepared: Prepared, measured: Measurement, p_adjusted: dict[str, Floats], settings: DriftSettings
) -> ViewResult:
    reason = _thin(measured, settings)
    counts = material(measured, settings)
    alpha = (settings.alpha_warning, settings.alpha_severe)
    limits, levels = {}, {}
    for name in JUDGED:
        limit = _limits(name, prepared.natural, prepared.noise, measured, settings, alpha)
        statistic, p = measured.statistics[name], p_adjusted[name]
        raised = [(statistic > limit[i]) & (p <= alpha[i]) & counts for i in (0, 1)]
        limits[name] = limit
        levels[name] = np.zeros(prepared.d, np.int64) if reason else np.where(raised[1], 2, np.where(raised[0], 1, 0))
    return ViewResult(
        view=part.view,
        segment=part.segment,
        measurement=measured,
        feature_names=prepared.feature_names,
        p_adjusted=p_adjusted,
        limits=limits,
        levels=levels,
        material=counts,
        model_numbers=model_numbers(measured.importance_ref, measured.importance_cur, settings.top_k),
        note="" if measured.paired else prepared.natural.note,
        reason=reason,
    )


def _limits(
    name: str,
    natural: Natural,
    noise: Mapping[str, Floats],
    measured: Measurement,
    settings: DriftSettings,
    alpha: tuple[float, float],
) -> Floats:
    """On the same rows neither sampling nor season plays a part: the effect floors decide, and for approximate
    explainers what their seed alone does."""
    floor = floors(settings, name)
    if not measured.paired and name in PAIRED:
        return np.full((2, len(measured.freedom)), np.nan)
    if measured.paired:
        least = np.repeat(np.array(floor)[:, None], len(measured.freedom), axis=1)
        return np.asarray(np.maximum(least, noise.get(name, least)), dtype=np.float64)
    return thresholds(
        test=name,
        floor=floor,
        alpha=alpha,
        natural=natural,
        n=measured.n,
        m=measured.m,
        freedom=measured.freedom.astype(np.float64),
        relative_error=measured.relative_error,
        tail=measured.tails[name],
    )
