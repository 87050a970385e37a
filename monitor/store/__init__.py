"""The store: every check, reference, slot and total, on SQLite or PostgreSQL.

    with Store.open("sqlite:///xdrift.db") as store:
        store.upgrade()
        claim = store.claim("credit", planned_at, owner=owner, lease=timedelta(minutes=15), now=now)
        if claim is not None:
            store.finish(claim, check)

Every method is one transaction: it happens as a whole or not at all. Every method raises StoreError when the database
cannot be reached, refuses, or has another schema than this code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from monitor.settings import MonitorSettings, RetentionSettings
from monitor.store import (
    checks,
    events,
    examine,
    history,
    maintenance,
    migrate,
    outbox,
    predictions,
    purge,
    recovery,
    references,
    registry,
    reporting,
    serving,
    slots,
    status,
    telemetry,
)
from monitor.store.budgets import Budgets
from monitor.store.engine import Database, Patience
from monitor.store.examine import Examination
from monitor.store.outbox import Announce
from monitor.store.reader import Reader, create_reader
from monitor.store.recovery import check_id
from monitor.store.reported import IncidentLine, PeriodFacts, SwarmRow, WeeklyFacts
from monitor.store.telemetry import TelemetryState
from monitor.telemetry.records import Batch, Known
from monitor.types import (
    AttributionRow,
    Check,
    Claim,
    Delivery,
    Event,
    Floats,
    HistoryPoint,
    KeptPrediction,
    Maintenance,
    Message,
    Profile,
    Reference,
    ReferenceSummary,
    ServedLately,
    Snapshot,
    UnexplainedGroup,
    Verdict,
)

__all__ = ["Announce", "Examination", "Patience", "Reader", "Store", "TelemetryState", "check_id"]


class Store:
    """Belongs to the process that opened it; its threads may share it. A child process opens its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._latest: dict[str, Check] = {}
        self._budgets = Budgets()
        self.announce: Announce | None = None
        """What is told when a check changes its monitor's condition; nothing when None."""

    @classmethod
    def open(cls, url: str, *, wait: timedelta = timedelta(seconds=30), patience: Patience | None = None) -> Self:
        """A store at an SQLAlchemy URL; connects when first used, migrates only in `upgrade`.

        `wait`: how long a method waits for a lock that another process holds; `patience`: who is told of it. Raises
        StoreError for a wrong URL.
        """
        return cls(Database(url, wait, patience))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    # schema

    def upgrade(self) -> None:
        """Create or migrate the schema; safe while other processes do the same."""
        migrate.upgrade(self._database)

    def create_reader(self, role: str, password: str | None = None) -> Reader:
        """A role of PostgreSQL that can read the views for dashboards and nothing else; safe to repeat.

        Raises StoreError on SQLite, and for a role that can read more.
        """
        return create_reader(self._database, role, password)

    def schema_version(self) -> str | None:
        """The migration the database is at, None when it has none; whatever this code expects."""
        if not self._database.exists():
            return None
        with self._database.session() as connection:
            return self._database.version(connection)

    def ping(self) -> None:
        """Raises StoreError unless the database answers."""
        with self._database.session() as connection:
            connection.exec_driver_sql("SELECT 1")

    def examine(self) -> Examination:
        """Whether schema and rights are those that this code needs; whatever the schema. Writes nothing."""
        return examine.examine(self._database)

    # monitors

    def register(
        self, monitor: MonitorSettings, *, cadence: str, interval_seconds: float, config_digest: str, now: datetime
    ) -> None:
        """Take a monitor into service, or update it, with every known total at 0."""
        with self._database.write() as connection:
            registry.register(
                connection,
                monitor,
                cadence=cadence,
                interval_seconds=interval_seconds,
                config_digest=config_digest,
                now=now,
            )

    def retire(self, names_not_in: Collection[str]) -> None:
        """Take every other monitor out of service; its past stays readable, its series end."""
        with self._database.write() as connection:
            registry.retire(connection, names_not_in)

    def monitors(self) -> dict[str, str]:
        """Name to model of every monitor, retired ones included."""
        with self._database.read() as connection:
            return registry.known(connection)

    def erase(self, monitor: str) -> None:
        """Delete a monitor with everything kept of it, references too; for the demo."""
        with self._database.write() as connection:
            registry.erase(connection, monitor)

    # references

    def save_reference(self, reference: Reference, *, activate: bool) -> None:
        """Keep a reference; saving the same one again changes nothing."""
        with self._database.write() as connection:
            references.save(connection, reference, activate=activate)

    def activate_reference(self, monitor: str, reference_id: str, *, author: str, reason: str, at: datetime) -> None:
        """Put a saved reference in force."""
        with self._database.write() as connection:
            references.activate(connection, monitor, reference_id, author=author, reason=reason, at=at)

    def active_reference(self, monitor: str) -> Reference | None:
        with self._database.read() as connection:
            found = references.active_id(connection, monitor)
            return None if found is None else references.load(connection, found, monitor)

    def load_reference(self, reference_id: str, *, monitor: str | None = None) -> Reference:
        """Raises StoreError when there is none. `monitor` tells apart two monitors whose references are equal."""
        with self._database.read() as connection:
            return references.load(connection, reference_id, monitor)

    def references(self, monitor: str | None = None) -> list[ReferenceSummary]:
        """Newest first."""
        with self._database.read() as connection:
            return references.summaries(connection, monitor)

    # slots

    def claim(
        self,
        monitor: str,
        planned_at: datetime,
        *,
        owner: str,
        lease: timedelta,
        now: datetime,
        confirms: str | None = None,
        failed_before: datetime | None = None,
    ) -> Claim | None:
        """The right to run a slot; None when another holds it, or it is done, failed, skipped or used up.

        `confirms`: the check that a slot which is not planned looks at again. `failed_before`: a slot whose check
        failed before this moment may be run once more; the failed check is on record until `finish` replaces it.
        """
        with self._database.write() as connection:
            return slots.claim(
                connection,
                monitor,
                planned_at,
                owner=owner,
                lease=lease,
                now=now,
                confirms=confirms,
                failed_before=failed_before,
            )

    def renew(self, claim: Claim, *, lease: timedelta, now: datetime) -> bool:
        """Hold a slot for longer; False when it is lost."""
        with self._database.write() as connection:
            return slots.renew(connection, claim, lease=lease, now=now)

    def release_dead(self, now: datetime, alive: Callable[[str], bool]) -> list[tuple[str, datetime]]:
        """Free the slots of owners that are gone: lease over, or `alive(owner)` is False.

        Returns every slot that waits for its second run, oldest first. A slot interrupted twice is closed with a
        failed check instead.
        """
        with self._database.read() as connection:
            suspects = recovery.suspects(connection, now, alive)
        for suspect in suspects:
            with self._database.write() as connection:
                recovery.release(connection, suspect, now, self.announce)
        with self._database.read() as connection:
            return recovery.waiting(connection)

    def finish(self, claim: Claim, check: Check) -> None:
        """Save a check with everything that goes with it, and close its slot.

        Raises SlotLostError, and writes nothing, when the claim no longer holds the slot.
        """
        with self._database.write() as connection:
            slots.finish(connection, claim, check, self.announce)

    def skip(self, monitor: str, planned_at: datetime, reason: str, now: datetime) -> None:
        """Record that a slot will not be run."""
        with self._database.write() as connection:
            slots.skip(connection, monitor, planned_at, reason, now)

    def finished_slots(
        self, monitor: str, since: datetime, until: datetime, *, failed_before: datetime | None = None
    ) -> set[datetime]:
        """Planned times in [since, until) that need nothing more: done, failed or skipped; `failed_before` leaves out
        those that failed before this moment."""
        with self._database.read() as connection:
            return slots.finished(connection, monitor, since, until, failed_before=failed_before)

    def last_slot(self, monitor: str) -> datetime | None:
        """Planned time of the latest slot in any state."""
        with self._database.read() as connection:
            return slots.last(connection, monitor)

    # checks

    def check(self, check_id: str) -> Check | None:
        """A check with everything."""
        with self._database.read() as connection:
            return checks.load(connection, check_id)

    def checks(
        self,
        monitor: str | None = None,
        *,
        limit: int = 50,
        before: datetime | None = None,
        since: datetime | None = None,
        verdict: Verdict | None = None,
    ) -> list[Check]:
        """Checks planned in [since, before), latest slot first, without findings, contributions, profiles and rows."""
        with self._database.read() as connection:
            return checks.listing(connection, monitor, limit=limit, before=before, since=since, verdict=verdict)

    def confirmation(self, check: Check) -> Check | None:
        """The check that looked at this one again, without its parts."""
        with self._database.read() as connection:
            return checks.confirmation(connection, check)

    def history(self, monitor: str, *, limit: int = 60) -> list[HistoryPoint]:
        """The latest checks of planned slots, oldest first; confirming ones are no slots of their own."""
        with self._database.read() as connection:
            return history.history(connection, monitor, limit=limit)

    def previous_attributions(
        self,
        monitor: str,
        *,
        before: datetime,
        reference_id: str,
        model_digest: str,
        explainer_digest: str,
        limit: int,
        without: str | None = None,
    ) -> Floats | None:
        """(n, d) sampled rows of the latest `limit` comparable checks planned before a time, in the reference's order.

        Comparable: same reference, model and explainer. Confirming checks are left out, and the check `without`. None
        when there are none, or their rows were purged.
        """
        with self._database.read() as connection:
            return checks.previous_attributions(
                connection,
                monitor,
                before=before,
                reference_id=reference_id,
                model_digest=model_digest,
                explainer_digest=explainer_digest,
                limit=limit,
                without=without,
            )

    # single predictions

    def kept_predictions(
        self, row_id: str, *, monitor: str | None = None, check_id: str | None = None
    ) -> list[KeptPrediction]:
        """One prediction as each check kept it, the latest slot first; of one monitor, or by one check."""
        with self._database.read() as connection:
            return predictions.kept(connection, row_id, monitor=monitor, check_id=check_id)

    def kept_rows(
        self, check_id: str, *, below: float | None = None, at_least: float | None = None, limit: int
    ) -> list[AttributionRow]:
        """Rows that a check kept, in their order, of predictions below a value or at least as large."""
        with self._database.read() as connection:
            return predictions.rows(connection, check_id, below=below, at_least=at_least, limit=limit)

    def examples(self, check_id: str, feature: str, *, limit: int) -> list[AttributionRow]:
        """Rows of a check in which a feature has the largest attributions, the largest first."""
        with self._database.read() as connection:
            return predictions.examples(connection, check_id, feature, limit=limit)

    def input_profiles(self, check: Check) -> tuple[Profile, ...]:
        """Distributions of inputs: of the check's reference, then of its own window."""
        with self._database.read() as connection:
            return predictions.input_profiles(connection, check)

    def snapshot(self, now: datetime, next_runs: Mapping[str, datetime] | None = None) -> Snapshot:
        """Every monitor in service and every total, all of one moment."""
        with self._database.read() as connection:
            taken = status.snapshot(connection, now, next_runs or {}, known=self._latest, budgets=self._budgets)
        latest = (monitor.last_check for monitor in taken.monitors)
        self._latest = {check.id: check for check in latest if check is not None}
        return taken

    # the explanation log

    def telemetry_state(self, monitor: str) -> TelemetryState:
        """From where reading the explanation log goes on. Raises StoreError for a monitor registered without one."""
        with self._database.read() as connection:
            return telemetry.state(connection, monitor)

    def telemetry_seen(
        self, monitor: str, since: datetime, *, after_revision: int = -1
    ) -> list[tuple[datetime, NDArray[np.uint64]]]:
        """(when counted, sorted digests of record ids) of each batch counted since a time and after a revision."""
        with self._database.read() as connection:
            return telemetry.seen(connection, monitor, since, after_revision)

    def telemetry_known(self, monitor: str, requests: Collection[tuple[str, datetime]]) -> Known:
        """How often each of these failed requests, by fingerprint and day, was counted; others are absent."""
        with self._database.read() as connection:
            return telemetry.known(connection, monitor, requests)

    def commit_telemetry(
        self,
        monitor: str,
        expected_revision: int,
        batch: Batch,
        positions: Mapping[str, Any],
        *,
        now: datetime,
        remember: timedelta,
        finished: bool,
    ) -> bool:
        """Add what one batch of the explanation log counted, with the positions it was read up to.

        False, and nothing is written, when the state is not at the expected revision any more: another poll counted
        meanwhile, and whoever was overtaken begins again from `telemetry_state`. `finished`: the log has been read to
        its end.
        """
        with self._database.write() as connection:
            return telemetry.commit(
                connection,
                monitor,
                expected_revision,
                batch,
                positions,
                now=now,
                remember=remember,
                finished=finished,
            )

    def telemetry_failed(self, monitor: str, error: str, now: datetime) -> None:
        """Note that the explanation log could not be read to its end, and why."""
        with self._database.write() as connection:
            telemetry.failed(connection, monitor, error, now)

    def served_lately(self, monitor: str, since: datetime) -> ServedLately:
        """What the explanation log counted since a time of its records, rounded down to five minutes."""
        with self._database.read() as connection:
            return serving.lately(connection, monitor, since)

    def unexplained(self, monitor: str, *, since: datetime, limit: int) -> list[UnexplainedGroup]:
        """Predictions without an explanation of whole UTC days from `since` on, by reason, model version and group, the
        most frequent first; without those that sampling left out."""
        with self._database.read() as connection:
            return serving.groups(connection, monitor, since, limit)

    def telemetry_set_aside(self, monitor: str) -> tuple[telemetry.SetAside, ...]:
        """Lines of the explanation log that could not be used, by reason, with the place of the first."""
        with self._database.read() as connection:
            return telemetry.set_aside(connection, monitor)

    def telemetry_incidents(self, monitor: str, *, within: timedelta, now: datetime) -> tuple[IncidentLine, ...]:
        """Personal data found in the latest records: days, kinds and fields, never values."""
        with self._database.read() as connection:
            return telemetry.incidents(connection, monitor, within, now)

    # maintenance

    def start_maintenance(
        self, monitor: str, *, until: datetime, author: str, reason: str, now: datetime
    ) -> Maintenance:
        """Declare one from now on. Raises ConfigError while one is open, for an end past or over a week ahead, and for
        an author or reason that is empty, too long or not one line of text."""
        with self._database.write() as connection:
            return maintenance.start(connection, monitor, until=until, author=author, reason=reason, now=now)

    def end_maintenance(self, monitor: str, *, author: str, now: datetime) -> Maintenance:
        """End the open one before its time. Raises ConfigError when none is open, and for an author that is no line
        of text."""
        with self._database.write() as connection:
            return maintenance.end(connection, monitor, author=author, now=now)

    def maintenances(self, monitor: str | None = None) -> list[Maintenance]:
        """All that were ever declared, newest first."""
        with self._database.read() as connection:
            return maintenance.listing(connection, monitor)

    # reports

    def weekly_facts(self, start: datetime, *, weeks: int, names: Collection[str] | None = None) -> WeeklyFacts:
        """What is known of the week that begins at `start`, a Monday, and of the `weeks` up to its end."""
        with self._database.read() as connection:
            return reporting.weekly(connection, start, weeks=weeks, names=names)

    def period_facts(self, start: datetime, end: datetime, *, names: Collection[str] | None = None) -> PeriodFacts:
        """What is known of [start, end), whole UTC days."""
        with self._database.read() as connection:
            return reporting.period(connection, start, end, names=names)

    def check_parts(self, ids: Collection[str]) -> dict[str, Check]:
        """Checks by id, with findings and contributions, of profiles those of predictions alone, without rows."""
        with self._database.read() as connection:
            return reporting.parts(connection, ids)

    def swarm(self, check_id: str, *, limit: int) -> list[SwarmRow]:
        """At most `limit` sampled rows of a check, evenly out of all that are still kept."""
        with self._database.read() as connection:
            return reporting.swarm(connection, check_id, limit)

    # events and messages

    def events(
        self,
        *,
        since: datetime,
        until: datetime | None = None,
        monitor: str | None = None,
        recorded_since: datetime | None = None,
    ) -> list[Event]:
        """What happened in [since, until), oldest first; with `recorded_since` only what was written down since."""
        with self._database.read() as connection:
            return events.events(connection, since=since, until=until, monitor=monitor, recorded_since=recorded_since)

    def first_switched_on(self, what: str, now: datetime) -> datetime:
        """When something was first switched on on this database: `now`, when it never was."""
        with self._database.write() as connection:
            return events.first_switched_on(connection, what, now)

    def add_messages(self, messages: Collection[Message]) -> None:
        """Keep messages until they are delivered; one that is there already stays as it is."""
        with self._database.write() as connection:
            outbox.add(connection, messages)

    def messages_due(self, channel: str, now: datetime, *, limit: int = 20) -> list[Message]:
        """Messages of one channel to be delivered now, oldest first."""
        with self._database.read() as connection:
            return outbox.due(connection, channel, now, limit)

    def deliveries(self, check_id: str) -> list[Delivery]:
        """What became of the messages about one check, by channel."""
        with self._database.read() as connection:
            return outbox.of_check(connection, check_id)

    def drop_messages(self, channels_not_in: Collection[str]) -> int:
        """Give up what waits for every other channel; how many."""
        with self._database.write() as connection:
            return outbox.drop(connection, channels_not_in)

    def take_message(self, message: Message, *, until: datetime) -> bool:
        """The right to try one delivery, over by `until`; False when another process has it."""
        with self._database.write() as connection:
            return outbox.take(connection, message, until=until)

    def message_sent(self, message: Message, now: datetime) -> None:
        """It was delivered; counted once."""
        with self._database.write() as connection:
            outbox.sent(connection, message, now)

    def message_failed(self, message: Message, *, error: str, again_at: datetime | None) -> None:
        """It was not delivered: it waits for `again_at`, or is given up and counted when that is None."""
        with self._database.write() as connection:
            outbox.failed(connection, message, error=error, again_at=again_at)

    def purge(self, now: datetime, retention: RetentionSettings) -> dict[str, int]:
        """Delete what is older than its retention; rows deleted by kind. Many small transactions."""
        return purge.purge(self._database.write, now, retention)
