"""Pages on burning budgets: each pair of windows alone, at its threshold, and how it ends."""

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

FAST, SLOW, HALF = "ExplanationSLOBurnFast", "ExplanationSLOBurnSlow", "ExplanationBudgetHalfBurned24h"
_COVERAGE = f'{M1}, slo="coverage"'

CASES = (
    Case(
        name="2 % of the budget within an hour pages, and ends five minutes after the incident",
        # A busy half hour, then a quiet hour of which 20 % are bad, then 10 %; 14.4 times 1 % is 14.4 %.
        series=join(
            info(), three("0+60x29 1800+10x{n}", "0x30 2+2x59 121+1x{n}"),
            # Elsewhere all is well.
            abroad(three("0+1x{n}", "0x{n}")),
            # Nine bad ones of the last 60, and no errors.
            one("m2"), covered("0+20x29 600+1x{n}", "0x82 1+1x8 9x{n}", monitor="m2"), well("m2"),
            # Nothing bad.
            one("m3"), covered("0+20x{n}", "0x{n}", monitor="m3"),
        ),
        quiet=(("1h20m", FAST, M1), ("1h37m", FAST, M1)),
        fires=(
            *((at, FAST, f'{M1}, slo="{slo}"') for at in ("1h27m", "1h31m") for slo in EVERY),
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
        name="one bad minute just after a start is no page and no ticket",
        series=join(
            info(),
            *(objective("freshness", 0.99), objective("drift", 0.95), objective("explanations", 0.95)),
            # Of a daemon that was away for hours all is stale, until its first check.
            checked(success="-90000 0+60x{n}"), drifted("2 0x{n}", "2 0x{n}"),
        ),
        quiet=tuple((at, alert, M1) for at in ("0m", "1m", "2m", "5m", "30m", "2h") for alert in (FAST, SLOW, HALF)),
        values=(("0m", f"sum(monitor_slo:xdrift_healthy:bool{{{M1}}})", 0),
                ("1m", f"sum(monitor_slo:xdrift_healthy:bool{{{M1}}})", 3)),
        behind=False,
    ),
    Case(
        name="the page on freshness is over with the next verdict, although its windows are still full",
        interval="2m",
        # m1 is not checked for an hour; m2 never again.
        series=join(
            info(), objective("freshness", 0.99), checked(success="0+120x30 3600x30 7320+120x{n}", interval=60),
            info("m2"), objective("freshness", 0.99, monitor="m2"),
            checked(success="0+120x30 3600x{n}", interval=60, monitor="m2"),
            # Elsewhere it is.
            abroad(join(info("m2"), checked(success="0+120x{n}", interval=60, monitor="m2"))),
        ),
        fires=(("2h", FAST, f'{M1}, slo="freshness"'), ("2h4m", FAST, f'{M2}, slo="freshness"')),
        quiet=(("2h4m", FAST, M1),),
        values=tuple(("2h4m", f'sum(slo:burn_rate:ratio_rate{window}{{{M1}, slo="freshness"}} > bool 14.4)', 1)
                     for window in ("5m", "1h")),
        twins=False,
    ),
    Case(
        name="what zero coverage told of pages no second time after it, and what is left of it at once",
        interval="2m",
        series=join(
            # Nothing is explained from 1h to 2h; then nine in ten, five, or eight; m3 was never at zero.
            *(
                join(one(name), covered("0+20x{n}", bad, monitor=name),
                     {on("xdrift_predictions_explained_total", monitor=name): explained})
                for name, bad, explained in (
                    ("m1", "0x30 20+20x29 602+2x{n}", "0+20x30 600x29 618+18x{n}"),
                    ("m2", "0x30 20+20x29 610+10x{n}", "0+20x30 600x29 610+10x{n}"),
                    ("m3", "0x30 19+19x29 570x{n}", "0+20x30 601+1x29 650+20x{n}"),
                    ("m5", "0x30 20+20x29 604+4x{n}", "0+20x30 600x29 616+16x{n}"),
                )
            ),
            # m4 stays at zero.
            one("m4"), covered("0+20x{n}", "0+20x{n}", monitor="m4"),
            {on("xdrift_predictions_explained_total", monitor="m4"): 0},
            # Elsewhere m1 goes on, and what m3 was at is over.
            abroad(join(one("m1"), covered("0+20x{n}", "0+20x{n}"))),
            abroad(join(info("m3"), {
                on("xdrift_predictions_total", monitor="m3"): "0+20x{n}",
                on("xdrift_predictions_explained_total", monitor="m3"): "0+20x30 600x29 620+20x{n}",
            })),
            # Errors are not coverage.
            objective("errors", 0.99),
            {on("xdrift_explanations_total"): "0+20x{n}",
             on("xdrift_explanation_errors_total", 'reason="memory"'): "0x30 10+10x{n}"},
        ),
        fires=(
            *((at, "ExplanationCoverageZero", M4) for at in ("1h58m", "2h2m", "2h4m")),
            *(("1h58m", "ExplanationCoverageZero", name) for name in (M1, M2)),
            *(("1h58m", FAST, f'{name}, slo="coverage"') for name in (M1, M2, M3)),
            *((at, FAST, f'{M3}, slo="coverage"') for at in ("2h2m", "2h4m", "2h20m")),
            ("2h20m", FAST, f'{M1}, slo="errors"'),
            # What burns less is heard again once the windows have forgotten the outage.
            ("2h58m", FAST, f'{M1}, slo="coverage"'),
            # Until the shortest window has forgotten it.
            *(("2h6m", "ExplanationCoverageZero", name) for name in (M1, M2)),
            *((at, FAST, f'{name}, slo="coverage"') for name in (M2, M5) for at in ("2h10m", "2h20m", "2h34m")),
        ),
        quiet=(
            *(("2h10m", "ExplanationCoverageZero", name) for name in (M1, M2)),
            *((at, "ExplanationCoverageZero", M3) for at in ("2h2m", "2h10m")),
            *((at, FAST, f'{M1}, slo="coverage"') for at in ("2h10m", "2h20m", "2h26m")),
        ),
        values=(("2h26m", f'sum(slo:burn_rate:ratio_rate30m{{{M1}, slo="coverage"}} > bool 6)', 1),),
        twins=False,
    ),
    Case(
        name="predictions left out by sampling burn no coverage, and failures among the others burn it as ever",
        interval="2m",
        # One in ten is to be explained; of these one in 200 fails, or one in five.
        series=join(
            *(
                join(one(name), covered("0+1000x{n}", bad, left_out="0+900x{n}", monitor=name))
                for name, bad in (("m1", "0+0.5x{n}"), ("m2", "0+20x{n}"))
            ),
        ),
        quiet=(("2h", FAST, M1), ("2h", SLOW, M1)),
        fires=(("2h", FAST, f'{M2}, slo="coverage"'),),
        values=(("2h", f'round(1000 * sum(slo:sli_error:ratio_rate1h{{{M2}, slo="coverage"}}))', 200),),
    ),
    Case(
        name="what is stale from the start pages after nine minutes, as it would later",
        # 14.4 % of an hour are 8 minutes and 38 seconds. The other one goes stale at 1h12m.
        series=join(
            info(), objective("freshness", 0.99), checked(success=-90000),
            info("m2"), objective("freshness", 0.99, monitor="m2"),
            checked(success="0+60x60 3600x{n}", interval=60, monitor="m2"),
        ),
        quiet=(("7m", FAST, M1), ("1h20m", FAST, M2)),
        fires=(("9m", FAST, f'{M1}, slo="freshness"'), ("1h21m", FAST, M2)),
        # Three minutes of five, and of thirty.
        values=tuple(
            ("2m", f'round(100 * sum(slo:sli_error:ratio_rate{window}{{{M1}, slo="freshness"}}))', share)
            for window, share in (("5m", 60), ("30m", 10))
        ),
        twins=False,
        behind=False,
    ),
    Case(
        name="one explanation in a hundred does not end the page on an outage",
        # None from 1h on, one in a hundred from 1 h 40 min on.
        series=join(
            one("m1"), covered("0+100x{n}", "0x60 100+100x39 4099+99x{n}"),
            {on("xdrift_predictions_explained_total"): "0+100x60 6000x39 6001+1x{n}"},
        ),
        fires=(
            ("1h38m", "ExplanationCoverageZero", M1), ("1h46m", "ExplanationCoverageZero", M1),
            *((at, FAST, _COVERAGE) for at in ("1h42m", "1h48m", "1h55m", "2h9m")),
        ),
        quiet=(("1h50m", "ExplanationCoverageZero", M1),),
        twins=False,
    ),
    Case(
        name="the page on a burning budget says of which objective, and how fast",
        series=join(one("m1"), covered("0+10x{n}", "0+2x{n}")),
        told=(
            (
                "10m",
                FAST,
                NAMED | SLOTH,
                "Monitor m1 (model credit version v1), objective coverage: burn rate 20.0.",
            ),
        ),
    ),
    Case(
        name="5 % of the budget within six hours pages, and ends half an hour after the incident",
        interval="10m",
        # 10 % are bad from 7h on, for four hours; 6 times 1 % is 6 %. Not checked for half an hour until 11h: freshness
        # is over with the next check.
        series=join(
            info(), three("0+100x{n}", "0x42 10+10x23 240x{n}"),
            renamed(objective("freshness", 0.99)), checked(success="0+600x61 36600x4 40200+600x{n}", interval=60),
            # The same, but no errors, and always fresh.
            one("m2"), covered("0+100x{n}", "0x42 10+10x23 240x{n}", monitor="m2"), well("m2"),
            objective("freshness", 0.99, monitor="m2"), checked(success="0+600x{n}", interval=60, monitor="m2"),
        ),
        quiet=(("10h30m", FAST, f'{M1}, slo!="freshness"'), ("11h20m", FAST, M1)),
        fires=(
            *(("10h50m", FAST, f'{M1}, slo="{slo}"') for slo in EVERY),
            ("10h50m", FAST, f'{M2}, slo="coverage"'),
            ("11h", FAST, _COVERAGE), ("11h", FAST, f'{M1}, slo="freshness"'),
        ),
        twins=False,
    ),
    Case(
        name="five minutes of every hour without a fresh check page in the sixth",
        interval="2m",
        # Fresh for 12 minutes. Three samples of every hour are stale, and so far one of the last.
        series=join(
            info(), renamed(objective("freshness", 0.99)),
            checked(success=" ".join(f"{3600 * h}+120x20 {3600 * h + 2400}x8" for h in range(7)), interval=60),
        ),
        quiet=(("5h52m", FAST, M1),),
        fires=(("5h54m", FAST, f'{M1}, slo="freshness"'),),
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
                "20h",
                HALF,
                NAMED
                | {"slo": "explanations", "sloth_id": "m1-explanations"}
                | {"sloth_service": "m1", "sloth_slo": "explanations"},
                "Monitor m1 (model credit version v1): burn rate 16.7 over 24 hours.",
            ),
        ),
    ),
)  # fmt: skip
