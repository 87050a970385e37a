"""Events of every objective in every window, health, and what follows from them."""

from __future__ import annotations

from alerts.cases.model import (
    M1,
    M2,
    M3,
    M4,
    Case,
    Series,
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

_REASONED = (
    ("xdrift_predictions_unexplained_total", 'reason="timeout"'),
    ("xdrift_predictions_unexplained_total", 'reason="error"'),
    ("xdrift_explanation_errors_total", 'reason="memory"'),
    ("xdrift_explanation_errors_total", 'reason="input"'),
    ("xdrift_check_failures_total", 'reason="data"'),
    ("xdrift_check_failures_total", 'reason="timeout"'),
)


def counted(step: int, *, before: int) -> Series:
    """Steady counters, looked at every `step` minutes, that begin anew after 1 + `before` samples."""
    slopes = {
        on("xdrift_predictions_total"): 30,
        on("xdrift_explanations_total"): 20,
        on("xdrift_explanations_slow_total"): 6,
        on("xdrift_checks_total"): 10,
        **{on(name, labels): slope for (name, labels), slope in zip(_REASONED, (3, 5, 2, 7, 1, 3), strict=True)},
    }
    # Totals that had grown before: a restored backup must not look like a burst.
    return {key: f"70000+{slope * step}x{before} 0+{slope * step}x{{n}}" for key, slope in slopes.items()}


def expected(at: str, window: str, length: int) -> tuple[tuple[str, str, float], ...]:
    per_minute = {
        "coverage": (30, 8), "latency": (20, 6), "errors": (20, 9), "checks": (10, 4),
    }  # fmt: skip
    found = []
    for slo, (good, bad) in per_minute.items():
        where = f'{{{M1}, slo="{slo}"}}'
        found += [
            (at, f"round(sum(monitor_slo:xdrift_slo_events:increase{window}{where}))", good * length),
            (at, f"round(sum(monitor_slo:xdrift_slo_bad_events:increase{window}{where}))", bad * length),
            (
                at,
                f'round(1000 * sum(slo:sli_error:ratio_rate{window}{{{M1}, slo="{slo}", sloth_window="{window}", '
                f'sloth_id="m1-{slo}", sloth_service="m1", sloth_slo="{slo}"}}))',
                round(1000 * bad / good),
            ),
            (at, f"round(10 * sum(slo:burn_rate:ratio_rate{window}{where}))", round(10 * bad / good / 0.04)),
        ]
    return tuple(found)


def grown(at: str, window: str) -> tuple[tuple[str, str, float], ...]:
    """Every objective has more than nothing in a window."""
    return tuple(
        (at, f'sum(monitor_slo:xdrift_slo_{kind}:increase{window}{{{M1}, slo="{slo}"}} > bool 0)', 1)
        for kind in ("events", "bad_events")
        for slo in ("coverage", "latency", "errors", "checks")
    )


_OBJECTIVES = renamed(join(*(objective(slo, 0.96) for slo in ("coverage", "latency", "errors", "checks"))))
_TIMED = join(
    *(objective(slo, 0.9, monitor=name) for slo in ("freshness", "drift", "explanations") for name in ("m1", "m2"))
)
_HEALTHY = "monitor_slo:xdrift_healthy:bool"


def health(at: str, slo: str, value: float | None, where: str = M1) -> tuple[str, str, float | None]:
    return (at, f'sum({_HEALTHY}{{{where}, slo="{slo}"}})', value)


CASES = (
    *(
        Case(
            name=f"events within {words} are counted, and a restored backup is no burst",
            interval=interval,
            series=join(info(), counted(minutes(interval), before=4), _OBJECTIVES),
            values=(*grown(soon, window), *expected(later, window, minutes(window))),
            twins=False,
        )
        for words, window, interval, soon, later in (
            ("five minutes", "5m", "1m", "7m", "14m"),
            ("half an hour", "30m", "5m", "35m", "1h10m"),
            ("an hour", "1h", "10m", "1h10m", "2h20m"),
            ("two hours", "2h", "20m", "2h20m", "4h40m"),
            ("six hours", "6h", "1h", "7h", "14h"),
        )
    ),
    Case(
        name="a window with a restored backup in it counts what was counted after",
        series=join(info(), counted(1, before=50)),
        values=(
            ("1h20m", f'round(sum(monitor_slo:xdrift_slo_events:increase1h{{{M1}, slo="coverage"}}), 10)', 1770),
            ("1h20m", f'round(sum(monitor_slo:xdrift_slo_bad_events:increase1h{{{M1}, slo="coverage"}}), 10)', 470),
        ),
        twins=False,
    ),
    Case(
        name="the current burn rate is that of an hour, and an objective without a budget has none",
        interval="10m",
        series=join(info(), counted(10, before=0), _OBJECTIVES, {on("xdrift_slo_objective_ratio", 'slo="privacy"'): 1}),
        values=(
            ("1h20m", f'round(10 * sum(slo:current_burn_rate:ratio{{{M1}, slo="errors"}}))', 112),
            ("1h20m", f'sum(slo:burn_rate:ratio_rate1h{{{M1}, slo="privacy"}})', None),
        ),
        twins=False,
    ),
    Case(
        name="events of a day and of three days are sums of hours",
        interval="30m",
        series=join(info(), counted(30, before=1), _OBJECTIVES),
        values=tuple(
            entry for window in ("1d", "3d") for entry in expected("75h30m", window, minutes(window))
        ),
        twins=False,
    ),
    Case(
        name="no traffic is no number, not even a bad one",
        series=join(
            info(), _OBJECTIVES, dict.fromkeys(counted(1, before=0), 500),
            checked(success="0+60x{n}"), objective("freshness", 0.99),
        ),
        values=(
            ("40m", f'sum(slo:sli_error:ratio_rate5m{{{M1}, slo=~"coverage|latency|errors|checks"}})', None),
            ("40m", f'sum(slo:burn_rate:ratio_rate30m{{{M1}, slo=~"coverage|latency|errors|checks"}})', None),
            health("40m", "coverage", None),
            health("40m", "explanations", 1),
        ),
    ),
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
            health("55m", "freshness", 1, M2),
            health("1h5m", "freshness", 0, M2),
            health("1h30m", "checks", 1, M3),
            health("2h30m", "checks", 0, M3),
            health("2h30m", "explanations", 0, M3),
        ),
    ),
    Case(
        name="freshness is lost by the minute in every window",
        interval="10m",
        series=join(info(), checked(success=0, interval=60), renamed(objective("freshness", 0.9))),
        values=tuple(
            entry for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
            for entry in (
                ("40m", f'sum(slo:sli_error:ratio_rate{window}{{{M1}, slo="freshness"}} > bool 0.5)', 1),
                ("40m", f'sum(slo:burn_rate:ratio_rate{window}{{{M1}, slo="freshness"}} > bool 5)', 1),
            )
        ),
    ),
    Case(
        name="a removed monitor does not age",
        series=join(
            info(values="1x20"), checked(success="0x20", interval="600x20"),
            info("m2"), {daemon("xdrift_collector_up"): 1},
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
        ),
        values=(
            health("30h", "freshness", 1),
            health("30h", "freshness", 1, M2),
            ("30h", f"sum(monitor:xdrift_check_success_age:seconds{{{M1}}})", 106800),
            health("47h", "freshness", 1, M2),
            health("49h", "freshness", None),
        ),
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
            health("40m", "drift", 0, M3),
            health("20m", "drift", 0, M4),
            # The composite does not remember itself.
            health("20m", "explanations", 0, M4),
            health("40m", "explanations", 1, M4),
            ("20m", f'sum(monitor_segment:xdrift_segment_drift_severe:bool{{{M1}, segment="a=b"}})', 0),
            ("40m", f'sum(monitor_segment:xdrift_segment_drift_severe:bool{{{M1}, segment="a=b"}})', 1),
            ("40m", f'sum(monitor_segment:xdrift_segment_drift_severe:bool{{{M1}, segment="a=c"}})', 0),
            ("45m", f'round(100 * sum(slo:sli_error:ratio_rate30m{{{M1}, slo="drift"}}), 10)', 50),
            between("33m", f'slo:sli_error:ratio_rate5m{{{M1}, slo="drift"}}', 0.4, 0.7),
            between("45m", f'slo:sli_error:ratio_rate1h{{{M1}, slo="drift"}}', 0.25, 0.45),
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
