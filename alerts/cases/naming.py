"""A monitor whose model gets another name: every series ends, and begins under another label `model`."""

from __future__ import annotations

from alerts.cases.checks import CANARY, STALE, UNKNOWN, canary, verdict
from alerts.cases.drift import SEVERE, TREND, smooth
from alerts.cases.model import (
    M1,
    M2,
    Case,
    Series,
    Values,
    checked,
    covered,
    daemon,
    drifted,
    formerly,
    info,
    join,
    objective,
    on,
    only,
)
from alerts.cases.pages import FAST, HALF, SLOW
from alerts.cases.serving import PRIVACY, ZERO, incidents
from alerts.cases.serving import STALE as UNREAD

_EVERY = (STALE, UNKNOWN, CANARY, SEVERE, TREND, FAST, HALF, SLOW, PRIVACY, ZERO, UNREAD)
_TIMED = (("freshness", 0.99), ("drift", 0.95), ("explanations", 0.95))


def whole(*, success: Values, kept: int = 3, monitor: str = "m1") -> Series:
    """Everything that a healthy monitor shows; with old false alarms, and so many old incidents of privacy."""
    return join(
        info(monitor),
        checked(success=success, monitor=monitor),
        verdict("none", monitor=monitor),
        drifted(0, 0, monitor=monitor),
        *(objective(slo, ratio, monitor=monitor) for slo, ratio in (*_TIMED, ("coverage", 0.99))),
        covered("0+600x{n}", "0+2x{n}", monitor=monitor),
        {on("xdrift_predictions_explained_total", monitor=monitor): "0+598x{n}"},
        {on("xdrift_telemetry_last_success_timestamp_seconds", monitor=monitor): success},
        canary("4000+20x{n}", "60+0.5x{n}", monitor=monitor),
        incidents(kept, monitor=monitor),
    )


CASES = (
    Case(
        name="another name of the model is no page and no ticket while all is well",
        interval="30m",
        # From 6 h on; the time at which the next check is held under both names is three hours later.
        series=join(formerly(whole(success="0+1800x{n}"), 12), {daemon("xdrift_collector_up"): 1}),
        quiet=tuple(
            (at, alert, M1)
            for at in ("6h", "6h30m", "8h30m", "9h30m", "12h", "20h", "27h", "31h", "53h")
            for alert in _EVERY
        ),
        values=tuple(
            # Coverage needs two samples within half an hour.
            (at, f'sum(monitor_slo:xdrift_healthy:bool{{{M1}, model="credit", slo!="coverage"}})', 3)
            for at in ("6h30m", "27h", "53h")
        ),
    ),
    Case(
        name="checks go on ageing when the model gets another name, and are stale once",
        interval="10m",
        # Stale after 2 h 10 min without a check, named anew after one hour, or after three.
        series=join(
            formerly(whole(success=0), 6),
            formerly(whole(success=0, monitor="m2"), 18),
            {daemon("xdrift_collector_up"): 1},
        ),
        quiet=(("2h10m", STALE, M1), ("2h", FAST, M1), ("3h20m", STALE, f'{M2}, model="older"')),
        fires=(
            *((at, STALE, M1) for at in ("2h40m", "6h")),
            *((at, FAST, f'{M1}, model="credit", slo="freshness"') for at in ("3h", "6h")),
            ("2h50m", STALE, f'{M2}, model="older"'),
            *((at, STALE, M2) for at in ("2h50m", "3h20m", "6h")),
            ("6h", FAST, M2),
        ),
        values=(("4h", f"sum(monitor:xdrift_check_success_age:seconds{{{M1}}})", 14400),),
    ),
    Case(
        name="while replicas give a model two names no rule fails",
        series=join(
            *(
                only(pod, {key.replace("credit", name): value for key, value in series.items()})
                for pod, name in (("a", "older"), ("b", "credit"))
                for series in (
                    join(
                        whole(success="0+60x{n}", kept=0),
                        smooth(0.19),
                        {on("xdrift_telemetry_watermark_timestamp_seconds"): 0},
                        {on("xdrift_check_newest_row_timestamp_seconds"): 9},
                    ),
                )
            ),
            {daemon("xdrift_collector_up"): 1},
        ),
        quiet=tuple(("30m", alert, M1) for alert in _EVERY),
        values=(("30m", f'sum(monitor_slo:xdrift_healthy:bool{{{M1}, slo="freshness"}})', 1),),
        behind=False,
    ),
    Case(
        name="a score that rose under another name is no trend any more",
        interval="2h",
        series=join(
            # Named anew after nine days.
            formerly(join(info(), smooth("0.08+0.0008x{n}")), 108),
            # The same under one name.
            info("m2"), smooth("0.08+0.0008x{n}", monitor="m2"),
        ),
        fires=(("214h", TREND, M1), ("222h", TREND, M2), ("238h", TREND, M2)),
        quiet=(("222h", TREND, M1), ("238h", TREND, M1)),
    ),
)  # fmt: skip
