"""Evidently's own drift sections, for those who want more. Imported late: evidently costs seconds and 300 MB."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor.errors import XdriftError
from monitor.logs import event
from monitor.privacy import Keeper
from monitor.settings import MonitorSettings
from monitor.types import AttributionRow, Check, Reference

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_SECTIONS = ("attribution: ", "input: ", "prediction")
"""Beginnings of the names of columns."""


def evidently_page(monitor: MonitorSettings, reference: Reference, check: Check | None) -> str | None:
    """One HTML page with a section each on attributions, inputs and predictions: reference against the check's sample.

    Inputs of the reference are read from the holdout, without the columns that are kept back; where it cannot be read
    or is not the one of the reference any more there is no section on inputs. None where no rows are kept.
    """
    found = frames(monitor, reference, check)
    return None if found is None else _rendered(*found)


def frames(
    monitor: MonitorSettings, reference: Reference, check: Check | None
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """What Evidently compares: the reference's rows and the check's, with the same columns; None without rows."""
    rows = [row for row in (check.rows if check is not None else ()) if row.kind == "sample"]
    if not rows:
        return None
    before, now = _attributions(reference, rows)
    inputs = _inputs(monitor, reference, rows)
    return (before, now) if inputs is None else (before.join(inputs[0]), now.join(inputs[1]))


def _attributions(reference: Reference, rows: Sequence[AttributionRow]) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    found, names = reference.attributions, reference.attributions.feature_names
    before = pd.DataFrame(found.values, columns=[f"attribution: {name}" for name in names])
    now = pd.DataFrame([[row.values.get(name, np.nan) for name in names] for row in rows], columns=before.columns)
    return (
        before.assign(prediction=found.predictions.reshape(found.n, -1)[:, 0]),
        now.assign(prediction=[np.nan if row.prediction is None else row.prediction for row in rows]),
    )


def _inputs(
    monitor: MonitorSettings, reference: Reference, rows: Sequence[AttributionRow]
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    import pandas as pd

    from monitor.sources import read_holdout

    features = reference.attributions.source_features
    try:
        holdout = read_holdout(monitor.holdout, features)
    except XdriftError as error:
        event(log, logging.WARNING, "no inputs for Evidently", monitor=monitor.name, error=str(error.thing))
        return None
    if holdout.digest != reference.holdout_digest:
        event(log, logging.WARNING, "no inputs for Evidently", monitor=monitor.name, error="the holdout has changed")
        return None
    kept = [name for name in features if name not in Keeper.of(monitor).columns]
    names = [f"input: {name}" for name in kept]
    before = holdout.rows[kept].set_axis(names, axis=1).reset_index(drop=True)
    now = pd.DataFrame([[row.inputs.get(name) for name in kept] for row in rows], columns=names)
    for name in names:
        if pd.api.types.is_numeric_dtype(before[name]):
            now[name] = pd.to_numeric(now[name])
        else:
            before[name], now[name] = before[name].astype(str), now[name].astype(str)
    return before, now


def _rendered(before: pd.DataFrame, now: pd.DataFrame) -> str:
    os.environ["DO_NOT_TRACK"] = "1"  # before the import: it reads this once
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its libraries' own deprecations
        from evidently import Report
        from evidently.presets import DataDriftPreset

        presets = []
        for beginning in _SECTIONS:
            mine = [str(name) for name in before if str(name).startswith(beginning)]
            columns = [name for name in mine if _known(before[name], now[name])]
            if columns:
                presets.append(DataDriftPreset(columns=columns, method="psi"))
        result = Report(presets).run(now, before)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "report.html"
            result.save_html(str(path))
            return path.read_text(encoding="utf-8")


def _known(before: pd.Series[Any], now: pd.Series[Any]) -> bool:
    """Evidently cannot draw a column without any value on one side."""
    return bool(before.notna().any() and now.notna().any())
