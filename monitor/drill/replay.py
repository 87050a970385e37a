"""The drill itself: the latest windows as they were, then with the incident, through the pipeline."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor import runner, slots
from monitor.drill.incident import Incident, Scene
from monitor.drill.kinds import Kind, kind_of
from monitor.drill.report import Drill, DrillCheck, compared, conclude
from monitor.errors import DataError, XdriftError
from monitor.pipeline import Alteration, Subject, build_reference, open_subject, perform
from monitor.settings import MonitorSettings, Settings
from monitor.store import Store
from monitor.types import Check, Reference

Progress = Callable[[int, int], None]
"""(checks done, checks in all)."""
Clock = Callable[[], datetime]

QUIET, CHECKS = 4, 8
"""Checks before the incident, and with it, when nobody says otherwise."""
MADE = "no reference in the store: the drill made one from the holdout and threw it away"
UNLOGGED = (
    "logged attributions are not compared in the checks with the incident: the explanation log is of the windows as "
    "they were"
)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_LEASE = timedelta(days=1)
"""Nobody else knows the drill's stores: nothing waits for a lease there."""


def run_drill(
    settings: Settings,
    name: str,
    inject: str,
    *,
    quiet: int = QUIET,
    checks: int = CHECKS,
    until: datetime,
    clock: Clock,
    progress: Progress = lambda _done, _total: None,
) -> Drill:
    """Replay the latest `quiet + checks` slots before `until`, and the last `checks` of them again with an incident.

    Windows with too few predictions to judge are left out. Everything is written to a temporary directory; the
    monitor's store is read once, for its reference. Where it has none, one is made from the holdout for the drill.

    Raises:
        KeyError, ValueError: the monitor is not configured, or there would be nothing to check.
        ConfigError: the incident is not understood, or does not fit the monitor's columns or model.
        DataError: no window has enough predictions.
        XdriftError: a check fails without any incident; and as the rooms say.
    """
    if quiet < 0 or checks < 1:
        raise ValueError(f"a drill of {quiet} quiet checks and {checks} with the incident")
    monitor = _without_priority(settings.monitor(name))
    kind, rest = kind_of(inject)
    subject = open_subject(monitor)
    reference, made = _reference(settings, monitor, subject, clock())
    with tempfile.TemporaryDirectory(prefix="xdrift-drill-") as temporary:
        directory = Path(temporary)
        scene = Scene(monitor=monitor, subject=subject, reference=reference, directory=directory)
        incident = kind.prepare(rest, scene)
        replay = _Replay(settings=settings, scene=scene, clock=clock, progress=progress)
        lines, started_at, notes = _replayed(replay, kind, incident, quiet=quiet, checks=checks, until=until)
    return Drill(
        monitor=name,
        inject=inject,
        words=incident.words,
        expected=kind.right,
        why=kind.why,
        columns=incident.columns,
        reference_id=reference.id,
        reference_made=made,
        started_at=started_at,
        checks=lines,
        conclusion=conclude(lines, started_at=started_at, expected=kind.right, columns=incident.columns),
        notes=(*((MADE,) if made else ()), *incident.notes, *notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """What every check of a drill needs."""

    settings: Settings
    scene: Scene
    clock: Clock
    progress: Progress

    @contextmanager
    def store(self, name: str) -> Iterator[Store]:
        """A store that knows the monitor and its reference, and goes with the directory."""
        monitor = self.scene.monitor.name
        with Store.open(f"sqlite:///{self.scene.directory / name}.db") as opened:
            opened.upgrade()
            runner.register(self.settings, opened, self.clock(), [monitor])
            opened.save_reference(replace(self.scene.reference, monitor=monitor), activate=True)
            yield opened

    def check(self, store: Store, monitor: MonitorSettings, slot: datetime, alter: Alteration) -> Check:
        """One check through the pipeline, without the parts that a report does not need."""
        claim = store.claim(monitor.name, slot, owner="drill", lease=_LEASE, now=self.clock())
        assert claim is not None  # every slot is run once in every store
        done = perform(monitor, claim, store, clock=self.clock, alter=alter)
        return replace(done, rows=(), profiles=())

    def copy(self, check_id: str, source: Store, target: Store) -> None:
        """A check of one store finished in another, so that those after it find the same past."""
        found = source.check(check_id)
        assert found is not None
        claim = target.claim(found.monitor, found.planned_at, owner="drill", lease=_LEASE, now=self.clock())
        assert claim is not None
        target.finish(claim, found)


def _replayed(
    replay: _Replay, kind: Kind, incident: Incident, *, quiet: int, checks: int, until: datetime
) -> tuple[tuple[DrillCheck, ...], datetime | None, tuple[str, ...]]:
    """Every line, when the incident begins, and notes."""
    scene = replay.scene
    monitor, control = scene.monitor, kind.name == "none"
    wanted = quiet + checks
    planned = slots.latest(monitor.schedule, _EVER, until - _TICK, wanted)
    total = len(planned) + (0 if control else checks)
    made = scene.reference.attributions
    source_of = dict(zip(made.feature_names, made.source_features, strict=False))
    with replay.store("untouched") as before, replay.store("injected") as after:
        untouched: list[Check] = []
        for done, slot in enumerate(planned):
            replay.progress(done, total)
            untouched.append(_sound(replay.check(before, monitor, slot, Alteration())))
        judged = [check for check in untouched if check.outcome == "succeeded"]
        if not judged:
            raise _nothing_to_judge(untouched, monitor)
        notes = (
            () if len(judged) == wanted else (f"{len(judged)} of {wanted} windows have enough predictions to judge",)
        )
        if control:
            return tuple(compared(check, None, source_of=source_of) for check in judged), None, notes
        altered = _without_log(incident.monitor)
        notes = notes if altered is incident.monitor else (*notes, UNLOGGED)
        first = len(judged) - min(checks, max(1, len(judged) - quiet))
        start = judged[first - 1].window.end if first else judged[0].window.start
        injected: dict[datetime, Check] = {}
        for check in judged[:first]:
            replay.copy(check.id, before, after)
        for done, check in enumerate(judged[first:]):
            replay.progress(len(planned) + done, len(planned) + len(judged) - first)
            slot = check.planned_at
            injected[slot] = replay.check(after, altered, slot, incident.alteration(start))
    lines = (compared(check, injected.get(check.planned_at), source_of=source_of) for check in judged)
    return tuple(lines), start, notes


def _without_priority(monitor: MonitorSettings) -> MonitorSettings:
    """Priority rows are kept for people and judged by nobody: a drill needs none."""
    return monitor.model_copy(update={"sample": monitor.sample.model_copy(update={"priority_rows": 0})})


def _without_log(monitor: MonitorSettings) -> MonitorSettings:
    """An incident changes rows or the model, and what serving would then have logged is not known: what it logged of
    the rows as they were differs from the attributions of any incident, and would prove a pipeline broken each time."""
    return monitor if monitor.telemetry is None else monitor.model_copy(update={"telemetry": None})


def _reference(settings: Settings, monitor: MonitorSettings, subject: Subject, now: datetime) -> tuple[Reference, bool]:
    """The reference in force, and whether one had to be made. The only look at the real store, and it only reads."""
    with Store.open(settings.store.url) as store:
        found = store.active_reference(monitor.name) if store.schema_version() else None
    if found is not None:
        return found, False
    return build_reference(monitor, subject, author="xdrift drill", reason="no reference yet", now=now), True


def _sound(check: Check) -> Check:
    """Raises XdriftError for a check that fails although nothing was changed."""
    if check.outcome != "failed":
        return check
    raise XdriftError(
        f"monitor {check.monitor!r} cannot be drilled: its check at {check.planned_at:%Y-%m-%d %H:%M} fails as it is",
        seen=check.error,
        expected="checks that run before an incident is put in",
        hint=f"put it right first: `xdrift check {check.monitor} --at {check.planned_at:%Y-%m-%dT%H:%M}Z` shows it",
    )


def _nothing_to_judge(checks: Sequence[Check], monitor: MonitorSettings) -> DataError:
    first, last = checks[0].window.start, checks[-1].window.end
    return DataError(
        f"no window of monitor {monitor.name!r} can be judged",
        seen=f"at most {max(check.n_drawn for check in checks)} predictions in each of {len(checks)} windows, "
        f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        expected=f"{max(monitor.sample.min_rows, monitor.drift.min_rows)} or more",
        hint="name a time when there was traffic with --until, or drill a longer schedule.window",
    )
