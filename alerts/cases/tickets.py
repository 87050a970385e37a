"""Tickets on burning and on spent budgets."""

from __future__ import annotations

from alerts.cases.burning import EVERY, SLOTH, one, three, well
from alerts.cases.model import (
    M1,
    M2,
    M3,
    M4,
    M5,
    NAMED,
    Case,
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

SLOW, HALF, SPENT = "ExplanationSLOBurnSlow", "ExplanationBudgetHalfBurned24h", "ExplanationErrorBudgetSpent"
_COVERAGE = f'{M1}, slo="coverage"'

CASES = (
    Case(
        name="10 % of the budget within a day is a ticket, and ends when two hours are clean enough",
        interval="30m",
        twins=False,
        behind=False,
        # A busy day, a quiet one, then four hours with 20 % bad, 4 % for two hours, and 2 % after.
        # Of m2 four events are bad, of 50 within a day and of 48,050 within three. Elsewhere, of another monitor and of
        # another objective none are.
        series=join(
            info(), three("0+6000x48 0+300x{n}", "0x96 60+60x7 492+12x4 546+6x{n}"),
            one("m2"), covered("0+1000x48 48000x50 48050x{n}", "0x99 4x{n}", monitor="m2"), well("m2"),
            covered("0+1x{n}", "0x{n}", monitor="m3"), abroad(covered("0+1x{n}", "0x{n}", monitor="m2")),
        ),
        quiet=(("50h30m", SLOW, M1), ("57h", SLOW, M1), ("49h30m", SLOW, M2)),
        fires=(
            ("50h", SLOW, M2),
            *((at, SLOW, f'{M1}, slo="{slo}"') for at in ("52h30m", "54h", "54h30m") for slo in EVERY),
        ),
    ),
    Case(
        name="the ticket on a burning budget stays for half an hour",
        interval="10m",
        # An hour with 20 % bad, then so much traffic that it is far under 1 % after ten minutes.
        series=join(one("m1"), covered("0+100x5 600+20000x{n}", "0+20x5 120x{n}")),
        fires=(("1h", SLOW, _COVERAGE), ("1h30m", SLOW, _COVERAGE)),
        quiet=(("1h50m", SLOW, M1),),
    ),
    Case(
        name="10 % of the budget within three days is a ticket, and ends when six hours are clean enough",
        interval="30m",
        # 2.8 % are bad for 20 hours after a good day: 1 % of it all after 13 of them, and never 3 % of a day.
        # A verdict comes half an hour late after 12 hours, and again after 43: 43 minutes are 1 % of three days, and
        # half an hour is no 3 % of one.
        series=join(
            info(), three("0+6000x{n}", "0x48 168+168x39 6768+48x{n}"),
            renamed(objective("freshness", 0.99)),
            checked(success="0+1800x22 39600x2 46800+1800x58 151200x2 158400+1800x{n}", interval=1800),
        ),
        quiet=(("36h", SLOW, M1), ("51h", SLOW, f'{M1}, slo!="freshness"'), ("43h", SLOW, f'{M1}, slo="freshness"')),
        fires=(
            *((at, SLOW, f'{M1}, slo="{slo}"') for at in ("39h", "48h30m") for slo in EVERY),
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
                NAMED | SLOTH,
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
            one("m2"), covered("0x22 2x119 4x{n}", "0x22 2x119 4x{n}", monitor="m2"), well("m2"),
            abroad(covered("0+1x{n}", "0x{n}", monitor="m2")),
        ),
        quiet=(("36h30m", SLOW, M1),),
        fires=(("36h30m", SLOW, M2),),
    ),
    Case(
        name="confirmed drift that lasts is a ticket for monitors that are checked often",
        interval="30m",
        twins=False,
        # 5 % of three days are 3 hours and 36 minutes, also where only the second of them has begun.
        series=join(
            *(
                join(info(name, cadence=cadence), renamed(objective("drift", 0.95, monitor=name)),
                     drifted("0x48 2x{n}", "0x48 2x{n}", monitor=name))
                for name, cadence in (("m1", "hourly"), ("m2", "daily"), ("m3", "minutely"), ("m4", "weekly"))
            ),
            # Over at 20h; six hours are clean enough at 25h, and the ticket is gone half an hour later.
            info("m5"), renamed(objective("drift", 0.78, monitor="m5")),
            drifted("0x5 2x33 0x{n}", "0x5 2x33 0x{n}", monitor="m5"),
            # Elsewhere m2 is checked hourly.
            abroad(info("m2")),
        ),
        quiet=(("27h30m", SLOW, M1), ("29h", SLOW, M2), ("29h", SLOW, M4), ("25h30m", SLOW, M5)),
        fires=(("28h", SLOW, f'{M1}, slo="drift"'), ("29h", SLOW, f'{M3}, slo="drift"'), ("24h30m", SLOW, M5)),
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
        quiet=(("48h", SLOW, f'{M1}, slo="drift"'), ("48h", HALF, M1), ("51h30m", SLOW, f'{M1}, slo="drift"')),
        fires=(("48h", SLOW, f'{M2}, slo="drift"'), ("48h", HALF, M2), ("52h", SLOW, f'{M1}, slo="drift"')),
        values=(("40h", f'sum(monitor_slo:xdrift_healthy:bool{{{M1}, slo="drift"}})', 1),
                ("50h", f'sum(monitor_slo:xdrift_healthy:bool{{{M1}, slo="drift"}})', 0)),
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
                NAMED | SLOTH,
                "Monitor m1 (model credit version v1), objective coverage: -25% of the budget is left.",
            ),
        ),
    ),
)  # fmt: skip
