"""Which pairs are compared in one check, and what the comparison adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitor import drift, slots
from monitor.drift import Facts, InputDrift, Measurement, Prepared, ViewResult
from monitor.settings import MonitorSettings
from monitor.types import Attributions, Contribution, ExplainerRef, Floats, Level, LoadedModel, Profile, Reference, View


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    views: Mapping[View, ViewResult]
    contributions: tuple[Contribution, ...]
    profiles: tuple[Profile, ...]
    canary: Mapping[str, int]


def compare_views(material: Material, monitor: MonitorSettings, *, seed: int) -> Compared:
    """Measure every view that can be, judge them as one family, split the change into its two parts, and count false
    alarms on halves of the holdout drawn by `seed`.
    """
    reference = material.reference
    settings = monitor.drift.at_rate(slots.per_month(monitor.schedule))
    names = reference.attributions.feature_names
    noise = {name: np.array(bounds) for name, bounds in (reference.noise or {}).items()}
    ref = drift.prepare(reference.attributions.values, names, settings=settings, periods=reference.periods, noise=noise)
    now = ref
    if material.holdout is not reference.attributions:
        now = drift.prepare(material.holdout.values, names, settings=settings, periods=reference.periods)
    exact = reference.attributions.explainer.exact and material.holdout.explainer.exact
    pairs: dict[View, tuple[Prepared, Measurement]] = {
        "holdout": (ref, drift.measure(ref, material.holdout.values, paired=True, exact=exact))
    }
    profiles = list(drift.attribution_profiles(ref, reference.attributions.values, "reference"))
    if material.holdout is not reference.attributions:
        profiles += drift.attribution_profiles(ref, material.holdout.values, "holdout")
    if material.traffic is not None:
        values = material.traffic.values
        pairs["traffic"] = (now, drift.measure(now, values))
        pairs["total"] = (ref, drift.measure(ref, values))
        if material.earlier is not None and len(material.earlier) >= settings.min_rows:
            before = drift.prepare(material.earlier, names, settings=settings, natural=now.natural)
            pairs["trend"] = (before, drift.measure(before, values))
        profiles += drift.attribution_profiles(ref, values, "traffic")
    views = drift.assess(pairs, settings)
    return Compared(
        views=views,
        contributions=_contributions(names, views, now),
        profiles=tuple(profiles),
        canary=drift.canary(material.holdout.values, names, settings=settings, seed=seed),
    )


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


def view_levels(views: Mapping[View, ViewResult]) -> dict[View, Level]:
    """Highest level of every view that was judged."""
    return {view: result.level for view, result in views.items() if result.reason is None}


def facts(material: Material, model: LoadedModel, inputs: Mapping[str, InputDrift], thin: str | None) -> Facts:
    """What the digests and the predictions say beside the statistics."""
    reference = material.reference
    before, after = reference.attributions.explainer, material.holdout.explainer
    libraries = _library_changes(reference.model_libraries, model.libraries)
    return Facts(
        model_changed=reference.model_digest != model.digest,
        version_changed=reference.model_version != model.version,
        explainer_changed=before.digest != after.digest or bool(libraries),
        changes=tuple(dict.fromkeys((*explainer_changes(before, after), *libraries))),
        prediction_shift=_prediction_shift(reference.attributions, material.holdout),
        inputs=inputs,
        source_of=dict(zip(material.holdout.feature_names, material.holdout.source_features, strict=False)),
        thin=thin,
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


def _prediction_shift(before: Attributions, after: Attributions) -> float | None:
    """Mean abs change of the first explained output over its standard deviation; None across scales."""
    same = (before.explainer.scale, before.explainer.class_index) == (
        after.explainer.scale,
        after.explainer.class_index,
    )
    if not same or before.predictions.shape != after.predictions.shape:
        return None
    spread = float(before.predictions[:, 0].std())
    change = float(np.abs(after.predictions[:, 0] - before.predictions[:, 0]).mean())
    return change / spread if spread > 0 else change
