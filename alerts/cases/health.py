"""Bad minutes: what is stale, drifted or in incident, and how much of a window that is."""

from __future__ import annotations

from alerts.cases.model import (
    M1,
    M2,
    M3,
    M4,
    M5,
    Case,
    abroad,
    between,
    checked,
    daemon,
    drifted,
    info,
    join,
    minutes,
    objective,
    on,
    renamed,
)

_TIMED = join(
    *(objective(slo, 0.9, monitor=name) for slo in ("freshness", "drift", "explanations") for name in ("m1", "m2"))
)
_HEALTHY = "monitor_slo:xdrift_healthy:bool"


def health(at: str, slo: str, value: float | None, where: str = M1) -> tuple[str, str, float | None]:
    return (at, f'sum({_HEALTHY}{{{where}, slo="{slo}"}})', value)


def lost(at: str, window: str, bad: int) -> tuple[tuple[str, str, float], ...]:
    """So many bad minutes of freshness, and so of the composite, in a window, at an objective of 90 %."""
    share = bad / minutes(window)
    return tuple(
        (at, f'round({10000 * scale:g} * sum({name}{window}{{{M1}, slo="{slo}"}}))', round(10000 * share))
        for name, scale in (("slo:sli_error:ratio_rate", 1), ("slo:burn_rate:ratio_rate", 0.1))
        for slo in ("freshness", "explanations")
    )


