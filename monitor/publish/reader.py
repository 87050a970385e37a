"""What the publish room asks of the store. `monitor.store.Store` fits without knowing this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.types import (
    AttributionRow,
    Check,
    Delivery,
    HistoryPoint,
    KeptPrediction,
    Maintenance,
    Profile,
    ReferenceSummary,
    Snapshot,
    UnexplainedGroup,
    Verdict,
)


class Reader(Protocol):
    """Read access to everything stored. Methods raise StoreError when the database does not answer."""

    def snapshot(self, now: datetime, next_runs: Mapping[str, datetime] | None = None) -> Snapshot:
        """Every monitor's state and every durable counter, read together."""
        ...

    def check(self, check_id: str, /) -> Check | None:
        """One check with everything kept about it; None when there is none of that id."""
        ...

    def checks(
        self,
        monitor: str | None = None,
        *,
        limit: int = 50,
        before: datetime | None = None,
        since: datetime | None = None,
        verdict: Verdict | None = None,
    ) -> Sequence[Check]:
        """Latest planned slot first; without findings, profiles and rows. `since` is included, `before` is not."""
        ...

    def history(self, monitor: str, *, limit: int = 60) -> Sequence[HistoryPoint]:
        """The latest checks of one monitor, oldest first."""
        ...

    def confirmation(self, check: Check, /) -> Check | None:
        """The check that looked at this one again, without its parts; None when there is none."""
        ...

    def deliveries(self, check_id: str, /) -> Sequence[Delivery]:
        """What became of the messages about one check, by channel."""
        ...

    def maintenances(self, monitor: str | None = None) -> Sequence[Maintenance]:
        """Every declared maintenance, newest first."""
        ...

    def references(self, monitor: str | None = None) -> Sequence[ReferenceSummary]:
        """All references, of one monitor or of all."""
        ...

    def kept_predictions(
        self, row_id: str, *, monitor: str | None = None, check_id: str | None = None
    ) -> Sequence[KeptPrediction]:
        """One prediction as each check kept it, the latest slot first."""
        ...

    def kept_rows(
        self, check_id: str, *, below: float | None = None, at_least: float | None = None, limit: int
    ) -> Sequence[AttributionRow]:
        """Rows that a check kept, of predictions below a value or at least as large."""
        ...

    def examples(self, check_id: str, feature: str, *, limit: int) -> Sequence[AttributionRow]:
        """Rows of a check in which a feature has the largest attributions, the largest first."""
        ...

    def input_profiles(self, check: Check, /) -> Sequence[Profile]:
        """Distributions of inputs: of the check's reference, then of its own window."""
        ...

    def unexplained(self, monitor: str, *, since: datetime, limit: int) -> Sequence[UnexplainedGroup]:
        """Predictions without an explanation of whole UTC days from `since` on, by reason, model version and group, the
        most frequent first; without those that sampling left out."""
        ...
