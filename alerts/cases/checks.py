"""Checks that fail, cannot judge or are missing, and trust in alarms and messages."""

from __future__ import annotations

from alerts.cases.model import M1, M2, M3, M4, M5, NAMED, Case, Series, Values, abroad, checked, drifted, info, join, on

FAILING = "ExplanationChecksFailing"
UNKNOWN, STALE = "ExplanationCannotJudge", "ExplanationCheckStale"
CANARY, MESSAGES = "ExplanationCanaryAboveBudget", "ExplanationNotificationsFailing"
_SAYS = "Monitor m1 (model credit version v1)"


def verdict(word: str, value: Values = 1, *, monitor: str = "m1") -> Series:
    return {on("xdrift_verdict", f'verdict="{word}"', monitor=monitor): value}


def canary(comparisons: Values, warning: Values, severe: Values = 0, *, monitor: str = "m1") -> Series:
    return {
        on("xdrift_canary_comparisons_total", monitor=monitor): comparisons,
        on("xdrift_canary_alarms_total", 'level="warning"', monitor=monitor): warning,
        on("xdrift_canary_alarms_total", 'level="severe"', monitor=monitor): severe,
    }


def messages(failures: Values, waiting: Values, *, monitor: str = "m1") -> Series:
    return {
        on("xdrift_notification_failures_total", monitor=monitor): failures,
        on("xdrift_notifications_waiting", monitor=monitor): waiting,
    }


def failing(failures: Values, *, monitor: str = "m1") -> Series:
    return {on("xdrift_check_consecutive_failures", monitor=monitor): failures}


