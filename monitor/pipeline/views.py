"""Which pairs are compared in one check, and what the comparison adds up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor import drift, slots
from monitor.drift import Facts, InputDrift, Part, Prepared, Segments, Served, ViewResult
from monitor.pipeline.pairs import Material, Pair, Values, pair_views
from monitor.pipeline.segments import segment_pairs
from monitor.settings import DriftSettings, MonitorSettings
from monitor.types import (
    Attributions,
    Contribution,
    ExplainerRef,
    Finding,
    Ints,
    Level,
    LoadedModel,
    Profile,
    View,
    Window,
    labelled,
)

SEASON_ROWS = 100
"""Fewer holdout rows say too little about a season."""
GROUP = "group "
"""How the sum of a group is named among the features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    views: Mapping[View, ViewResult]
    sums: Sequence[ViewResult]
    """Sums of feature groups, and of the features too small to alarm by themselves."""
    settled: tuple[str, ...]
    """What groups changed in the levels, one line each."""
    segments: Segments
    contributions: tuple[Contribution, ...]
    profiles: tuple[Profile, ...]
    canary: Mapping[str, int]

    def findings(self) -> tuple[Finding, ...]:
        """Of every view, then of its groups, then of segments of traffic."""
        of_sums = (found for result in self.sums for found in result.findings() if found.feature is not None)
        of_views = (found for result in self.views.values() for found in result.findings())
        return (*of_views, *of_sums, *self.segments.findings())


def compare_views(material: Material, monitor: MonitorSettings, window: Window, *, seed: int) -> Compared:
    """Measure every view that can be, judge them as one family, split the change into its two parts, and count false
    alarms on halves of the holdout drawn by `seed`.
    """
    settings = monitor.drift.at_rate(slots.per_month(monitor.schedule))
    names = material.reference.attributions.feature_names
    values = Values.of(material)
    sides = pair_views(values, names, material.reference, settings)
    pairs: dict[Part, Pair] = {Part(view): pair for view, pair in sides.pairs.items()}
    if material.groups:
        labels = tuple(f"{GROUP}{name}" for name in material.groups)
        sums = pair_views(values.summed(names, material.groups), labels, material.reference, settings, noise=False)
        pairs |= {Part(view, groups=True): pair for view, pair in sums.pairs.items()}
    small = drift.lesser(sides.samples(), settings)
    if len(small):
        label = (f"{GROUP}{drift.LESSER}",)
        together = pair_views(values.lesser(small), label, material.reference, settings, noise=False)
        pairs |= {Part(view, lesser=True): pair for view, pair in together.pairs.items()}
    pairs |= segment_pairs(material, sides.now)
    results = drift.assess(pairs, settings)
    if settings.season_matched:
        results |= _in_season(material, results, pairs, window, settings)
    views, settled = _settled(results, material, small)
    return Compared(
        views=views,
        sums=[result for part, result in results.items() if part.groups or part.lesser],
        settled=settled,
        segments=Segments(
            judged=tuple(result for part, result in results.items() if part.segment is not None),
            unjudged=material.segments.unjudged,
            notes=material.segments.notes,
        ),
        contributions=_contributions(names, views, sides.now),
        profiles=_profiles(material, sides.ref),
        canary=drift.canary(material.holdout.values, names, settings=settings, seed=seed),
    )


def _in_season(
    material: Material,
    results: Mapping[Part, ViewResult],
    pairs: Mapping[Part, Pair],
    window: Window,
    settings: DriftSettings,
) -> dict[Part, ViewResult]:
    """Views of traffic against the holdout, and its segments, lowered to what also holds against the same season of the
    holdout. A segment with too few rows of that season stays as it is."""
    middle = window.start + (window.end - window.start) / 2
    rows = drift.same_season(material.reference.periods, middle, least=max(settings.min_rows, SEASON_ROWS))
    if rows is None:
        return {}
    seasons: dict[Part, Pair] = {}
    for part, (prepared, measured) in pairs.items():
        if part.view in ("traffic", "total") and part.segment is None and measured.current is not None:
            names, natural = prepared.feature_names, prepared.natural
            side = drift.prepare(prepared.values[rows], names, settings=settings, natural=natural)
            seasons[part] = (side, drift.measure(side, measured.current))
    if Part("traffic") in pairs:
        seasons |= segment_pairs(material, pairs[Part("traffic")][0], rows)
    return {part: drift.in_season(results[part], found) for part, found in drift.assess(seasons, settings).items()}


