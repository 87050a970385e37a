"""What an incident is, and how it comes into a check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.pipeline import Alteration, Subject
from monitor.settings import MonitorSettings
from monitor.types import Reference, Sample, utc

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
Change = Callable[[Sample, Mask], "pd.DataFrame"]
"""(sample, (n,) which of its rows came after the incident began) -> all rows, those changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The monitor that an incident is made for, opened."""

    monitor: MonitorSettings
    subject: Subject
    reference: Reference
    directory: Path
    """Where files of the drill may be written; gone when it ends."""

    def column(self, name: str) -> str:
        """An input column. Raises ConfigError that names the nearest one."""
        return self._known(name, [str(one) for one in self.subject.holdout.rows.columns], "input column")

    def feature(self, name: str) -> str:
        """A feature with attributions. Raises ConfigError that names the nearest one."""
        names = self.reference.attributions.feature_names
        sources = self.reference.attributions.source_features
        return self._known(name, list(dict.fromkeys([*sources, *names])), "feature")

    def _known(self, name: str, known: list[str], what: str) -> str:
        if name in known:
            return name
        near = get_close_matches(name, known, n=1)
        raise ConfigError(
            f"monitor {self.monitor.name!r} has no {what} of this name",
            seen=name or "nothing",
            expected=f"one of {', '.join(known)}",
            hint=f"did you mean {near[0]}?" if near else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that goes wrong: in the rows that arrive, in the model in force, or in how it answers."""

    words: str
    """What is done, for people."""
    monitor: MonitorSettings
    """The monitor as the incident leaves it: another model file, or as it was."""
    columns: tuple[str, ...] = ()
    """Input columns that a good alarm names; empty when no single one is to blame."""
    change: Change | None = None
    subject: Callable[[Subject], Subject] | None = None
    notes: tuple[str, ...] = ()

    def alteration(self, start: datetime) -> Alteration:
        """The incident as a check meets it. Rows change from `start` on, a model at once for all rows: whatever
        model is in force when a check runs explains them all."""
        altered = Alteration()
        if self.change is not None:
            altered = replace(altered, sample=_from_then_on(self.change, start))
        return altered if self.subject is None else replace(altered, subject=self.subject)


def _from_then_on(change: Change, start: datetime) -> Callable[[Sample], Sample]:
    moment = np.datetime64(utc(start).replace(tzinfo=None), "us")

    def altered(sample: Sample) -> Sample:
        after = np.asarray(sample.times >= moment)
        return replace(sample, rows=change(sample, after)) if after.any() else sample

    return altered
