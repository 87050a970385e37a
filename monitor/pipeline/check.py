"""One check: claim in hand, from sample to saved result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitor import drift, slots, sources
from monitor.errors import ReferenceMissingError, SlotLostError, XdriftError
from monitor.pipeline.alteration import UNALTERED, Alteration
from monitor.pipeline.counterparts import with_counterparts
from monitor.pipeline.groups import feature_groups
from monitor.pipeline.pairs import Material
from monitor.pipeline.record import attribution_rows, versions
from monitor.pipeline.reference import PREDICTION
from monitor.pipeline.segments import segment_rows
from monitor.pipeline.served import ServedRows, compare_served
from monitor.pipeline.subject import Subject, column_values, explain_holdout, open_subject
from monitor.pipeline.sums import parts_to_judge
from monitor.pipeline.views import Compared, compare_views, explainer_changes, facts, view_levels
from monitor.privacy import Keeper, careful
from monitor.settings import MonitorSettings
from monitor.store import check_id
from monitor.types import Attributions, Check, Claim, Floats, Outcome, Profile, Reference, Sample, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from monitor.drift import InputDrift
    from monitor.store import Store

TREND_CHECKS = 4
"""Windows before this one that the trend view compares with."""
COLUMNS_SHOWN = 4
"""Columns of attributions that an error names."""

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Stages:
    """Seconds spent per stage of one check."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def perform(
    monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock, alter: Alteration = UNALTERED
) -> Check:
    """Run one claimed check and save it, whatever becomes of it.

    An error of ours becomes a saved check with outcome `failed`, verdict `unknown` and its reason. Only a drill gives
    `alter`.

    Raises:
        SlotLostError: the claim was taken over meanwhile; nothing was written.
        StoreError: the result could not be saved.
    """
    started_at = clock()
    stages = Stages()
    try:
        check = _run(monitor, claim, store, clock=clock, started_at=started_at, stages=stages, alter=alter)
    except SlotLostError:
        raise
    except XdriftError as error:
        check = could_not_run(
            monitor, claim, error=error, started_at=started_at, finished_at=clock(), stages=stages.seconds
        )
    store.finish(claim, check)
    return check


def could_not_run(
    monitor: MonitorSettings,
    claim: Claim,
    *,
    error: XdriftError,
    started_at: datetime,
    finished_at: datetime,
    stages: Mapping[str, float] | None = None,
) -> Check:
    """The record of a check that could not be done: verdict unknown, outcome failed, with the reason."""
    told = careful(monitor)
    return Check(
        id=check_id(monitor.name, claim.planned_at),
        monitor=monitor.name,
        model=monitor.model_label,
        planned_at=claim.planned_at,
        window=slots.window_of(monitor.schedule, claim.planned_at),
        started_at=started_at,
        finished_at=finished_at,
        outcome="failed",
        verdict="unknown",
        level=0,
        reason=error.reason,
        sentence=f"The check could not be done: {told(error.thing)}.",
        evidence=(),
        error=told(str(error)),
        seed=sources.slot_seed(monitor.name, claim.planned_at),
        stage_seconds=dict(stages or {}),
        confirms=claim.confirms,
    )


