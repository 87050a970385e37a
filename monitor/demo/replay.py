"""The year through the pipeline that a user runs: reference, then week by week the explanation log, the check and the
poll, incidents put in and taken out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitor import config as configuration
from monitor import pipeline, runner
from monitor.config import without_secrets
from monitor.demo.data import World
from monitor.demo.explanations import ExplanationLog
from monitor.demo.incidents import MAINTENANCE, WEEK, Incident, active
from monitor.errors import ConfigError
from monitor.runner.poll import Poller
from monitor.settings import MonitorSettings, Settings, StoreSettings

if TYPE_CHECKING:
    from monitor.store import Store
    from monitor.types import Check

MONITOR, MODEL = "late-arrivals", "New York late arrivals"
OTHER_EXPLAINER = {"engine": "tree-interventional", "background_rows": 10}
OTHER_SCALE = {"scale": "probability"}
"""The explainer incident: the same model, its probability explained instead of its log-odds, by another definition
of what a missing feature means. The second alone can pass for a warning when the background happens to be typical."""

CONFIG = """\
# Written by `xdrift demo`. A configuration as you would write it for your own model.
store:
  url: {url}
  retention:                   # the demo plays in the past: nothing of it is too old
    rows: 5200w
    checks: 5200w
    telemetry: 5200w
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
    telemetry:
      path: explanations           # of the third of the predictions that a screen shows with its reasons
      group_by: [origin]
      adverse_classes: [late]
      price_per_hour: 0.12
"""


def write_config(directory: Path, port: int, store: str | None = None) -> Path:
    """The demo's configuration file, in a directory that is new, empty or the demo's own.

    A password in the URL of the store stays out of the file.

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
        path.write_text(CONFIG.format(port=port, url=without_secrets(store or StoreSettings().url)), encoding="utf-8")
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


def read_config(path: Path, store: str | None = None) -> Settings:
    """Environment variables stay out of it: the demo shows the same thing everywhere."""
    return configuration.load(path, {} if store is None else {"XDRIFT_STORE__URL": store})


class Clock:
    """Shows the time of the replay, and runs on from there, so that checks take as long as they take."""

    def __init__(self, moment: datetime) -> None:
        self.set(moment)

    def set(self, moment: datetime) -> None:
        self._moment, self._set_at = moment, time.monotonic()

    def __call__(self) -> datetime:
        return self._moment + timedelta(seconds=time.monotonic() - self._set_at)


def year_end(world: World) -> Callable[[], datetime]:
    """Stands still: nothing of the years since looks missed."""
    return lambda: world.end + timedelta(hours=1)


def empty(store: Store) -> None:
    """A migrated database in which nothing of an earlier demo is left.

    Raises ConfigError, and changes nothing, for one that holds other monitors.
    """
    if store.schema_version() is not None:
        others = sorted(name for name, model in store.monitors().items() if (name, model) != (MONITOR, MODEL))
        if others:
            raise ConfigError(
                "the store is not the demo's",
                seen=f"monitor {others[0]}" + (f" and {len(others) - 1} others" if others[1:] else ""),
                expected="an empty database, or that of an earlier demo",
                hint="name another one with --store URL",
            )
    store.upgrade()
    store.erase(MONITOR)


def run_year(
    config: Settings, world: World, log: ExplanationLog, store: Store, progress: Callable[[int, int], None]
) -> list[Check]:
    """Make the reference, run all slots in order, and return the checks, oldest first.

    Every record has the times it would have had if the daemon had run that year. Checks that found something carry
    their parts, the others do not.
    """
    clock = Clock(world.start)
    runner.register(config, store, world.start)
    pipeline.create_reference(
        config.monitor(MONITOR), store, author="demo", now=world.start,
        reason="the holdout, of the first 13 weeks, is the norm; dated to the start of the replay, which checks it too",
    )  # fmt: skip
    poller = Poller(config.monitor(MONITOR), store, clock=clock)
    total = int((world.end - world.start) / WEEK)

    def follow(week: int) -> None:
        """What the log of this week says, and the log of the next one."""
        poller.poll()
        if week + 1 < total:
            log.write_week(world.start + (week + 1) * WEEK)

    log.write_week(world.start)
    with ThreadPoolExecutor(1) as beside:
        for week in range(total):
            start = world.start + week * WEEK
            _maintain(store, start, world)
            slot = start + WEEK
            clock.set(slot)
            followed = beside.submit(follow, week)
            _check(config, world, active(start - world.shift), slot, store, clock)
            followed.result()
            progress(week + 1, total)
    checks = sorted(store.checks(MONITOR, limit=total + 1), key=lambda check: check.planned_at)
    return [(store.check(check.id) or check) if check.level else check for check in checks]


def _check(
    config: Settings, world: World, incident: Incident | None, slot: datetime, store: Store, clock: Clock
) -> None:
    """Run one slot with the incident in force."""
    _put_in(world, incident)
    try:
        runner.backfill(_under(config, incident), [MONITOR], slot, slot + WEEK, store, clock=clock)
    finally:
        _put_in(world, None)


def _maintain(store: Store, week: datetime, world: World) -> None:
    start, until = (moment + world.shift for moment in MAINTENANCE)
    if week <= start < week + WEEK:
        store.start_maintenance(
            MONITOR, until=until, author="flight-operations", reason="CHG-118, delays in minutes again", now=start
        )


def _put_in(world: World, incident: Incident | None) -> None:
    """Deploy the model file that is in force under the incident, in one step."""
    wanted = world.retrained if incident is not None and incident.kind == "retrain" else world.accepted
    if world.model.read_bytes() != wanted.read_bytes():
        new = world.model.with_suffix(".new")
        new.write_bytes(wanted.read_bytes())
        os.replace(new, world.model)  # noqa: PTH105 - atomic


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
