"""Events of every objective in every window, health, and what follows from them."""

from __future__ import annotations

from alerts.cases.model import (
    M1,
    M2,
    M3,
    M4,
    Case,
    Series,
    Values,
    between,
    checked,
    daemon,
    drifted,
    info,
    join,
    objective,
    on,
)

_REASONED = (
    ("xdrift_predictions_unexplained_total", 'reason="timeout"'),
    ("xdrift_predictions_unexplained_total", 'reason="error"'),
    ("xdrift_explanation_errors_total", 'reason="memory"'),
    ("xdrift_explanation_errors_total", 'reason="input"'),
    ("xdrift_check_failures_total", 'reason="data"'),
    ("xdrift_check_failures_total", 'reason="timeout"'),
)


def counted(step: int) -> Series:
    """Steady counters; `step` is the number of minutes between two samples."""
    slopes = {
        on("xdrift_predictions_total"): 30,
        on("xdrift_explanations_total"): 20,
        on("xdrift_explanations_slow_total"): 6,
        on("xdrift_checks_total"): 10,
        **{on(name, labels): slope for (name, labels), slope in zip(_REASONED, (3, 5, 2, 7, 1, 3), strict=True)},
    }
    # Totals that had grown before, and that begin anew: a restored backup must not look like a burst.
    restored: dict[str, Values] = {
        key: f"7000+{slope * step}x{50 // step} 0+{slope * step}x{{n}}" for key, slope in slopes.items()
    }
    return restored


