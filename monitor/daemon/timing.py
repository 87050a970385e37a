"""APScheduler decides when; what is due is worked out from the store each time (due.py)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor import slots
from monitor.errors import XdriftError
from monitor.logs import event
from monitor.settings import MonitorSettings, ScheduleSettings

log = logging.getLogger(__name__)

CHECK = "check:"
"""Prefix of the job that runs one monitor's checks."""


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at each slot of a schedule, a little later by the monitor's stagger; never for a moment that has passed."""

    def __init__(self, schedule: ScheduleSettings, offset: timedelta) -> None:
        self._schedule, self._offset = schedule, offset

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """APScheduler's own name for it."""
        after = max(now, previous_fire_time or now).astimezone(UTC)
        return slots.next_slot(self._schedule, after - self._offset) + self._offset

    @classmethod
    def of(cls, monitor: MonitorSettings) -> SlotTrigger:
        return cls(monitor.schedule, slots.stagger(monitor.name, slots.longest_gap(monitor.schedule)))


def scheduler(max_checks: int, poll_threads: int, readers: int) -> Any:
    """A scheduler, not yet started.

    Threads in `checks` only watch child processes; `poll` has one for each small job, so that none waits for another;
    `read` is for explanation logs, which may take long, and `report` for weekly reports.
    """
    found = BackgroundScheduler(
        timezone=UTC,
        jobstores={"default": MemoryJobStore()},
        executors={
            "poll": ThreadPoolExecutor(poll_threads),
            "read": ThreadPoolExecutor(readers),
            "report": ThreadPoolExecutor(1),
            "checks": ThreadPoolExecutor(max_checks),
        },
        # The defaults drop a run that is one second late; waiting for a free thread counts as late.
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    found.add_listener(_missed, EVENT_JOB_MISSED)
    found.add_listener(_overlap, EVENT_JOB_MAX_INSTANCES)
    found.add_listener(_failed, EVENT_JOB_ERROR)
    return found


def _missed(told: Any) -> None:
    event(log, logging.ERROR, "job missed", job=told.job_id, planned=told.scheduled_run_time)


def _overlap(told: Any) -> None:
    # No slot is lost: the running job looks for what is due when it ends.
    job, planned = told.job_id, told.scheduled_run_times[0]
    event(
        log, logging.WARNING if job.startswith(CHECK) else logging.INFO, "job still running", job=job, planned=planned
    )


def _failed(told: Any) -> None:
    # What we raise on purpose says all in its message; anything else is a bug and needs its traceback.
    bug = None if isinstance(told.exception, XdriftError) else told.exception
    fields = {"job": told.job_id, "error": str(told.exception)}
    log.error("job failed", exc_info=bug, extra={"fields": fields})
