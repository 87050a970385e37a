"""Events of every objective in every window."""

from __future__ import annotations

from alerts.cases.health import health
from alerts.cases.model import M1, M2, Case, Series, between, checked, info, join, minutes, objective, on, only, renamed

_REASONED = (
    ("xdrift_predictions_unexplained_total", 'reason="timeout"'),
    ("xdrift_predictions_unexplained_total", 'reason="error"'),
    # Neither events nor bad ones.
    ("xdrift_predictions_unexplained_total", 'reason="sampling"'),
    ("xdrift_explanation_errors_total", 'reason="memory"'),
    ("xdrift_explanation_errors_total", 'reason="input"'),
    ("xdrift_check_failures_total", 'reason="data"'),
    ("xdrift_check_failures_total", 'reason="timeout"'),
)


SLOPES = {
    on("xdrift_predictions_total"): 130,
    on("xdrift_explanations_total"): 20,
    on("xdrift_explanations_slow_total"): 6,
    on("xdrift_checks_total"): 10,
    **{on(name, labels): slope for (name, labels), slope in zip(_REASONED, (3, 5, 100, 2, 7, 1, 3), strict=True)},
}
"""Series to what it grows by in a minute."""


PER_MINUTE = {"coverage": (30, 8), "latency": (20, 6), "errors": (20, 9), "checks": (10, 4)}
"""Objective to its events, and to the bad ones among them."""


def counted(step: int, *, before: int) -> Series:
    """Steady counters, looked at every `step` minutes, that are restored from a backup after 1 + `before` samples."""
    return {key: f"70000+{slope * step}x{before} 50000+{slope * step}x{{n}}" for key, slope in SLOPES.items()}


def expected(at: str, window: str, length: int, step: float) -> tuple[tuple[str, str, float | None], ...]:
    """What a window of `length` minutes counts. Prometheus 3 leaves out the sample at its begin, and so a share `step`
    of what is counted."""
    found = []
    for slo, (good, bad) in PER_MINUTE.items():
        where = f'{{{M1}, slo="{slo}"}}'
        found += [
            *(
                between(at, f"monitor_slo:xdrift_slo_{kind}:increase{window}{where}", *_around(each * length, step))
                for kind, each in (("events", good), ("bad_events", bad))
            ),
            (
                at,
                f'round(1000 * sum(slo:sli_error:ratio_rate{window}{{{M1}, slo="{slo}", sloth_window="{window}", '
                f'sloth_id="m1-{slo}", sloth_service="m1", sloth_slo="{slo}"}}))',
                round(1000 * bad / good),
            ),
            (at, f"round(10 * sum(slo:burn_rate:ratio_rate{window}{where}))", round(10 * bad / good / 0.04)),
        ]
    return tuple(found)


def _around(count: float, step: float) -> tuple[float, float]:
    """Bounds of a count of which a share `step` may be left out."""
    return count * (1 - step) - 0.5, count + 0.5


def grown(at: str, window: str) -> tuple[tuple[str, str, float | None], ...]:
    """Every objective has more than nothing in a window, and no burst: no more than twice what comes in it."""
    return tuple(
        between(at, f'monitor_slo:xdrift_slo_{kind}:increase{window}{{{M1}, slo="{slo}"}}', 0, 60 * minutes(window))
        for kind in ("events", "bad_events")
        for slo in ("coverage", "latency", "errors", "checks")
    )


def left(at: str, window: str, length: int, step: int) -> tuple[tuple[str, str, float | None], ...]:
    """What was counted in `length` minutes is all that a window holds; of m2 too, without what sampling left out."""
    monitors: dict[str, dict[str, tuple[int, ...]]] = {M1: {**PER_MINUTE}, M2: {"coverage": (30,)}}
    return tuple(
        between(at, f'monitor_slo:xdrift_slo_{kind}:increase{window}{{{where}, slo="{slo}"}}',
                *_around(each * length, step / length))
        for where, objectives in monitors.items()
        for slo, counts in objectives.items()
        for kind, each in zip(("events", "bad_events"), counts, strict=False)
    )  # fmt: skip


_OBJECTIVES = renamed(join(*(objective(slo, 0.96) for slo in ("coverage", "latency", "errors", "checks"))))