def expected(at: str, window: str, minutes: int) -> tuple[tuple[str, str, float], ...]:
    per_minute = {
        "coverage": (30, 8), "latency": (20, 6), "errors": (20, 9), "checks": (10, 4),
    }  # fmt: skip
    found = []
    for slo, (good, bad) in per_minute.items():
        where = f'{{{M1}, slo="{slo}"}}'
        found += [
            (at, f"round(sum(monitor_slo:xdrift_slo_events:increase{window}{where}))", good * minutes),
            (at, f"round(sum(monitor_slo:xdrift_slo_bad_events:increase{window}{where}))", bad * minutes),
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


_OBJECTIVES = join(*(objective(slo, 0.96) for slo in ("coverage", "latency", "errors", "checks")))
_TIMED = join(
    *(objective(slo, 0.9, monitor=name) for slo in ("freshness", "drift", "explanations") for name in ("m1", "m2"))
)
_HEALTHY = "monitor_slo:xdrift_healthy:bool"


def health(at: str, slo: str, value: float | None, where: str = M1) -> tuple[str, str, float | None]:
    return (at, f'sum({_HEALTHY}{{{where}, slo="{slo}"}})', value)


CASES = (
    Case(
        name="events and bad events of up to an hour, error ratios, burn rates; a restored backup is no burst",
        series=join(info(), counted(1), _OBJECTIVES, {on("xdrift_slo_objective_ratio", 'slo="privacy"'): 1}),
        values=(
            *(entry for window, minutes in (("5m", 5), ("30m", 30), ("1h", 60))
              for entry in expected("2h", window, minutes)),
            ("2h", f'round(10 * sum(slo:current_burn_rate:ratio{{{M1}, slo="errors"}}))', 112),
            ("2h", f'sum(slo:burn_rate:ratio_rate1h{{{M1}, slo="privacy"}})', None),
        ),
        twins=False,
    ),
    Case(
        name="a window with a restored backup in it counts what was counted after",
        series=join(info(), counted(1), _OBJECTIVES),
        values=(
            ("1h20m", f'round(sum(monitor_slo:xdrift_slo_events:increase1h{{{M1}, slo="coverage"}}), 10)', 1770),
            ("1h20m", f'round(sum(monitor_slo:xdrift_slo_bad_events:increase1h{{{M1}, slo="coverage"}}), 10)', 470),
            *(entry for window in ("5m", "30m", "1h") for entry in grown("53m", window)),
        ),
        twins=False,
    ),
    Case(
        name="events of two and six hours are counted, those of a day and of three days are sums of hours",
        interval="15m",
        series=join(info(), counted(15), _OBJECTIVES),
        values=tuple(
            entry for window, minutes in (("2h", 120), ("6h", 360), ("1d", 1440), ("3d", 4320))
            for entry in expected("76h30m", window, minutes)
        )
        + tuple(entry for window in ("2h", "6h") for entry in grown("1h45m", window)),
        twins=False,
    ),
    Case(
        name="no traffic is no number, not even a bad one",
        series=join(
            info(), _OBJECTIVES, dict.fromkeys(counted(1), 500),
            checked(success="0+60x{n}"), objective("freshness", 0.99),
        ),
        values=(
            ("2h", f'sum(slo:sli_error:ratio_rate5m{{{M1}, slo=~"coverage|latency|errors|checks"}})', None),
            ("2h", f'sum(slo:burn_rate:ratio_rate30m{{{M1}, slo=~"coverage|latency|errors|checks"}})', None),
            health("2h", "coverage", None),
            health("2h", "explanations", 1),
        ),
    ),
    Case(
        name="a check is fresh for two intervals and ten minutes, and ages while no daemon runs",
        series=join(
            info(values="1x180"),
            checked(success="0x30 1800x150", interval="3600x180"),
            # Never judged: it ages from its birth.
            info("m2", values="1x180"),
            {
                on("xdrift_monitor_created_timestamp_seconds", monitor="m2"): "600x180",
                on("xdrift_check_interval_seconds", monitor="m2"): "1200x180",
            },
            info("m3", values="1x180"),
            checked(monitor="m3", success="0+60x180", failures="0x60 1x60 2x{n}"),
            {daemon("xdrift_collector_up"): "1x60"},
        ),
        values=(
            health("2h35m", "freshness", 1),
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
        name="a removed monitor does not age",
        series=join(
            info(values="1x20"), checked(success="0x20", interval="600x20"),
            info("m2"), {daemon("xdrift_collector_up"): 1},
        ),
        values=(health("15m", "freshness", 1), health("40m", "freshness", None)),
    ),
    Case(
        name="what freshness needs is held for two days without a daemon",
        interval="10m",
        series=join(
            info(values="1x3"),
            checked(success="0x3", interval="600000x3"),
            info("m2", values="1x3"),
            {
                on("xdrift_monitor_created_timestamp_seconds", monitor="m2"): "0x3",
                on("xdrift_check_interval_seconds", monitor="m2"): "600000x3",
            },
        ),
        values=(
            health("30h", "freshness", 1),
            health("30h", "freshness", 1, M2),
            ("30h", f"sum(monitor:xdrift_check_success_age:seconds{{{M1}}})", 108000),
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
                objective(slo, 0.96, monitor=name)
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
                # Few events: two bad ones are none, four are an incident.
                on("xdrift_predictions_total", monitor="m2"): "0+0x29 2x{n}",
                on("xdrift_predictions_unexplained_total", 'reason="error"', monitor="m2"): "0+0x29 2x{n}",
                on("xdrift_predictions_total", monitor="m3"): "0+0x29 4x{n}",
                on("xdrift_predictions_unexplained_total", 'reason="error"', monitor="m3"): "0+0x29 4x{n}",
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
        name="the longer windows average minutes",
        interval="30m",
        twins=False,
        series=join(drifted("0x144 2x{n}", "0x144 2x{n}"), objective("drift", 0.9)),
        values=tuple(
            between(at, f'slo:sli_error:ratio_rate{window}{{{M1}, slo="drift"}}', low, high)
            for at, window, low, high in (
                ("73h30m", "2h", 0.5, 0.85), ("74h", "6h", 0.22, 0.45),
                ("78h", "1d", 0.18, 0.36), ("92h", "3d", 0.2, 0.4),
            )
        ),
    ),
)  # fmt: skip
