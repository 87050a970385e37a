"""Burn rates: each pair of windows alone, at its threshold, and how it ends."""

from __future__ import annotations

from alerts.cases.model import (
    M1,
    M2,
    M3,
    M4,
    NAMED,
    Case,
    Series,
    abroad,
    checked,
    covered,
    drifted,
    info,
    join,
    objective,
    on,
    renamed,
)

FAST, SLOW = "ExplanationSLOBurnFast", "ExplanationSLOBurnSlow"
HALF, SPENT = "ExplanationBudgetHalfBurned24h", "ExplanationErrorBudgetSpent"
_SLOTH = {"slo": "coverage", "sloth_id": "m1-coverage", "sloth_service": "m1", "sloth_slo": "coverage"}
_COVERAGE = f'{M1}, slo="coverage"'


_ALL = ("coverage", "latency", "errors")


def three(events: str, bad: str) -> Series:
    """The same events, and bad ones among them, for coverage, latency and errors of m1."""
    return join(
        covered(events, bad),
        {
            on("xdrift_explanations_total"): events,
            on("xdrift_explanations_slow_total"): bad,
            on("xdrift_explanation_errors_total", 'reason="memory"'): bad,
        },
        *(renamed(objective(slo, 0.99)) for slo in _ALL),
    )


def one(monitor: str, ratio: float = 0.99, *, days: float = 30, cadence: str = "hourly") -> dict[str, str | float]:
    return join(info(monitor, cadence=cadence), renamed(objective("coverage", ratio, days=days, monitor=monitor)))


