"""Feature groups of a monitor: as configured, and as found in the holdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor import drift
from monitor.pipeline.subject import Subject, column_values

if TYPE_CHECKING:
    from monitor.settings import MonitorSettings
    from monitor.types import Attributions


def feature_groups(
    monitor: MonitorSettings, subject: Subject, attributions: Attributions
) -> dict[str, tuple[str, ...]]:
    """Group name to attribution columns. Found groups leave out what is grouped by configuration.

    With several explained classes every group exists once per class. Raises ConfigError for groups that do not fit.
    """
    settings = monitor.drift
    drift.check_groups(settings.groups, subject.explainer.input_features)
    groups = dict(settings.groups)
    if settings.find_groups is not None:
        taken = {member for members in groups.values() for member in members}
        rows = subject.holdout.rows
        numeric = {
            str(name): column_values(rows[name])
            for name in rows.columns
            if str(name) not in taken and rows[name].dtype.kind in "fiub"
        }
        groups |= drift.find_groups(numeric, settings.find_groups)
    pairs = list(zip(attributions.feature_names, attributions.source_features, strict=True))
    suffixes = dict.fromkeys(name.removeprefix(source) for name, source in pairs)
    return {
        f"{group}{suffix}": tuple(f"{member}{suffix}" for member in members)
        for group, members in groups.items()
        for suffix in suffixes
    }
