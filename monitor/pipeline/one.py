"""One prediction that no check kept: found in its source and explained now, by the parts that a check is made of.

Imported by name only: it brings the pages' parts, which a check's own process does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from monitor import sources
from monitor.nearest import Decision, outputs
from monitor.pipeline.counterparts import decision_of
from monitor.pipeline.record import attribution_rows, holdout_rows
from monitor.pipeline.reference import input_profiles
from monitor.pipeline.served import compare_served
from monitor.pipeline.subject import Subject, explain_holdout, open_subject
from monitor.privacy import Keeper
from monitor.publish.explanation import About, Explanation, explanation
from monitor.publish.predictions import candidates
from monitor.settings import MonitorSettings
from monitor.types import AttributionRow, Check, Sample, Window

if TYPE_CHECKING:
    from monitor.store import Store

LOOKED_AT = 20
"""Latest checks among which one of the same model is looked for, to compare rows with."""


def locate(monitor: MonitorSettings, row_id: str, window: Window) -> datetime | None:
    """When the prediction of this id was made; None when the source has none in the window."""
    found = sources.find_prediction(monitor.predictions, window, features=(), row_id=row_id)
    if not found.n:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found.times[0].astype(np.int64)))


def explain_now(monitor: MonitorSettings, store: Store, row_id: str, at: datetime) -> Explanation:
    """Explain a prediction that `locate` found. Nothing is stored.

    Raises what a check raises: the model in force, the holdout and the explainer are those of a check.
    """
    subject = open_subject(monitor)
    like = subject.holdout.rows
    window = Window(start=at, end=at + timedelta(microseconds=1))
    features = [str(name) for name in like.columns]
    sample = sources.find_prediction(monitor.predictions, window, features=features, row_id=row_id)
    what = f"predictions of monitor {monitor.name!r}"
    sample = replace(sample, rows=sources.align(sample.rows, like, what=what, categories=subject.model.categories))
    made = subject.explainer.explain(sample.rows)
    keeper = Keeper.of(monitor)
    served = compare_served(monitor, sample, made, subject.model)
    row = attribution_rows(sample, made, None, keeper=keeper, served=served.values)[0]
    rule = decision_of(monitor, subject)
    about = About(
        monitor=monitor.name,
        model_version=subject.model.version,
        model_digest=subject.model.digest,
        explainer=subject.explainer.ref,
        decision={**rule.record(), "left_out": sorted(keeper.columns & set(row.inputs))},
        tolerance=None if monitor.telemetry is None else monitor.telemetry.gap_tolerance,
        check=None,
    )
    reference = store.active_reference(monitor.name)
    profiles = input_profiles(subject, keeper) if reference is None else reference.input_profiles
    check = _comparable(store, monitor, subject)
    rows: Sequence[AttributionRow] = () if check is None else candidates(store, check, row, rule)
    from_holdout = not _other_decision(rule, row, rows)
    if from_holdout:
        rows = holdout_rows(subject, explain_holdout(subject, reference)[0], keeper)
    among = "no check" if check is None else f"the rows that check {check.id} kept"
    return explanation(
        row,
        about,
        profiles=profiles,
        candidates=rows,
        kept_by=(),
        from_holdout=from_holdout,
        looked_among=among,
        notes=_notes(monitor, row_id, sample, subject.model.version),
    )


def _notes(monitor: MonitorSettings, row_id: str, sample: Sample, version: str) -> tuple[str, ...]:
    """What makes this explanation doubtful."""
    found = []
    if sample.n_seen > 1:
        column = monitor.predictions.columns.id
        found.append(f"{sample.n_seen} rows of that moment have {row_id} in column {column}; the first is shown")
    predicted_by = sample.model_versions[0] if sample.model_versions else ""
    if predicted_by not in ("", version):
        found.append(f"the log names model version {predicted_by}; this explains version {version}")
    return tuple(found)


def _other_decision(rule: Decision, row: AttributionRow, rows: Sequence[AttributionRow]) -> bool:
    """Whether one of the rows has another decision; True where nothing has a decision, for nothing is to be found."""
    mine = rule.sides(outputs([row]))[0]
    return bool(mine < 0 or np.isin(rule.sides(outputs(rows)), (-1, mine), invert=True).any())


def _comparable(store: Store, monitor: MonitorSettings, subject: Subject) -> Check | None:
    """The latest check that explained rows with the model in force."""
    latest = store.checks(monitor.name, limit=LOOKED_AT)
    return next((one for one in latest if one.n_explained and one.model_digest == subject.model.digest), None)