def _settled(
    results: Mapping[Part, ViewResult], material: Material, small: Ints
) -> tuple[dict[View, ViewResult], tuple[str, ...]]:
    """The whole views with groups and lesser features settled, and what that changed."""
    views = {part.view: result for part, result in results.items() if part == Part(part.view)}
    settled: list[str] = []
    for part, sums in results.items():
        if part.groups:
            # The holdout's rows are the reference's: no mark is on them.
            marked = frozenset[str]() if part.view == "holdout" else material.marked
            views[part.view], lines = drift.settle(views[part.view], sums, material.groups, marked)
            settled += lines
    for part, together in results.items():
        if part.lesser:
            views[part.view], lines = drift.lend(views[part.view], together, small)
            settled += lines
    return views, tuple(settled)


def _profiles(material: Material, ref: Prepared) -> tuple[Profile, ...]:
    """Distributions on the reference's bins of everything that was explained."""
    before = material.reference.attributions
    found = list(drift.attribution_profiles(ref, before.values, "reference"))
    if material.holdout is not before:
        found += drift.attribution_profiles(ref, material.holdout.values, "holdout")
    if material.traffic is not None:
        found += drift.attribution_profiles(ref, material.traffic.values, "traffic")
    return tuple(found)


def _contributions(names: tuple[str, ...], views: Mapping[View, ViewResult], now: Prepared) -> tuple[Contribution, ...]:
    """Without traffic the current importance is that of the holdout, so the data part is exactly 0."""
    holdout = views["holdout"].measurement
    current = views["traffic"].measurement.importance_cur if "traffic" in views else now.importance
    asked = [result for view, result in views.items() if view != "trend"]
    top = np.max(np.stack([result.feature_levels for result in asked]), axis=0)
    return drift.decompose(
        names,
        reference=holdout.importance_ref,
        holdout=now.importance,
        current=current,
        levels={name: int(level) for name, level in zip(names, top, strict=True)},
    )


def view_levels(views: Mapping[View, ViewResult], shifted: Level = 0) -> dict[View, Level]:
    """Highest level of every view that was judged; the holdout's at least that of predictions that moved together."""
    levels = {view: result.level for view, result in views.items() if result.reason is None}
    return {view: max(level, shifted) if view == "holdout" else level for view, level in levels.items()}


def facts(
    material: Material,
    model: LoadedModel,
    inputs: Mapping[str, InputDrift],
    *,
    thin: str | None,
    settled: tuple[str, ...] = (),
    served: Served | None = None,
) -> Facts:
    """What the digests and the predictions say beside the statistics."""
    reference = material.reference
    before, after = reference.attributions.explainer, material.holdout.explainer
    libraries = _library_changes(reference.model_libraries, model.libraries)
    outputs = _same_outputs(reference.attributions, material.holdout)
    return Facts(
        model_changed=reference.model_digest != model.digest,
        version_changed=reference.model_version != model.version,
        labelled=labelled(model.version, model.digest),
        explainer_changed=before.digest != after.digest or bool(libraries),
        changes=tuple(dict.fromkeys((*explainer_changes(before, after), *libraries))),
        prediction_shift=drift.prediction_shift(*outputs) if outputs else None,
        shift=drift.common_shift(*outputs) if outputs else None,
        inputs=inputs,
        source_of=dict(zip(material.holdout.feature_names, material.holdout.source_features, strict=False)),
        settled=settled,
        thin=thin,
        served=served,
    )


def explainer_changes(before: ExplainerRef, after: ExplainerRef) -> tuple[str, ...]:
    """Every setting and library that differs, in words."""
    found = [
        f"{name} {getattr(before, name)} -> {getattr(after, name)}"
        for name in ("engine", "scale", "class_index")
        if getattr(before, name) != getattr(after, name)
    ]
    if before.engine == after.engine:
        keys = sorted(set(before.config) | set(after.config))
        found += [
            f"{key} {_short(before.config.get(key))} -> {_short(after.config.get(key))}"
            for key in keys
            if before.config.get(key) != after.config.get(key)
        ]
    return (*found, *_library_changes(before.libraries, after.libraries))


def _short(value: object) -> str:
    """Digests by their first digits: this is for people."""
    text = str(value)
    return text[:12] if len(text) == 64 and all(c in "0123456789abcdef" for c in text) else text


def _library_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    both = sorted(set(before) & set(after))
    return tuple(f"{name} {before[name]} -> {after[name]}" for name in both if before[name] != after[name])


def _same_outputs(before: Attributions, after: Attributions) -> tuple[Attributions, Attributions] | None:
    """Both, where their predictions are on one scale and of the same classes."""
    then, now = before.explainer, after.explainer
    same = (then.scale, then.class_index) == (now.scale, now.class_index)
    return (before, after) if same and before.predictions.shape == after.predictions.shape else None