CASES = (
    Case(
        name="two failed checks in a row are a ticket, of a weekly monitor one is",
        series=join(
            info(),
            failing("0x5 1x5 2x10 0x{n}"),
            info("m2", cadence="weekly"),
            failing("0x5 1x{n}", monitor="m2"),
            info("m3", cadence="daily"),
            failing(1, monitor="m3"),
            # Elsewhere it is weekly.
            abroad(info("m3", cadence="weekly")),
        ),
        quiet=(("8m", FAILING, M1), ("25m", FAILING, M1), ("4m", FAILING, M2), ("15m", FAILING, M3)),
        fires=(("15m", FAILING, M1), ("8m", FAILING, M2)),
    ),
    Case(
        name="the ticket on failed checks says how many",
        series=join(info(), failing(3)),
        told=(("5m", FAILING, NAMED, f"{_SAYS}: 3 failed in a row."),),
    ),
    Case(
        name="no verdict for two intervals is a ticket, with its reason where checks run but cannot judge",
        series=join(
            info(),
            checked(success=0, interval=600),
            verdict("unknown"),
            info("m2"),
            checked(success=0, interval=600, failures=3, monitor="m2"),
            verdict("unknown", monitor="m2"),
            info("m3"),
            checked(success=0, interval=600, monitor="m3"),
            verdict("unknown", 0, monitor="m3"),
            verdict("none", monitor="m3"),
            info("m4"),
            checked(success="0+60x{n}", interval=600, monitor="m4"),
            verdict("unknown", monitor="m4"),
            # Drift is another matter.
            drifted(2, 5, monitor="m4"),
            # Elsewhere it has none.
            abroad(join(info("m4"), checked(success=0, interval=600, monitor="m4"))),
            # And checks fail.
            abroad(checked(success="0+60x{n}", interval=600, failures=3)),
            # And m3 cannot be judged.
            abroad(verdict("unknown", monitor="m3")),
        ),
        quiet=(
            ("34m", STALE, M1),
            ("34m", UNKNOWN, M1),
            ("40m", UNKNOWN, M2),
            ("40m", UNKNOWN, M3),
            ("40m", STALE, M4),
            ("40m", UNKNOWN, M4),
        ),
        fires=(("37m", STALE, M1), ("37m", UNKNOWN, M1), ("37m", STALE, M2), ("37m", STALE, M3)),
    ),
    Case(
        name="the tickets on missing verdicts say since when",
        interval="10m",
        series=join(info(), checked(success=0, interval=1800), verdict("unknown")),
        told=tuple(
            ("1h30m", alert, NAMED, f"{_SAYS}: the last verdict was reached 1h 30m 0s ago.")
            for alert in (STALE, UNKNOWN)
        ),
    ),
    Case(
        name="a weekly monitor is stale after two weeks and ten minutes",
        interval="6h",
        series=join(
            info(cadence="weekly"),
            checked(success=0, interval=604800),
            info("m2", cadence="weekly"),
            checked(success="0x28 604800x{n}", interval=604800, monitor="m2"),
        ),
        quiet=(("14d", STALE, M1), ("15d", STALE, M2)),
        fires=(("14d12h", STALE, M1),),
    ),
    Case(
        name="more false alarms than promised and chance allow are a ticket after an hour",
        interval="10m",
        series=join(
            # 400 comparisons: 20 are promised, four deviations are 17.4, one on top: 38.4. Severe: 4, 8.0, one: 13.0.
            info(),
            canary(400, "10x3 40x{n}"),
            info("m2"),
            canary(400, 38, monitor="m2"),
            info("m3"),
            canary(400, 0, 14, monitor="m3"),
            info("m4"),
            canary(400, 0, 12, monitor="m4"),
        ),
        quiet=(("1h20m", CANARY, M1), ("3h", CANARY, M2), ("3h", CANARY, M4)),
        fires=(("1h50m", CANARY, f'{M1}, level="warning"'), ("3h", CANARY, f'{M3}, level="severe"')),
    ),
    Case(
        name="few comparisons allow more by chance",
        interval="10m",
        series=join(
            # 20 comparisons: 1 + 3.9 + 1 = 5.9; severe: 0.2 + 1.8 + 1 = 3.0. One comparison: 1.9; severe: 1.4.
            info(),
            canary(20, 6),
            info("m2"),
            canary(20, 5, monitor="m2"),
            info("m3"),
            canary(1, 1, 1, monitor="m3"),
            info("m4"),
            canary(20, 0, 4, monitor="m4"),
        ),
        quiet=(("3h", CANARY, M2), ("3h", CANARY, M3)),
        fires=(("3h", CANARY, f'{M1}, level="warning"'), ("3h", CANARY, f'{M4}, level="severe"')),
    ),
    Case(
        name="two severe alarms in two comparisons are too many",
        interval="10m",
        # 0.02 + 0.6 + 1 = 1.6.
        series=join(info(), canary(2, 0, 2)),
        fires=(("2h", CANARY, f'{M1}, level="severe"'),),
    ),
    Case(
        name="false alarms of more than seven days ago are over, also where a daemon was away then",
        interval="2h",
        twins=False,
        series=join(
            # 300 and 250 until the third day, then 400 comparisons without one.
            info(),
            canary("300x36 700x{n}", "250x{n}", "250x{n}"),
            # As many, but all in the last days.
            info("m2"),
            canary("300x75 700x{n}", "0x75 250x{n}", monitor="m2"),
            # Away from 6 h before the moment a week earlier, and then from 16 h before it.
            info("m3"),
            canary("300x30 _x6 _x25 700x{n}", "250x30 _x6 _x25 250x{n}", monitor="m3"),
            # Away for two days: nothing is known, and all of them count.
            info("m4"),
            canary("300x15 _x40 700x{n}", "250x15 _x40 250x{n}", monitor="m4"),
        ),
        values=(
            ("9d20h", f"sum(monitor:xdrift_canary_comparisons:delta7d{{{M1}}})", 400),
            ("9d20h", f'sum(monitor_level:xdrift_canary_alarms:delta7d{{{M1}, level="warning"}})', 0),
            ("10d8h", f"sum(monitor:xdrift_canary_comparisons:delta7d{{{M1}}})", 0),
            *(
                (at, f'sum(monitor_level:xdrift_canary_alarms:delta7d{{{M2}, level="warning"}})', count)
                for at, count in (("9d20h", 250), ("13d10h", 0))
            ),
            ("9d20h", f"sum(monitor:xdrift_canary_comparisons:delta7d{{{M3}}})", 400),
            ("9d20h", f'sum(monitor_level:xdrift_canary_alarms:delta7d{{{M3}, level="warning"}})', 0),
            ("10d4h", f"sum(monitor:xdrift_canary_comparisons:delta7d{{{M3}}})", 400),
            ("10d4h", f'sum(monitor_level:xdrift_canary_alarms:delta7d{{{M3}, level="warning"}})', 0),
            ("10d", f"sum(monitor:xdrift_canary_comparisons:delta7d{{{M4}}})", 700),
            ("10d", f'sum(monitor_level:xdrift_canary_alarms:delta7d{{{M4}, level="warning"}})', 250),
        ),
        quiet=(("9d20h", CANARY, M1),),
        fires=(("9d20h", CANARY, M2),),
    ),
    Case(
        name="the ticket on false alarms says how many",
        interval="10m",
        series=join(info(), canary(100, 40)),
        told=(
            (
                "2h",
                CANARY,
                NAMED | {"level": "warning"},
                f"{_SAYS}: 40 comparisons of equals came out at level warning within 7 days.",
            ),
        ),
    ),
    Case(
        name="messages that wait for half an hour, or were given up, are a ticket",
        interval="5m",
        series=join(
            info(),
            messages(0, "0x1 2x{n}"),
            info("m2"),
            messages("3x1 4x{n}", 0, monitor="m2"),
            info("m3"),
            messages(3, 0, monitor="m3"),
            # A restored backup, and a failure after it.
            info("m4"),
            messages("9x1 5x1 6x{n}", 0, monitor="m4"),
            # The daemon went away an hour after it.
            info("m5"),
            messages("3x3 4x9", "0x12", monitor="m5"),
        ),
        quiet=(("35m", MESSAGES, M1), ("35m", MESSAGES, M2), ("1h", MESSAGES, M3), ("6h15m", MESSAGES, M2)),
        fires=(
            ("45m", MESSAGES, M1),
            ("45m", MESSAGES, M2),
            ("6h", MESSAGES, M2),
            ("1h", MESSAGES, M4),
            ("5h", MESSAGES, M5),
        ),
    ),
    Case(
        name="the ticket on messages says what happens to them",
        series=join(info(), messages(0, 2)),
        told=(("40m", MESSAGES, NAMED, f"{_SAYS}: messages wait for over 30 minutes, or were given up."),),
    ),
)
