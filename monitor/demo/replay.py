"""The year through the pipeline that a user runs: reference, then every weekly slot, incidents put in and taken out."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitor import config as configuration
from monitor import pipeline, runner
from monitor.demo.data import Files
from monitor.demo.incidents import WEEK, YEAR_END, YEAR_START, Incident, spans
from monitor.errors import ConfigError
from monitor.settings import MonitorSettings, Settings

if TYPE_CHECKING:
    from monitor.store import Store
    from monitor.types import Check

MONITOR = "late-arrivals"
OTHER_EXPLAINER = {"engine": "tree-interventional", "background_rows": 10}
OTHER_SCALE = {"scale": "probability"}
"""The explainer incident: the same model, its probability explained instead of its log-odds, by another definition
of what a missing feature means. The second alone can pass for a warning when the background happens to be typical."""

CONFIG = """\
# Written by `xdrift demo`. A configuration as you would write it for your own model.
store:
  url: sqlite:///xdrift.db
  retention:                   # the demo plays in 2013: nothing of it is too old
    rows: 5200w
    checks: 5200w
server:
  port: {port}
monitors:
  - name: late-arrivals
    model_name: New York late arrivals
    owner: flight-operations
    model:
      path: model.ubj
      version: "1"
    holdout:
      path: holdout.parquet      # 2,000 flights of January to March
      id: flight_id
      time: time                 # so that thresholds know how much weeks differ by themselves
      label: late
    predictions:
      path: predictions.parquet
      columns:
        id: flight_id
        time: time
        model_version: model_version
        prediction: prediction
        label: late
        segments: [origin]
    schedule:
      every: 1w
    sample:
      rows: 1000
"""


def write_config(directory: Path, port: int) -> Path:
    """The demo's configuration file, in a directory that is new, empty or the demo's own.

    Raises ConfigError for any other directory, since a run overwrites a configuration and deletes a database, and for
    one that cannot be written.
    """
    path = directory / "xdrift.yaml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()) and not _is_ours(path):
            raise ConfigError(
                f"directory {directory} is not the demo's",
                seen="files that the demo did not write",
                expected="a new or empty directory, or that of an earlier demo",
                hint="name another one with --directory DIR",
            )
        path.write_text(CONFIG.format(port=port), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"directory {directory} of the demo cannot be written",
            seen=error.strerror,
            expected="a directory of your own",
            hint="name another one with --directory DIR",
        ) from error
    return path


def _is_ours(path: Path) -> bool:
    first = CONFIG.partition("\n")[0]
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace").startswith(first)


def read_config(path: Path) -> Settings:
    """Environment variables stay out of it: the demo shows the same thing everywhere."""
    return configuration.load(path, {})


def year_end() -> datetime:
    """The demo's clock stands at the end of its year, so nothing of the years since looks missed."""
    return YEAR_END + timedelta(hours=1)


def run_year(config: Settings, files: Files, store: Store, progress: Callable[[int, int], None]) -> list[Check]:
    """Make the reference, run all slots in order, and return the checks, oldest first.

    Checks that found something carry their parts, the others do not.
    """
    store.upgrade()
    runner.register(config, store, YEAR_START)
    if store.active_reference(MONITOR) is None:
        pipeline.create_reference(
            config.monitor(MONITOR), store, author="demo", reason="model accepted in March 2013", now=YEAR_START
        )
    total = int((YEAR_END - YEAR_START) / WEEK)
    behind = 0
    for start, end, incident in spans():
        _put_in(files, incident)
        try:
            runner.backfill(
                _under(config, incident),
                [MONITOR],
                start + WEEK,  # the check of a week is planned at its end
                end + WEEK,
                store,
                clock=year_end,
                progress=lambda done, _all, _outcome, behind=behind: progress(behind + done, total),  # type: ignore[misc]
            )
        finally:
            _put_in(files, None)
        behind += int((end - start) / WEEK)
    checks = sorted(store.checks(MONITOR, limit=total + 1), key=lambda check: check.planned_at)
    return [(store.check(check.id) or check) if check.level else check for check in checks]


def _put_in(files: Files, incident: Incident | None) -> None:
    """Deploy the model file that is in force under the incident, in one step."""
    wanted = files.retrained if incident is not None and incident.kind == "retrain" else files.accepted
    if files.model.read_bytes() != wanted.read_bytes():
        new = files.model.with_suffix(".new")
        new.write_bytes(wanted.read_bytes())
        os.replace(new, files.model)  # noqa: PTH105 - atomic


def _under(config: Settings, incident: Incident | None) -> Settings:
    if incident is None or incident.kind != "explainer":
        return config
    monitor: MonitorSettings = config.monitor(MONITOR)
    changed = monitor.model_copy(
        update={
            "explain": monitor.explain.model_copy(update=OTHER_EXPLAINER),
            "model": monitor.model.model_copy(update=OTHER_SCALE),
        }
    )
    return config.model_copy(update={"monitors": (changed,)})