CASES = (
    Case(
        name="a check is fresh for two intervals and ten minutes, and ages while no daemon runs",
        interval="5m",
        series=join(
            info(values="1x36"),
            checked(success="0x5 1800x30", interval="3600x36"),
            # Never judged: it ages from its birth.
            info("m2", values="1x36"),
            {
                on("xdrift_monitor_created_timestamp_seconds", monitor="m2"): "600x36",
                on("xdrift_check_interval_seconds", monitor="m2"): "1200x36",
            },
            info("m3", values="1x36"),
            checked(monitor="m3", success="0+300x36", failures="0x12 1x12 2x{n}"),
            {daemon("xdrift_collector_up"): "1x12"},
        ),
        values=(
            health("2h40m", "freshness", 1),
            health("2h45m", "freshness", 0),
            ("2h45m", f"sum(monitor:xdrift_check_success_age:seconds{{{M1}}})", 8100),
            ("3h20m", f"sum(monitor:xdrift_check_success_age:seconds{{{M1}}})", 10200),
            health("3h20m", "freshness", 0),
            health("55m", "freshness", 1, M2),
            health("1h5m", "freshness", 0, M2),
            ("1h5m", f"sum(monitor:xdrift_check_success_age:seconds{{{M2}}})", 3300),
            # Failed checks burn the composite when no verdict is recent, not before.
            health("2h30m", "checks", None, M3),
            health("2h30m", "explanations", 1, M3),
        ),
    ),
    Case(
        name="freshness is lost by the minute in every window, and minutes before the first one count as good",
        # Stale after 12 minutes without a check: 28 minutes are bad at 40m.
        series=join(
            info(), checked(success=0, interval=60),
            *(renamed(objective(slo, 0.9)) for slo in ("freshness", "explanations")),
        ),
        values=(
            *(entry for window in ("1h", "2h", "6h", "1d", "3d") for entry in lost("40m", window, 28)),
            *lost("40m", "5m", 5),
        ),
    ),
    Case(
        name="a window that is bad from end to end is all bad, and no more",
        interval="5m",
        series=join(info(), checked(success=0, interval=60), objective("freshness", 0.9)),
        values=tuple(
            between("7h", f'slo:sli_error:ratio_rate{window}{{{M1}, slo="freshness"}}', 0.8, 1)
            for window in ("30m", "1h", "2h", "6h")
        ),
    ),
    Case(
        name="three days that are bad from end to end are all bad, and no more",
        interval="2h",
        series=join(info(), checked(success=0, interval=60), objective("freshness", 0.9)),
        values=tuple(
            between("74h", f'slo:sli_error:ratio_rate{window}{{{M1}, slo="freshness"}}', 0.8, 1)
            for window in ("1d", "3d")
        ),
    ),
    *(
        Case(
            name=f"of {words} only what follows a gap counts, not how long ago the monitor began",
            interval=interval,
            twins=False,
            # Severe again since two samples; the samples before the gap are older than the window.
            series=join(drifted(f"0x12 _x{gap} 2x{{n}}", f"0x12 _x{gap} 2x{{n}}"), objective("drift", 0.9)),
            values=(between(at, f'slo:sli_error:ratio_rate{window}{{{M1}, slo="drift"}}', low, high),),
        )
        for words, window, interval, gap, at, low, high in (
            # Prometheus goes on with the last sample for five minutes.
            ("five minutes", "5m", "1m", 8, "23m", 0.5, 0.7),
            ("half an hour", "30m", "5m", 6, "1h45m", 0.3, 0.45),
            ("an hour", "1h", "10m", 6, "3h30m", 0.3, 0.45),
            ("two hours", "2h", "20m", 6, "7h", 0.3, 0.45),
            ("six hours", "6h", "1h", 6, "21h", 0.3, 0.45),
        )
    ),
    Case(
        name="hours without a judgement, at which Prometheus or every daemon was away, count as good",
        interval="30m",
        twins=False,
        # Away for 25 hours, or for 75; severe since. Of two days with a gap what is there counts.
        series=join(
            drifted("0x5 _x50 2x{n}", "0x5 _x50 2x{n}"), objective("drift", 0.9),
            drifted("0x5 _x150 2x{n}", "0x5 _x150 2x{n}", monitor="m2"), objective("drift", 0.9, monitor="m2"),
        ),
        values=(
            between("79h", f'slo:sli_error:ratio_rate3d{{{M2}, slo="drift"}}', 0.01, 0.02),
            between("28h30m", f'slo:sli_error:ratio_rate1d{{{M1}, slo="drift"}}', 0.02, 0.03),
            between("30h", f'slo:sli_error:ratio_rate1d{{{M1}, slo="drift"}}', 0.08, 0.09),
        ),
    ),
    Case(
        name="a removed monitor does not age",
        series=join(
            info(values="1x20"), checked(success="0x20", interval="600x20"),
            info("m2"), {daemon("xdrift_collector_up"): 1},
            # Elsewhere it is still there.
            abroad(info()),
        ),
        values=(health("15m", "freshness", 1), health("40m", "freshness", None)),
    ),
    Case(
        name="what freshness needs is held for two days without a daemon",
        interval="30m",
        series=join(
            info(values="1x1"),
            checked(success="1200x1", interval="600000x1"),
            info("m2", values="1x1"),
            {
                on("xdrift_monitor_created_timestamp_seconds", monitor="m2"): "0x1",
                on("xdrift_check_interval_seconds", monitor="m2"): "600000x1",
            },
            # Of a new interval since when it holds, and how long it is.
            info("m3", values="1x1"),
            checked(success="-8000000x1", interval="3600 600000", monitor="m3"),
            {on("xdrift_check_interval_since_timestamp_seconds", monitor="m3"): "-8640000 1800"},
        ),
        values=(
            health("30h", "freshness", 1, M3),
            health("47h", "freshness", 1, M3),
            health("30h", "freshness", 1),
            health("30h", "freshness", 1, M2),
            ("30h", f"sum(monitor:xdrift_check_success_age:seconds{{{M1}}})", 106800),
            ("30h", f"sum(monitor:xdrift_check_success_age:seconds{{{M2}}})", 108000),
            health("47h", "freshness", 1, M2),
            health("49h", "freshness", None),
        ),
        behind=False,
    ),
    Case(
        name="only a severe level that two checks agree on is bad, and not in the trend view",
        series=join(
            drifted(2, "1x30 2x{n}"),
            drifted(0, 0, view="holdout"),
            drifted(1, 5, monitor="m2"),
            drifted(2, 5, view="trend", monitor="m2"),
            drifted(2, 2, view="holdout", monitor="m3"),
            drifted(2, 3, view="total", monitor="m3"),
            *(drifted(2, 2, view=view, monitor="m5") for view in ("holdout", "total")),
            drifted(0, 0, monitor="m5"),
            {on("xdrift_monitor_maintenance", monitor="m5"): 0},
            drifted("2x30 0x{n}", "2x30 0x{n}", monitor="m4"),
            _TIMED,
            {
                on("xdrift_segment_drift_level", 'segment="a=b"'): 2,
                on("xdrift_segment_drift_streak_checks", 'segment="a=b"'): "1x30 2x{n}",
                on("xdrift_segment_drift_level", 'segment="a=c"'): 1,
                on("xdrift_segment_drift_streak_checks", 'segment="a=c"'): 3,
            },
        ),
        values=(
            health("20m", "drift", 1),
            health("40m", "drift", 0),
            health("40m", "explanations", 0),
            health("40m", "drift", 1, M2),
            *(health("40m", "drift", 0, where) for where in (M3, M5)),
            health("20m", "drift", 0, M4),
            # The composite does not remember itself.
            health("20m", "explanations", 0, M4),
            health("40m", "explanations", 1, M4),
            ("20m", f'sum(monitor_segment:xdrift_segment_drift_severe:bool{{{M1}, segment="a=b"}})', 0),
            ("40m", f'sum(monitor_segment:xdrift_segment_drift_severe:bool{{{M1}, segment="a=b"}})', 1),
            ("40m", f'sum(monitor_segment:xdrift_segment_drift_severe:bool{{{M1}, segment="a=c"}})', 0),
            ("45m", f'round(100 * sum(slo:sli_error:ratio_rate30m{{{M1}, slo="drift"}}), 10)', 50),
            between("33m", f'slo:sli_error:ratio_rate5m{{{M1}, slo="drift"}}', 0.4, 0.7),
            # 15 minutes of an hour.
            ("45m", f'round(100 * sum(slo:sli_error:ratio_rate1h{{{M1}, slo="drift"}}))', 25),
            ("45m", f'round(100 * sum(slo:burn_rate:ratio_rate30m{{{M1}, slo="explanations"}}), 100)', 500),
        ),
    ),
    Case(
        name="an objective on events is in incident at six times its budget and three bad events in half an hour",
        series=join(
            *(
                renamed(objective(slo, 0.96, monitor=name))
                for slo in ("coverage", "latency", "errors", "checks") for name in ("m1", "m2", "m3")
            ),
            # 30 % of coverage and errors are bad, 20 % of latency; six times 4 % is 24 %.
            {
                on("xdrift_predictions_total"): "0+10x{n}",
                on("xdrift_predictions_unexplained_total", 'reason="error"'): "0+3x{n}",
                on("xdrift_explanations_total"): "0+10x{n}",
                on("xdrift_explanations_slow_total"): "0+2x{n}",
                on("xdrift_explanation_errors_total", 'reason="input"'): "0+3x{n}",
                on("xdrift_checks_total"): "0+10x{n}",
                on("xdrift_check_failures_total", 'reason="data"'): "0+9x{n}",
                # Few events: two bad ones are none, three are an incident.
                on("xdrift_predictions_total", monitor="m2"): "0+0x29 2x{n}",
                on("xdrift_predictions_unexplained_total", 'reason="error"', monitor="m2"): "0+0x29 2x{n}",
                on("xdrift_predictions_total", monitor="m3"): "0+0x29 3x{n}",
                on("xdrift_predictions_unexplained_total", 'reason="error"', monitor="m3"): "0+0x29 3x{n}",
                on("xdrift_explanations_total", monitor="m3"): "0+10x{n}",
                on("xdrift_explanations_slow_total", monitor="m3"): "0+3x{n}",
            },
        ),
        values=(
            health("40m", "coverage", 0),
            health("40m", "latency", 1),
            health("40m", "errors", 0),
            health("40m", "checks", None),
            health("40m", "explanations", 0),
            health("40m", "coverage", 1, M2),
            health("40m", "explanations", 1, M2),
            health("40m", "coverage", 0, M3),
            health("40m", "latency", 0, M3),
        ),
    ),
    Case(
        name="windows of two and of six hours average minutes",
        interval="30m",
        twins=False,
        series=join(drifted("0x24 2x{n}", "0x24 2x{n}"), objective("drift", 0.9)),
        values=tuple(
            between(at, f'slo:sli_error:ratio_rate{window}{{{M1}, slo="drift"}}', low, high)
            for at, window, low, high in (("13h30m", "2h", 0.5, 0.85), ("14h", "6h", 0.25, 0.45))
        ),
    ),
    Case(
        name="windows of a day and of three days average minutes",
        interval="1h",
        twins=False,
        # 20 hours of 3 days, and of nearly four.
        series=join(drifted("0x71 2x{n}", "0x71 2x{n}"), objective("drift", 0.9)),
        values=tuple(
            between(at, f'slo:sli_error:ratio_rate{window}{{{M1}, slo="drift"}}', low, high)
            for at, window, low, high in (("78h", "1d", 0.2, 0.36), ("92h", "3d", 0.25, 0.4))
        ),
    ),
)  # fmt: skip
