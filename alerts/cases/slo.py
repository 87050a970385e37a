"""Burn rates: each pair of windows alone, at its threshold, and how it ends."""

from __future__ import annotations

from alerts.cases.model import M1, M2, M3, M4, NAMED, Case, checked, covered, drifted, info, join, objective, on

FAST, SLOW = "ExplanationSLOBurnFast", "ExplanationSLOBurnSlow"
HALF, SPENT = "ExplanationBudgetHalfBurned24h", "ExplanationErrorBudgetSpent"
_SLOTH = {"slo": "coverage", "sloth_id": "m1-coverage", "sloth_service": "m1", "sloth_slo": "coverage"}
_COVERAGE = f'{M1}, slo="coverage"'


def one(monitor: str, ratio: float = 0.99, *, days: float = 30, cadence: str = "hourly") -> dict[str, str | float]:
    return join(info(monitor, cadence=cadence), objective("coverage", ratio, days=days, monitor=monitor))


CASES = (
    Case(
        name="2 % of the budget within an hour pages, and ends five minutes after the incident",
        # A busy hour, then a quiet one of which 20 % are bad; 14.4 times 1 % is 14.4 %.
        series=join(one("m1"), covered("0+60x69 4210+10x{n}", "0x70 2+2x59 120x{n}")),
        quiet=(("1h40m", FAST, M1), ("2h12m", FAST, M1)),
        fires=(("2h7m", FAST, _COVERAGE), ("2h11m", FAST, _COVERAGE)),
        told=(
            (
                "2h10m",
                FAST,
                NAMED | _SLOTH,
                "Monitor m1 (model credit version v1), objective coverage: burn rate 20.0.",
            ),
        ),
    ),
    Case(
        name="5 % of the budget within six hours pages, and ends half an hour after the incident",
        interval="3m",
        # 10 % are bad from 7h on, for four hours; 6 times 1 % is 6 %.
        series=join(one("m1"), covered("0+30x{n}", "0x140 3+3x79 240x{n}")),
        quiet=(("10h30m", FAST, M1), ("11h15m", FAST, M1)),
        fires=(("10h45m", FAST, _COVERAGE), ("11h9m", FAST, _COVERAGE)),
        twins=False,
    ),
    Case(
        name="a shorter period pages at a lower rate",
        # After a busy hour 14 % are bad: 13.44 times 1 % over 28 days, 14.4 over 30.
        series=join(
            one("m1", days=28), covered("0+900x59 54050+50x{n}", "0x60 7+7x{n}"),
            one("m2"), covered("0+900x59 54050+50x{n}", "0x60 7+7x{n}", monitor="m2"),
        ),
        fires=(("2h10m", FAST, M1),),
        quiet=(("2h10m", FAST, M2),),
        twins=False,
    ),
    Case(
        name="latency, errors and freshness page too; drift, failed checks and the composite have alerts of their own",
        series=join(
            info(),
            *(objective(slo, 0.99) for slo in ("latency", "errors", "freshness", "drift", "checks", "explanations")),
            {
                on("xdrift_explanations_total"): "0+10x{n}",
                on("xdrift_explanations_slow_total"): "0+5x{n}",
                on("xdrift_explanation_errors_total", 'reason="memory"'): "0+5x{n}",
                on("xdrift_checks_total"): "0+10x{n}",
                on("xdrift_check_failures_total", 'reason="data"'): "0+9x{n}",
            },
            drifted(2, 3),
            checked(success=0, interval=60),
        ),
        fires=tuple(("1h10m", FAST, f'{M1}, slo="{slo}"') for slo in ("latency", "errors", "freshness")),
        quiet=(("1h10m", FAST, f'{M1}, slo=~"drift|checks|explanations"'),),
    ),
    Case(
        name="a few bad events of a quiet flow do not page, and a total outage of one does",
        series=join(
            one("m1"), covered("0x239 4x{n}", "0x239 4x{n}"),
            one("m2"), covered("0x239 7x{n}", "0x239 7x{n}", monitor="m2"),
            # Eight in six hours, none of them five within the hour.
            one("m3"), covered("0x59 2x59 4x59 6x59 8x{n}", "0x59 2x59 4x59 6x59 8x{n}", monitor="m3"),
            one("m4"), covered("0x59 1x59 2x59 3x59 4x{n}", "0x59 1x59 2x59 3x59 4x{n}", monitor="m4"),
        ),
        quiet=(("4h3m", FAST, M1), ("4h3m", FAST, M4)),
        fires=(("4h3m", FAST, M2), ("4h3m", FAST, M3)),
        twins=False,
        behind=False,
    ),
    Case(
        name="10 % of the budget within a day is a ticket, and ends two and a half hours after the incident",
        interval="10m",
        twins=False,
        behind=False,
        # Two busy days, a quiet one, then 20 % bad for four hours: 3.3 % of the day, next to nothing of three days.
        series=join(one("m1"), covered("0+1000x288 0+100x{n}", "0x432 20+20x23 480x{n}")),
        quiet=(("74h30m", SLOW, M1), ("78h40m", SLOW, M1)),
        fires=(("76h10m", SLOW, _COVERAGE), ("77h20m", SLOW, _COVERAGE), ("78h", SLOW, _COVERAGE)),
    ),
    Case(
        name="10 % of the budget within three days is a ticket, and ends when six hours are clean enough",
        interval="30m",
        # 1.5 % are bad for 54 hours: 1 % of three days after 48 of them.
        series=join(one("m1"), covered("0+6000x{n}", "0x144 90+90x107 9720x{n}")),
        quiet=(("116h", SLOW, M1), ("129h", SLOW, M1)),
        fires=(("124h", SLOW, _COVERAGE), ("128h", SLOW, _COVERAGE)),
        told=(
            (
                "124h",
                SLOW,
                NAMED | _SLOTH,
                "Monitor m1 (model credit version v1), objective coverage: burn rate 1.1.",
            ),
        ),
    ),
    Case(
        name="latency, errors and freshness are tickets too; two bad events are not",
        interval="10m",
        series=join(
            info(),
            *(objective(slo, 0.99) for slo in ("latency", "errors", "freshness", "explanations", "checks")),
            {
                on("xdrift_explanations_total"): "0+100x{n}",
                on("xdrift_explanations_slow_total"): "0+5x{n}",
                on("xdrift_explanation_errors_total", 'reason="memory"'): "0+5x{n}",
                on("xdrift_checks_total"): "0+100x{n}",
                on("xdrift_check_failures_total", 'reason="data"'): "0+50x{n}",
            },
            checked(success=0, interval=60),
            one("m2"), covered("0x15 2x{n}", "0x15 2x{n}", monitor="m2"),
            one("m3"), covered("0x15 4x{n}", "0x15 4x{n}", monitor="m3"),
        ),
        fires=(
            *(("3h20m", SLOW, f'{M1}, slo="{slo}"') for slo in ("latency", "errors", "freshness")),
            ("3h20m", SLOW, M3),
        ),
        quiet=(("3h20m", SLOW, f'{M1}, slo=~"explanations|checks"'), ("3h20m", SLOW, M2)),
    ),
    Case(
        name="of three days, two bad events are no ticket and four are",
        interval="15m",
        twins=False,
        # All on the first day; 3 % of one day are over, 1 % of three are not.
        series=join(
            one("m1"), covered("0x286 2x{n}", "0x286 2x{n}"),
            one("m2"), covered("0x262 4x{n}", "0x262 4x{n}", monitor="m2"),
        ),
        quiet=(("72h30m", SLOW, M1),),
        fires=(("66h30m", SLOW, M2),),
    ),
    Case(
        name="confirmed drift that lasts is a ticket for monitors that are checked often",
        interval="30m",
        twins=False,
        # 5 % of three days are 3 h 36 min.
        series=join(
            *(
                join(info(name, cadence=cadence), objective("drift", 0.95, monitor=name),
                     drifted("0x144 2x{n}", "0x144 2x{n}", monitor=name))
                for name, cadence in (("m1", "hourly"), ("m2", "daily"), ("m3", "minutely"), ("m4", "weekly"))
            )
        ),
        quiet=(("75h", SLOW, M1), ("77h", SLOW, M2), ("77h", SLOW, M4)),
        fires=(("77h", SLOW, f'{M1}, slo="drift"'), ("77h", SLOW, f'{M3}, slo="drift"')),
    ),
    Case(
        name="half of the budget within a day pages, earlier over 28 days, and ends within two hours",
        interval="10m",
        series=join(
            *(
                join(info(name), objective("explanations", 0.95, days=days, monitor=name),
                     drifted(f"0x144 2x{length} 0x{{n}}", f"0x144 2x{length} 0x{{n}}", monitor=name))
                # 75 % of a day are 18 h, 70 % are 16 h 48 min.
                for name, days, length in (("m1", 30, 113), ("m2", 28, 113), ("m3", 30, 71))
            )
        ),
        quiet=(("41h10m", HALF, M1), ("40h20m", HALF, M2), ("43h50m", HALF, M1), ("36h", HALF, M3)),
        fires=(("42h30m", HALF, M1), ("41h10m", HALF, M2), ("43h20m", HALF, M1)),
    ),
    Case(
        name="the composite's page names the model and its version",
        interval="30m",
        series=join(info(), objective("explanations", 0.95), drifted("0x12 2x{n}", "0x12 2x{n}")),
        told=(
            (
                "50h",
                HALF,
                NAMED
                | {"slo": "explanations", "sloth_id": "m1-explanations"}
                | {"sloth_service": "m1", "sloth_slo": "explanations"},
                "Monitor m1 (model credit version v1): burn rate 20.0 over 24 hours.",
            ),
        ),
    ),
    Case(
        name="a budget that is spent is a ticket after a quarter of an hour, and stays one for half an hour",
        behind=False,
        series=join(
            info(), {on("xdrift_slo_error_budget_remaining_ratio", 'slo="coverage"'): "0.4x30 -0.25x30 0.1x{n}"},
            info("m2"), {on("xdrift_slo_error_budget_remaining_ratio", 'slo="coverage"', monitor="m2"): 0.3},
            info("m3"), {on("xdrift_slo_error_budget_remaining_ratio", 'slo="privacy"', monitor="m3"): -3},
            info("m4"), {on("xdrift_slo_error_budget_remaining_ratio", 'slo="coverage"', monitor="m4"): 0},
        ),
        quiet=(("44m", SPENT, M1), ("1h34m", SPENT, M1), ("1h", SPENT, M2), ("1h", SPENT, M3)),
        fires=(("48m", SPENT, M1), ("1h28m", SPENT, M1), ("20m", SPENT, M4)),
    ),
    Case(
        name="a budget that is spent says of which objective",
        behind=False,
        series=join(info(), {on("xdrift_slo_error_budget_remaining_ratio", 'slo="coverage"'): -0.25}),
        told=(
            (
                "20m",
                SPENT,
                NAMED | _SLOTH,
                "Monitor m1 (model credit version v1), objective coverage: -25% of the budget is left.",
            ),
        ),
    ),
)  # fmt: skip
