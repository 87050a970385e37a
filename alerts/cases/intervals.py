"""A monitor that is checked at another interval from some moment on: what was is judged by the one that held then."""

from __future__ import annotations

from alerts.cases.checks import STALE, UNKNOWN, verdict
from alerts.cases.model import M1, M2, M3, M4, Case, Series, Values, checked, daemon, info, join, objective, on, only
from alerts.cases.pages import FAST, HALF, SLOW

_UP = {daemon("xdrift_collector_up"): 1}
_FRESH = "monitor_slo:xdrift_healthy:bool"


def changed(*, success: Values, interval: str, since: str, monitor: str = "m1") -> Series:
    return join(
        info(monitor),
        checked(success=success, interval=interval, monitor=monitor),
        {on("xdrift_check_interval_since_timestamp_seconds", monitor=monitor): since},
        verdict("unknown", monitor=monitor),
        *(objective(slo, ratio, monitor=monitor) for slo, ratio in (("freshness", 0.99), ("explanations", 0.95))),
    )


CASES = (
    Case(
        name="a daily monitor that becomes hourly is waited for, and is stale when two hourly checks are missing",
        interval="10m",
        twins=False,
        # Checked at 0 h, hourly from 20 h on: two intervals and ten minutes end at 22 h 10 min.
        series=join(
            # Checked within the hour, and every hour after; never again.
            changed(success="0x125 75600+600x{n}", interval="86400x119 3600x{n}", since="-8640000x119 72000x{n}"),
            changed(success=0, interval="86400x119 3600x{n}", since="-8640000x119 72000x{n}", monitor="m2"),
            # Hourly all the time.
            changed(success="0+600x119 72000x{n}", interval="3600x{n}", since="-8640000x{n}", monitor="m3"),
            _UP,
        ),
        quiet=(
            *((at, alert, M1) for at in ("20h", "20h30m", "21h", "22h", "23h", "30h", "44h")
              for alert in (STALE, UNKNOWN, FAST, SLOW, HALF)),
            ("22h10m", STALE, M2), ("22h10m", FAST, M2), ("22h10m", STALE, M3),
        ),
        fires=(("22h40m", STALE, M2), ("23h", FAST, f'{M2}, slo="freshness"'), ("22h40m", STALE, M3)),
        values=(("22h10m", f'sum({_FRESH}{{{M2}, slo="freshness"}})', 1),
                ("22h20m", f'sum({_FRESH}{{{M2}, slo="freshness"}})', 0),
                # How old the verdict is stays told as it is.
                ("22h", f"sum(monitor:xdrift_check_success_age:seconds{{{M2}}})", 79200)),
    ),
    Case(
        name="an hourly monitor that becomes daily is fresh for two days and ten minutes",
        interval="30m",
        twins=False,
        # Daily from 2 h on; checked at 1 h and at 20 h, or at 1 h alone. m3 was stale then, and gets the same time.
        series=join(
            changed(success="0x1 3600x37 72000x{n}", interval="3600x3 86400x{n}", since="-8640000x3 7200x{n}"),
            changed(success="0x1 3600x{n}", interval="3600x3 86400x{n}", since="-8640000x3 7200x{n}", monitor="m2"),
            changed(success="-90000x{n}", interval="3600x3 86400x{n}", since="-8640000x3 7200x{n}", monitor="m3"),
            _UP,
        ),
        quiet=(
            *((at, alert, M1) for at in ("3h", "12h", "30h", "52h") for alert in (STALE, FAST, SLOW, HALF)),
            ("3h", STALE, M3), ("50h", STALE, M3), ("50h", STALE, M2),
        ),
        fires=(("1h", STALE, M3), ("51h", STALE, M2), ("51h", STALE, M3)),
        behind=False,
    ),
    Case(
        name="a daemon that is gone, and knew a longer interval, makes nothing fresh",
        interval="10m",
        twins=False,
        series=join(
            *(only("a", one) for one in (
                changed(success="0x20", interval="86400x20", since="-8640000x20"),
                changed(success="0x20", interval="3600x20", since="-8640000x20", monitor="m4"),
            )),
            *(only("b", one) for one in (
                changed(success="_x21 0x{n}", interval="_x21 3600x{n}", since="_x21 12600x{n}"),
                changed(success="_x21 0x{n}", interval="_x21 86400x{n}", since="_x21 12600x{n}", monitor="m4"),
            )),
            _UP,
        ),
        # New daemons from 3 h 30 min on.
        values=(("5h30m", f'sum({_FRESH}{{{M1}, slo="freshness"}})', 1),
                ("6h", f'sum({_FRESH}{{{M1}, slo="freshness"}})', 0),
                ("3h20m", f'sum({_FRESH}{{{M4}, slo="freshness"}})', 0),
                ("6h", f'sum({_FRESH}{{{M4}, slo="freshness"}})', 1)),
        behind=False,
    ),
    Case(
        name="of what daemons knew that are gone the longest interval counts",
        interval="30m",
        twins=False,
        series=join(
            *(
                only(pod, changed(success="0x4", interval=f"{interval}x4", since="-8640000x4"))
                for pod, interval in (("a", 86400), ("b", 3600))
            ),
            _UP,
        ),
        # Their last scrape was at 2 h.
        values=(("30h", f'sum({_FRESH}{{{M1}, slo="freshness"}})', 1),),
        behind=False,
    ),
)  # fmt: skip