CASES = (
    *(
        Case(
            name=f"events within {words} are counted, and a restored backup is no burst",
            interval=interval,
            series=join(
                info(), counted(minutes(interval), before=4), _OBJECTIVES,
                # Without a series of what sampling left out.
                {on("xdrift_predictions_total", monitor="m2"):
                     f"70000+{30 * minutes(interval)}x4 50000+{30 * minutes(interval)}x{{n}}"},
            ),
            values=(
                between(soon, f'monitor_slo:xdrift_slo_events:increase{window}{{{M2}, slo="coverage"}}',
                        0, 60 * minutes(window)),
                *grown(soon, window), *expected(later, window, minutes(window), minutes(interval) / minutes(window)),
                between(later, f'monitor_slo:xdrift_slo_events:increase{window}{{{M2}, slo="coverage"}}',
                        *_around(30 * minutes(window), minutes(interval) / minutes(window))),
            ),
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
    *(
        Case(
            name=f"events of the last {words} are counted although the daemon has been down for most of them",
            interval=interval,
            series=join(
                info(), _OBJECTIVES,
                {key: f"0+{slope * minutes(interval)}x{samples} stale" for key, slope in SLOPES.items()},
                {on("xdrift_predictions_total", monitor="m2"): f"0+{30 * minutes(interval)}x{samples} stale"},
            ),
            values=left(at, window, minutes(interval) * samples - minutes(at) + minutes(window), minutes(interval)),
            twins=False,
        )
        for words, window, interval, samples, at in (
            ("five minutes", "5m", "1m", 10, "13m"),
            ("half an hour", "30m", "5m", 12, "1h20m"),
            ("hour", "1h", "10m", 12, "2h40m"),
            ("two hours", "2h", "20m", 12, "5h20m"),
            ("six hours", "6h", "1h", 12, "16h"),
        )
    ),
    Case(
        name="a window with a restored backup in it counts what was counted after",
        series=join(info(), counted(1, before=50)),
        values=(
            ("1h20m", f'round(sum(monitor_slo:xdrift_slo_events:increase1h{{{M1}, slo="coverage"}}), 10)', 870),
            ("1h20m", f'round(sum(monitor_slo:xdrift_slo_bad_events:increase1h{{{M1}, slo="coverage"}}), 10)', 230),
        ),
        twins=False,
    ),
    Case(
        name="what is counted between the last scrape of one pod and the first of the next is in the window",
        # Away for twenty minutes, in which four of five predictions had no explanation.
        series=join(
            info(), objective("coverage", 0.99),
            *(
                only(pod, {on("xdrift_predictions_total"): made,
                           on("xdrift_predictions_unexplained_total", 'reason="timeout"'): bad})
                for pod, made, bad in (
                    ("a", "0+100x60 stale", "0x60 stale"), ("b", "_x80 8000+100x{n}", "_x80 1600x{n}"),
                )
            ),
        ),
        values=(
            between("1h25m", f'monitor_slo:xdrift_slo_events:increase30m{{{M1}, slo="coverage"}}', 2899, 3001),
            ("1h25m", f'sum(monitor_slo:xdrift_slo_bad_events:increase30m{{{M1}, slo="coverage"}})', 1600),
        ),
        fires=(("1h25m", "ExplanationSLOBurnFast", f'{M1}, slo="coverage"'),),
        twins=False,
    ),
    Case(
        name="a store restored while one pod was replaced by another is no burst",
        series=join(
            info(), _OBJECTIVES,
            *(
                only(pod, {on("xdrift_predictions_total"): made,
                           on("xdrift_predictions_unexplained_total", 'reason="timeout"'): bad})
                for pod, made, bad in (
                    ("a", "90000+100x60 stale", "70000x60 stale"), ("b", "_x65 50000+100x{n}", "40000x{n}"),
                )
            ),
        ),
        values=(("1h25m", f'sum(monitor_slo:xdrift_slo_bad_events:increase1h{{{M1}, slo="coverage"}})', 0),),
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
            entry for window in ("1d", "3d") for entry in expected("75h30m", window, minutes(window), 0.5)
        ),
        twins=False,
    ),
    Case(
        name="when sampling leaves everything out there are no events of coverage, and it is not in incident",
        interval="5m",
        series=join(
            info(), _OBJECTIVES,
            {on("xdrift_predictions_total"): "0+100x{n}",
             on("xdrift_predictions_unexplained_total", 'reason="sampling"'): "0+100x{n}",
             on("xdrift_predictions_unexplained_total", 'reason="error"'): "0x{n}"},
        ),
        values=(
            *(("2h", f'sum(monitor_slo:xdrift_slo_{kind}:increase1h{{{M1}, slo="coverage"}})', 0)
              for kind in ("events", "bad_events")),
            ("2h", f'sum(slo:sli_error:ratio_rate1h{{{M1}, slo="coverage"}})', None),
            health("2h", "coverage", None),
        ),
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
)  # fmt: skip