def _run(
    monitor: MonitorSettings,
    claim: Claim,
    store: Store,
    *,
    clock: Clock,
    started_at: datetime,
    stages: Stages,
    alter: Alteration,
) -> Check:
    with stages.timed("load"):
        subject = alter.subject(open_subject(monitor))
        reference = matching_reference(monitor, store, subject)
    with stages.timed("sample"):
        sample = _sample(monitor, claim.planned_at, subject, alter)
    thin, reason = _thin(monitor, sample)
    with stages.timed("explain"):
        holdout, skipped = explain_holdout(subject, reference)
        traffic = None if thin else subject.explainer.explain(sample.rows)
        priority = _explain_priority(subject, sample)
    with stages.timed("test"):
        earlier = None if thin else _earlier(claim, store, subject, reference)
        groups = feature_groups(monitor, subject, reference.attributions)
        segments = segment_rows(monitor, subject.holdout, sample, thin)
        keeper = Keeper.of(monitor)
        inputs, profiles = _input_drift(reference, sample, traffic, keeper) if traffic is not None else ({}, ())
        material = Material(
            reference=reference,
            holdout=holdout,
            traffic=traffic,
            earlier=earlier,
            groups=groups,
            segments=segments,
            marked=_marked(holdout, inputs),
        )
        compared = compare_views(material, monitor, sample.window, seed=sample.seed)
        served = compare_served(monitor, sample, traffic, subject.model)
        known = facts(material, subject.model, inputs, thin=thin, settled=compared.settled, served=served.gap)
        parts = parts_to_judge(compared.views, compared.contributions)
        judgement = drift.judge(compared.views, parts, known, compared.segments)
        rows = attribution_rows(sample, traffic, priority, keeper=keeper, served=served.values)
        rows, decision = with_counterparts(
            monitor, rows, subject=subject, reference=reference, holdout=holdout, keeper=keeper
        )
    # A holdout too thin to judge gives the same verdict as a thin window.
    outcome: Outcome = "unknown" if judgement.verdict == "unknown" else "succeeded"
    if outcome == "unknown" and reason is None:
        reason = "not_judged"
    done = _Done(subject, reference, sample, holdout, traffic, skipped, compared, inputs, profiles, served)
    check = _record(monitor, claim, done, verdict=judgement.verdict, clock=clock, started_at=started_at)
    return replace(
        check,
        outcome=outcome,
        level=judgement.level,
        levels=view_levels(compared.views, known.shifted),
        reason=reason,
        sentence=judgement.sentence,
        evidence=judgement.evidence,
        rows=rows,
        decision=decision,
        stage_seconds=stages.seconds,
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """The parts of a check that its record is made from."""

    subject: Subject
    reference: Reference
    sample: Sample
    holdout: Attributions
    traffic: Attributions | None
    skipped: bool
    compared: Compared
    inputs: Mapping[str, InputDrift]
    profiles: tuple[Profile, ...]
    served: ServedRows


def _record(
    monitor: MonitorSettings, claim: Claim, done: _Done, *, verdict: Verdict, clock: Clock, started_at: datetime
) -> Check:
    views = done.compared.views
    gaps = [done.holdout.additivity_gap] + ([done.traffic.additivity_gap] if done.traffic else [])
    return Check(
        id=check_id(monitor.name, claim.planned_at),
        monitor=monitor.name,
        model=monitor.model_label,
        planned_at=claim.planned_at,
        window=done.sample.window,
        started_at=started_at,
        finished_at=clock(),
        outcome="succeeded",
        verdict=verdict,
        level=0,
        reason=None,
        sentence="",
        evidence=(),
        error=None,
        seed=done.sample.seed,
        n_seen=done.sample.n_seen,
        newest_at=done.sample.newest_at,
        n_drawn=done.sample.n,
        n_explained=done.traffic.n if done.traffic else 0,
        n_holdout=done.holdout.n,
        reference_id=done.reference.id,
        model_version=done.subject.model.version,
        model_digest=done.subject.model.digest,
        holdout_digest=done.subject.holdout.digest,
        explainer=done.subject.explainer.ref,
        holdout_skipped=done.skipped,
        additivity_gap=max(gaps),
        model_numbers={view: result.model_numbers for view, result in views.items()},
        input_drift={name: found.psi for name, found in done.inputs.items()},
        findings=done.compared.findings(),
        contributions=done.compared.contributions,
        profiles=(*done.compared.profiles, *done.profiles),
        versions=versions(done.subject),
        notes=(*map(careful(monitor), _notes(done)), *_same_rows(monitor, claim, done.sample)),
        canary=done.compared.canary,
        confirms=claim.confirms,
        served=done.served.record(),
    )


def _notes(done: _Done) -> tuple[str, ...]:
    calibration = [result.note for result in done.compared.views.values() if result.note]
    served = {v for v in done.sample.versions_seen if v != done.subject.model.version}
    mixed = [
        f"the log names model version {v}, the file watched is {done.subject.model.version}" for v in sorted(served)
    ]
    traffic = done.traffic.notes if done.traffic else ()
    logged = (done.served.note,) if done.served.note else ()
    looked = (*traffic, *done.sample.notes, *calibration, *mixed, *done.compared.segments.notes, *logged)
    return tuple(dict.fromkeys((*done.subject.notes, *done.holdout.notes, *looked)))


def _same_rows(monitor: MonitorSettings, claim: Claim, sample: Sample) -> tuple[str, ...]:
    """What a confirming check is worth where its window gives no fresh sample."""
    if claim.confirms is None or not 0 < sample.n_seen <= sample.n:
        return ()
    return (
        f"this check looks again at mostly the same rows as check {claim.confirms}: the window holds no more than the "
        f"{monitor.sample.rows:,} that are drawn",
    )


def matching_reference(monitor: MonitorSettings, store: Store, subject: Subject) -> Reference:
    """The reference in force.

    Raises:
        ReferenceMissingError: there is none, or it is of other features, classes or rows.
    """
    reference = store.active_reference(monitor.name)
    create = f"`xdrift reference create {monitor.name} --author ... --reason ...`"
    accept = f"`xdrift reference accept {monitor.name} --author ... --reason ...`"
    if reference is None:
        raise ReferenceMissingError(
            f"reference of monitor {monitor.name!r}", seen="none", hint=f"make one with {create}"
        )
    theirs, ours = set(reference.attributions.source_features), set(subject.explainer.input_features)
    if theirs and theirs != ours:
        raise ReferenceMissingError(
            f"model of monitor {monitor.name!r} has other features than reference {reference.id}",
            seen=f"new {sorted(ours - theirs)}, gone {sorted(theirs - ours)}",
            expected="the same features",
            hint="if this deployment was not meant, roll it back; if it was, nothing can be compared with its "
            f"attributions yet: make a new reference with {accept}",
        )
    if set(reference.attributions.feature_names) != set(subject.explainer.feature_names):
        changes = explainer_changes(reference.attributions.explainer, subject.explainer.ref)
        raise ReferenceMissingError(
            f"model of monitor {monitor.name!r} is explained in other outputs than reference {reference.id}: "
            f"{'; '.join(changes) or 'its classes have other names'}",
            seen=_columns(subject.explainer.feature_names),
            expected=_columns(reference.attributions.feature_names),
            hint="put `model.class_index` back, or the model whose classes the reference has; if the change was meant, "
            f"make a new reference with {accept}",
        )
    if reference.holdout_digest != subject.holdout.digest:
        raise ReferenceMissingError(
            f"holdout of monitor {monitor.name!r} changed since reference {reference.id} was made",
            seen=subject.holdout.digest[:12],
            expected=reference.holdout_digest[:12],
            hint=f"put the file back, or make a new reference with {accept}",
        )
    return reference


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(names[:COLUMNS_SHOWN])
    return f"{len(names)} columns of attributions, {shown}{', ...' if len(names) > COLUMNS_SHOWN else ''}"


def _sample(monitor: MonitorSettings, planned_at: datetime, subject: Subject, alter: Alteration) -> Sample:
    drawn = sources.draw_sample(
        monitor.predictions,
        slots.window_of(monitor.schedule, planned_at),
        features=[str(name) for name in subject.holdout.rows.columns],
        sample=monitor.sample,
        seed=sources.slot_seed(monitor.name, planned_at),
    )
    sample = alter.sample(drawn)
    like, what = subject.holdout.rows, f"predictions of monitor {monitor.name!r}"
    known, priority = subject.model.categories, sample.priority_rows
    return replace(
        sample,
        rows=sources.align(sample.rows, like, what=what, categories=known),
        priority_rows=None if priority is None else sources.align(priority, like, what=what, categories=known),
    )


def _thin(monitor: MonitorSettings, sample: Sample) -> tuple[str | None, str | None]:
    """Why the sample is too small to judge, in words and as the closed word for metrics."""
    needed = max(monitor.sample.min_rows, monitor.drift.min_rows)
    if sample.n >= needed:
        return None, None
    span = f"{sample.window.start:%Y-%m-%d %H:%M} to {sample.window.end:%Y-%m-%d %H:%M} UTC"
    if sample.n_seen == 0:
        return f"no prediction from {span}", "empty_window"
    return f"{sample.n} predictions from {span}, {needed} are needed", "thin_sample"


def _explain_priority(subject: Subject, sample: Sample) -> Attributions | None:
    if sample.priority_rows is None or not len(sample.priority_rows):
        return None
    return subject.explainer.explain(sample.priority_rows)


def _earlier(claim: Claim, store: Store, subject: Subject, reference: Reference) -> Floats | None:
    """Attributions of the windows just before, where they are comparable with this one."""
    return store.previous_attributions(
        claim.monitor,
        before=claim.planned_at,
        reference_id=reference.id,
        model_digest=subject.model.digest,
        explainer_digest=subject.explainer.ref.digest,
        limit=TREND_CHECKS,
        without=claim.confirms,
    )


def _input_drift(
    reference: Reference, sample: Sample, traffic: Attributions, keeper: Keeper
) -> tuple[dict[str, InputDrift], tuple[Profile, ...]]:
    """Drift of every input column and of the prediction, with the profiles of this window.

    A reference may be older than the wish to keep a column back.
    """
    drifts, profiles = {}, []
    for profile in reference.input_profiles:
        if profile.feature in keeper.columns:
            continue
        found, current = drift.input_drift(profile, _current_values(profile.feature, sample, traffic))
        drifts[profile.feature] = found
        profiles.append(replace(current, kind=profile.kind))
    return drifts, tuple(profiles)


def _marked(explained: Attributions, inputs: Mapping[str, InputDrift]) -> frozenset[str]:
    """Features made from an input column that carries a mark."""
    columns = {column for column, found in inputs.items() if found.signal}
    sources = zip(explained.feature_names, explained.source_features or explained.feature_names, strict=True)
    return frozenset(feature for feature, source in sources if source in columns)


def _current_values(column: str, sample: Sample, traffic: Attributions) -> NDArray[np.generic]:
    return traffic.predictions[:, 0] if column == PREDICTION else column_values(sample.rows[column])
