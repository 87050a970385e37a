"""One monitor: do its parts open, does its explainer explain a row, is there a reference, and does it fit?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor import pipeline
from monitor.doctor.finding import Finding, State, attempt, failed
from monitor.errors import ReferenceMissingError
from monitor.names import QUARANTINE_MEANINGS
from monitor.pipeline import Subject
from monitor.probe import Probe, probe_explanation, probe_monitor
from monitor.publish.check_view import trouble
from monitor.settings import MonitorSettings, TelemetrySettings, format_duration
from monitor.settings.rhythm import long_period
from monitor.store import Store
from monitor.types import Reference, labelled

LINES = (
    "xdrift_telemetry_records_total", "xdrift_telemetry_duplicates_total", "xdrift_telemetry_quarantined_total",
)  # fmt: skip
"""Every line that was read is in one of these."""
PERSONAL_DAYS = 30
"""Personal data found longer ago is told by reports only: the log was mended, or the alert would still fire."""
PERSONAL_LISTED = 10
"""Fields named; a writer that logs objects whole may have hundreds."""


def examine(monitor: MonitorSettings, store: Store | None, now: datetime) -> Iterator[Finding]:
    """Parts in the order in which they need each other. `store` is None when it cannot be read."""
    broken = []
    for tried in probe_monitor(monitor, now=now):
        found = _probed(tried)
        if found.state == "failed" and tried.part in ("model", "holdout"):
            broken.append(tried.part)
        yield found
    if (long := long_period(monitor)) is not None:
        yield Finding(monitor=monitor.name, part="holdout.period", state="warn", found=long[0], next=long[1])
    if store is not None and monitor.telemetry is not None:
        yield from _set_aside(monitor, monitor.telemetry, store, now)
        yield from _personal(monitor, store, now)
    if store is not None:
        yield from _latest_check(monitor, store)
    opened: list[Subject] = []
    if broken:
        yield _unknown(monitor, "explanation", f"the {' and the '.join(broken)} did not open")
    else:
        yield attempt("explanation", lambda: _explanation(monitor, opened), monitor=monitor.name)
    if store is None:
        yield _unknown(monitor, "reference", "the database cannot be used")
    elif opened:
        yield attempt("reference", lambda: _reference(monitor, store, opened[0]), monitor=monitor.name)
    else:
        yield attempt("reference", lambda: _reference_alone(monitor, store), monitor=monitor.name)


def _probed(tried: Probe) -> Finding:
    if tried.error is not None:
        return failed(tried.part, tried.error, monitor=tried.monitor)
    if tried.untried:
        step = "repair that first" if tried.part in ("kept back", "group_by") else "repair the model"
        return Finding(monitor=tried.monitor, part=tried.part, state="unknown", found=tried.found, next=step)
    state: State = "ok" if tried.next is None else "warn"
    return Finding(monitor=tried.monitor, part=tried.part, state=state, found=tried.found, next=tried.next)


def _latest_check(monitor: MonitorSettings, store: Store) -> Iterator[Finding]:
    """Why the latest check failed; nothing where it did not, or none was made."""
    latest = store.checks(monitor.name, limit=1)
    if not latest or latest[0].outcome != "failed":
        return
    check = latest[0]
    why = trouble(check)
    assert why is not None  # it failed
    yield Finding(
        monitor=monitor.name, part="latest check", state="warn",
        found=f"that of {check.planned_at:%Y-%m-%d %H:%M} UTC failed ({check.reason})", seen=why.why or None,
        next=f"{why.next_step.rstrip('.')}; once that is done: `xdrift check {monitor.name}` runs it again",
    )  # fmt: skip


def _set_aside(monitor: MonitorSettings, log: TelemetrySettings, store: Store, now: datetime) -> Iterator[Finding]:
    """Lines of the explanation log that polls could not use, of which the places are kept; nothing without any."""
    aside = store.telemetry_set_aside(monitor.name)
    if not aside:
        return
    lines = sum(
        one.value for one in store.snapshot(now).counters if one.labels["monitor"] == monitor.name and one.name in LINES
    )
    ahead = f"more than {format_duration(log.ahead)} ahead"
    told = (
        f"{one.n:,} {QUARANTINE_MEANINGS[one.reason].replace('too far ahead', ahead)}, the first at "
        f"{one.source}:{one.position}"
        for one in aside
    )
    yield Finding(
        monitor=monitor.name, part="lines set aside", state="warn",
        found=f"{sum(one.n for one in aside):,} of {lines:,.0f} lines of the explanation log: {'; '.join(told)} "
        f"({'file:byte' if log.path else 'source:row'})",
        next="they are not counted and not read again: look at these places, and mend what writes them",
    )  # fmt: skip


def _personal(monitor: MonitorSettings, store: Store, now: datetime) -> Iterator[Finding]:
    """Which kind of personal data stands in which field of the explanation log; nothing without any."""
    days = store.telemetry_incidents(monitor.name, within=timedelta(days=PERSONAL_DAYS), now=now)
    found: dict[tuple[str, str], tuple[datetime, int]] = {}
    for day in sorted(days, key=lambda one: one.day):
        before = found.pop((day.kind, day.field), None)
        found[day.kind, day.field] = (day.day, day.n + (before[1] if before else 0))
    if not found:
        return
    told = [
        f"{kind.replace('_', ' ')} in field {field}, {n:,} time{'s' * (n > 1)}, last on {last:%Y-%m-%d}"
        for (kind, field), (last, n) in reversed(found.items())
    ]
    told[PERSONAL_LISTED:] = [f"{len(told) - PERSONAL_LISTED} more"] * (len(told) > PERSONAL_LISTED)
    yield Finding(
        monitor=monitor.name, part="personal data", state="warn",
        found=f"in the explanation log, last {PERSONAL_DAYS} days: {'; '.join(told)}",
        next="keep the column back with `redact`, `privacy.hash` or `privacy.mask` and clean the log; where such text "
        "is expected, name the column under `privacy.allow`",
    )  # fmt: skip


def _explanation(monitor: MonitorSettings, opened: list[Subject]) -> Finding:
    subject, n_features, seconds = probe_explanation(monitor)
    opened.append(subject)
    by = f"{subject.explainer.ref.engine} in {seconds:.2f} s"
    found = f"one row of the holdout by {by}, {n_features} attributions, adds up"
    return Finding(monitor=monitor.name, part="explanation", state="ok", found=found)


def _reference(monitor: MonitorSettings, store: Store, subject: Subject) -> Finding:
    reference = pipeline.matching_reference(monitor, store, subject)
    told = f"{reference.id} of {reference.created_at:%Y-%m-%d}, same holdout"
    if reference.attributions.explainer.digest != subject.explainer.ref.digest:
        return Finding(
            monitor=monitor.name, part="reference", state="warn",
            found=f"{told}, but explanations are made differently now",
            seen=f"engine {subject.explainer.ref.engine}",
            expected=f"as in the reference: engine {reference.attributions.explainer.engine}",
            next="the next check will name the explainer; if the change is meant: "
            f"`xdrift reference accept {monitor.name} --author WHO --reason WHY`",
        )  # fmt: skip
    if _relabelled(reference, subject):
        return Finding(
            monitor=monitor.name, part="reference", state="warn",
            found=f"{told}, but another model under the same version label {subject.model.version}",
            seen=f"sha256 {subject.model.digest[:12]}",
            expected=f"as in the reference: sha256 {reference.model_digest[:12]}",
            next="find out who replaced the file; if that is meant: give it a version of its own in model.version, "
            f"then `xdrift reference accept {monitor.name} --author WHO --reason WHY`",
        )  # fmt: skip
    model = "same model" if reference.model_digest == subject.model.digest else "another model"
    return Finding(
        monitor=monitor.name, part="reference", state="ok", found=f"{told}, {model} ({subject.model.digest[:12]})"
    )


def _relabelled(reference: Reference, subject: Subject) -> bool:
    """Whether somebody gave the model a version, and it is that of the reference although the model is another."""
    model = subject.model
    if reference.model_digest == model.digest or not labelled(model.version, model.digest):
        return False
    return reference.model_version == model.version


def _reference_alone(monitor: MonitorSettings, store: Store) -> Finding:
    if not any(one.active for one in store.references(monitor.name)):
        raise ReferenceMissingError(
            f"reference of monitor {monitor.name!r}", seen="none",
            hint="repair what failed above, then `xdrift reference create`",
        )  # fmt: skip
    return _unknown(monitor, "reference", "there is one, but nothing to hold it against")


def _unknown(monitor: MonitorSettings, part: str, why: str) -> Finding:
    return Finding(monitor=monitor.name, part=part, state="unknown", found=why, next="repair that first")
