"""What a check compares, and the pairs that its views make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from monitor import drift
from monitor.drift import Measurement, Prepared
from monitor.settings import DriftSettings
from monitor.types import Attributions, Floats, Ints, Reference, View

Pair = tuple[Prepared, Measurement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything a check compares."""

    reference: Reference
    holdout: Attributions
    """Current model on the holdout."""
    traffic: Attributions | None
    """Current model on the sample; None when the window gave too few rows."""
    earlier: Floats | None
    """Attributions of the windows before, same model and explainer."""
    groups: drift.Groups
    """Feature groups by name; empty when there are none."""
    segments: drift.Chosen = field(default_factory=drift.Chosen)
    """Rows of holdout and traffic by segment."""
    marked: frozenset[str] = frozenset()
    """Features whose input carries the mark of a broken pipeline in this traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The attributions behind the views, (rows, columns) each; unchanged, `holdout` is `reference` itself."""

    reference: Floats
    holdout: Floats
    traffic: Floats | None
    earlier: Floats | None
    exact: bool

    @classmethod
    def of(cls, material: Material) -> Values:
        before, now = material.reference.attributions, material.holdout
        return cls(
            reference=before.values,
            holdout=now.values,
            traffic=None if material.traffic is None else material.traffic.values,
            earlier=material.earlier,
            exact=before.explainer.exact and now.explainer.exact,
        )

    def summed(self, names: tuple[str, ...], groups: drift.Groups) -> Values:
        """Group sums in place of single features."""
        return self._through(lambda values: drift.group_sums(values, names, groups))

    def lesser(self, places: Ints) -> Values:
        """The sum of the features that are too small to alarm by themselves."""
        return self._through(lambda values: drift.lesser_sum(values, places))

    def _through(self, of: Callable[[Floats], Floats]) -> Values:
        reference = of(self.reference)
        return Values(
            reference=reference,
            holdout=reference if self.holdout is self.reference else of(self.holdout),
            traffic=None if self.traffic is None else of(self.traffic),
            earlier=None if self.earlier is None else of(self.earlier),
            exact=self.exact,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Each view's two sides, measured."""

    pairs: Mapping[View, Pair]
    ref: Prepared
    """Reference model on the holdout."""
    now: Prepared
    """Current model on the holdout."""

    def samples(self) -> list[tuple[Floats, int]]:
        """Importances, (d,), and rows of everything that the current model explained."""
        found = [(self.now.steady, self.now.n)]
        if "traffic" in self.pairs:
            traffic = self.pairs["traffic"][1]
            found.append((traffic.steady_cur, traffic.m))
        if "trend" in self.pairs:
            earlier = self.pairs["trend"][0]
            found.append((earlier.steady, earlier.n))
        return found


def pair_views(
    values: Values, names: tuple[str, ...], reference: Reference, settings: DriftSettings, *, noise: bool = True
) -> Sides:
    """Every view that can be measured. `noise`: whether the reference's explainer noise is that of these columns."""
    periods = reference.periods
    bounds = {name: np.array(two) for name, two in (reference.noise or {}).items()} if noise else None
    ref = drift.prepare(values.reference, names, settings=settings, periods=periods, noise=bounds)
    now = ref
    if values.holdout is not values.reference:
        now = drift.prepare(values.holdout, names, settings=settings, periods=periods)
    pairs: dict[View, Pair] = {
        "holdout": (ref, drift.measure(ref, values.holdout, paired=True, exact=values.exact)),
    }
    if values.traffic is not None:
        pairs["traffic"] = (now, drift.measure(now, values.traffic))
        pairs["total"] = (ref, drift.measure(ref, values.traffic))
        if values.earlier is not None and len(values.earlier) >= settings.min_rows:
            before = drift.prepare(values.earlier, names, settings=settings, natural=now.natural)
            pairs["trend"] = (before, drift.measure(before, values.traffic))
    return Sides(pairs=pairs, ref=ref, now=now)
