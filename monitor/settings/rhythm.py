"""Periods of the holdout beside windows of traffic: settings that are allowed together and disappoint."""

from __future__ import annotations

from monitor.settings import MonitorSettings, format_duration


def long_period(monitor: MonitorSettings) -> tuple[str, str] | None:
    """What is wrong and the next step where periods are longer than windows; None where they are not, or not used.

    Whole weeks tell how much weeks differ; how far a Sunday is from the week that it is in they do not tell.
    """
    period, window = monitor.holdout.period, monitor.schedule.span
    if monitor.holdout.time is None or period <= window:
        return None
    long, short = format_duration(period), format_duration(window)
    return (
        f"holdout.period {long} is longer than the window of a check, {short}: thresholds know how much periods of "
        f"{long} differ and not those of {short}, so ordinary weekdays or hours will alarm",
        f"set holdout.period to {short} if the holdout holds 20 rows or more in each, and make a new reference; else "
        f"set schedule.window to {long}",
    )