CASES = (
    Case(
        name="2 % of the budget within an hour pages, and ends five minutes after the incident",
        # A busy half hour, then a quiet hour of which 20 % are bad, then 10 %; 14.4 times 1 % is 14.4 %.
        series=join(
            info(), three("0+60x29 1800+10x{n}", "0x30 2+2x59 121+1x{n}"),
            # Elsewhere all is well.
            abroad(three("0+1x{n}", "0x{n}")),
            # Nine bad ones of the last 60.
            one("m2"), covered("0+20x29 600+1x{n}", "0x82 1+1x8 9x{n}", monitor="m2"),
        ),
        quiet=(("1h20m", FAST, M1), ("1h37m", FAST, M1)),
        fires=(
            *((at, FAST, f'{M1}, slo="{slo}"') for at in ("1h27m", "1h31m") for slo in _ALL),
            ("1h31m", FAST, M2),
        ),
        twins=False,
    ),
    Case(
        name="2 % of the budget of minutes within an hour pages",
        interval="2m",
        # Stale after 12 minutes without a check, and 10 of 60 minutes bad then: under 6 % of all of them.
        series=join(
            info(), renamed(objective("freshness", 0.99)),
            checked(success="0+120x76 9120x{n}", interval=60),
        ),
        quiet=(("2h52m", FAST, M1),),
        fires=(("2h54m", FAST, f'{M1}, slo="freshness"'),),
        twins=False,
    ),
    Case(
        name="the page on a burning budget says of which objective, and how fast",
        series=join(one("m1"), covered("0+10x{n}", "0+2x{n}")),
        told=(
            (
                "10m",
                FAST,
                NAMED | _SLOTH,
                "Monitor m1 (model credit version v1), objective coverage: burn rate 20.0.",
            ),
        ),
    ),
    Case(
        name="5 % of the budget within six hours pages, and ends half an hour after the incident",
        interval="10m",
        # 10 % are bad from 7h on, for four hours; 6 times 1 % is 6 %. Not checked for half an hour until 11h.
        series=join(
            info(), three("0+100x{n}", "0x42 10+10x23 240x{n}"),
            renamed(objective("freshness", 0.99)), checked(success="0+600x61 36600x4 40200+600x{n}", interval=60),
        ),
        quiet=(("10h30m", FAST, f'{M1}, slo!="freshness"'), ("11h20m", FAST, f'{M1}, slo!="freshness"')),
        fires=(
            *(("10h50m", FAST, f'{M1}, slo="{slo}"') for slo in _ALL),
            ("11h", FAST, _COVERAGE), ("11h20m", FAST, f'{M1}, slo="freshness"'),
        ),
        twins=False,
    ),
    Case(
        name="a shorter period pages at a lower rate",
        interval="2m",
        # After a busy half hour 14 % are bad: 13.44 times 1 % over 28 days, 14.4 over 30.
        series=join(
            one("m1", days=28), covered("0+3600x14 54100+100x{n}", "0x15 14+14x{n}"),
            one("m2"), covered("0+3600x14 54100+100x{n}", "0x15 14+14x{n}", monitor="m2"),
        ),
        fires=(("1h36m", FAST, M1),),
        quiet=(("1h36m", FAST, M2),),
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
        fires=tuple(("30m", FAST, f'{M1}, slo="{slo}"') for slo in ("latency", "errors", "freshness")),
        quiet=(("30m", FAST, f'{M1}, slo=~"drift|checks|explanations"'),),
    ),
    Case(
        name="a few bad events of a quiet flow do not page, and a total outage of one does",
        interval="2m",
        series=join(
            one("m1"), covered("0x59 4x{n}", "0x59 4x{n}"),
            one("m2"), covered("0x59 7x{n}", "0x59 7x{n}", monitor="m2"),
            # Eight in six hours, none of them five within the hour.
            one("m3"), covered("0x14 2x14 4x14 6x14 8x{n}", "0x14 2x14 4x14 6x14 8x{n}", monitor="m3"),
            # Elsewhere few are bad.
            *(abroad(covered("0+1x{n}", "0x{n}", monitor=name)) for name in ("m2", "m3")),
            one("m4"), covered("0x14 1x14 2x14 3x14 4x{n}", "0x14 1x14 2x14 3x14 4x{n}", monitor="m4"),
        ),
        quiet=(("2h2m", FAST, M1), ("2h2m", FAST, M4)),
        fires=(("2h2m", FAST, M2), ("2h2m", FAST, M3)),
        twins=False,
        behind=False,
    ),
    Case(
        name="10 % of the budget within a day is a ticket, and ends when two hours are clean enough",
        interval="30m",
        twins=False,
        behind=False,
        # A busy day, a quiet one, then four hours with 20 % bad, 4 % for two hours, and 2 % after.
        series=join(info(), three("0+6000x48 0+300x{n}", "0x96 60+60x7 492+12x4 546+6x{n}")),
        quiet=(("50h30m", SLOW, M1), ("57h", SLOW, M1)),
        fires=tuple((at, SLOW, f'{M1}, slo="{slo}"') for at in ("52h30m", "54h") for slo in _ALL),
    ),
    Case(
        name="the ticket on a burning budget stays for half an hour",
        interval="10m",
        # An hour with 20 % bad, then so much traffic that it is far under 1 % after ten minutes.
        series=join(one("m1"), covered("0+100x5 600+20000x{n}", "0+20x5 120x{n}")),
        fires=(("1h", SLOW, _COVERAGE), ("1h20m", SLOW, _COVERAGE)),
        quiet=(("1h50m", SLOW, M1),),
    ),
    Case(
        name="10 % of the budget within three days is a ticket, and ends when six hours are clean enough",
        interval="30m",
        # 2.8 % are bad for 20 hours after a good day: 1 % of it all after 13 of them, and never 3 % of a day.
        # One half hour without a verdict after 43 hours.
        series=join(
            info(), three("0+6000x{n}", "0x48 168+168x39 6768+48x{n}"),
            renamed(objective("freshness", 0.99)),
            checked(success="0+1800x84 151200x2 158400+1800x{n}", interval=1800),
        ),
        quiet=(("36h", SLOW, M1), ("51h", SLOW, f'{M1}, slo!="freshness"'), ("43h", SLOW, f'{M1}, slo="freshness"')),
        fires=(
            *((at, SLOW, f'{M1}, slo="{slo}"') for at in ("39h", "48h") for slo in _ALL),
            ("44h", SLOW, f'{M1}, slo="freshness"'),
        ),
    ),
    Case(
        name="the ticket on a burning budget says of which objective, and how fast",
        interval="10m",
        series=join(one("m1"), covered("0+100x{n}", "0+2x{n}")),
        told=(
            (
                "1h10m",
                SLOW,
                NAMED | _SLOTH,
                "Monitor m1 (model credit version v1), objective coverage: burn rate 2.0.",
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
            abroad(covered("0+1x{n}", "0x{n}", monitor="m3")),
        ),
        fires=(
            *(("3h20m", SLOW, f'{M1}, slo="{slo}"') for slo in ("latency", "errors", "freshness")),
            ("3h20m", SLOW, M3),
        ),
        quiet=(("3h20m", SLOW, f'{M1}, slo=~"explanations|checks"'), ("3h20m", SLOW, M2)),
    ),
    Case(
        name="of three days, two bad events are no ticket and four are, also when no day has more than two",
        interval="15m",
        twins=False,
        series=join(
            one("m1"), covered("0x142 2x{n}", "0x142 2x{n}"),
            one("m2"), covered("0x22 2x119 4x{n}", "0x22 2x119 4x{n}", monitor="m2"),
            abroad(covered("0+1x{n}", "0x{n}", monitor="m2")),
        ),
        quiet=(("36h30m", SLOW, M1),),
        fires=(("36h30m", SLOW, M2),),
    ),
    Case(
        name="confirmed drift that lasts is a ticket for monitors that are checked often",
        interval="30m",
        twins=False,
        # 5 % of a day and a bit are an hour and a quarter.
        series=join(
            *(
                join(info(name, cadence=cadence), renamed(objective("drift", 0.95, monitor=name)),
                     drifted("0x48 2x{n}", "0x48 2x{n}", monitor=name))
                for name, cadence in (("m1", "hourly"), ("m2", "daily"), ("m3", "minutely"), ("m4", "weekly"))
            ),
            # Elsewhere m2 is checked hourly.
            abroad(info("m2")),
        ),
        quiet=(("25h", SLOW, M1), ("27h", SLOW, M2), ("27h", SLOW, M4)),
        fires=(("25h30m", SLOW, f'{M1}, slo="drift"'), ("27h", SLOW, f'{M3}, slo="drift"')),
    ),
    Case(
        name="drift within a declared maintenance burns no budget, and burns it again after it",
        interval="30m",
        twins=False,
        series=join(
            *(
                join(info(name), renamed(objective("drift", 0.95, monitor=name)),
                     renamed(objective("explanations", 0.95, monitor=name)), drifted(2, 2, monitor=name))
                for name in ("m1", "m2")
            ),
            {on("xdrift_monitor_maintenance"): "1x96 0x{n}", on("xdrift_monitor_maintenance", monitor="m2"): 0},
        ),
        quiet=(("48h", SLOW, f'{M1}, slo="drift"'), ("48h", HALF, M1)),
        fires=(("48h", SLOW, f'{M2}, slo="drift"'), ("48h", HALF, M2), ("51h", SLOW, f'{M1}, slo="drift"')),
        values=(("40h", f'sum(monitor_slo:xdrift_healthy:bool{{{M1}, slo="drift"}})', 1),
                ("50h", f'sum(monitor_slo:xdrift_healthy:bool{{{M1}, slo="drift"}})', 0)),
    ),
    Case(
        name="half of the budget within a day pages, earlier over 28 days, and ends within two hours",
        interval="30m",
        series=join(
            *(
                join(info(name), renamed(objective("explanations", 0.95, days=days, monitor=name)),
                     drifted(f"0x47 2x{length} 0x{{n}}", f"0x47 2x{length} 0x{{n}}", monitor=name))
                # 75 % of a day are 18 h, 70 % are 16 h 48 min.
                for name, days, length in (("m1", 30, 37), ("m2", 28, 37), ("m3", 30, 23))
            )
        ),
        quiet=(("41h", HALF, M1), ("40h", HALF, M2), ("43h30m", HALF, M1), ("36h", HALF, M3)),
        fires=(("42h30m", HALF, M1), ("41h30m", HALF, M2)),
    ),
    Case(
        name="the composite's page names the model and its version",
        interval="30m",
        series=join(info(), objective("explanations", 0.95), drifted(2, 2)),
        told=(
            (
                "3h",
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
