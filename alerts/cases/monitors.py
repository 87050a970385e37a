"""Who is there: info rows, and the objectives of each monitor."""

from __future__ import annotations

from alerts.cases.model import EU, M1, M2, M3, M4, Case, abroad, daemon, info, join, objective, on, only, renamed

LATEST = "monitor:xdrift_monitor_info:latest"
_SLOTH = 'sloth_id="m1-coverage", sloth_service="m1", sloth_slo="coverage"'
_UP = daemon("xdrift_collector_up")

CASES = (
    Case(
        name="a second replica that starts makes no total grow",
        twins=False,
        # Nothing was explained, found or lost since the first one started.
        series=join(
            info(),
            *(
                only(pod, {
                    on("xdrift_predictions_total"): f"{gap}{before}+2x{{n}}",
                    on("xdrift_predictions_explained_total"): f"{gap}500x{{n}}",
                    on("xdrift_privacy_incidents_total", 'kind="email"'): f"{gap}3x{{n}}",
                    on("xdrift_notification_failures_total"): f"{gap}4x{{n}}",
                })
                for pod, gap, before in (("a", "", 0), ("b", "_x130 ", 260))
            ),
        ),
        fires=(("2h20m", "ExplanationCoverageZero", M1),),
        quiet=(("2h15m", "ExplanationPrivacyIncident", M1), ("2h50m", "ExplanationNotificationsFailing", M1)),
    ),
    Case(
        name="in a rollout replicas name two versions, and the newest stays",
        series=join(
            info(version="v1", values="1x20", deployed="60x20"),
            info(version="v2", values="_x10 1x{n}", deployed="_x10 600x{n}"),
            # Rolled back: the older name was put in force later.
            info("m2", version="v1", values="_x10 1x{n}", deployed="_x10 600x{n}"),
            info("m2", version="v2", values="1x20", deployed="60x20"),
            {_UP: 1},
        ),
        values=(
            ("5m", f'sum({LATEST}{{{M1}, model_version="v1"}})', 1),
            ("15m", f'sum({LATEST}{{{M1}, model_version="v2"}})', 1),
            ("15m", f"count({LATEST}{{{M1}}})", 1),
            ("15m", f'count({LATEST}{{{M1}, instance="", pod=""}})', 1),
            ("15m", f'sum({LATEST}{{{M2}, model_version="v1"}})', 1),
            ("15m", f"count({LATEST}{{{M2}}})", 1),
        ),
    ),
    Case(
        name="the newest version stays, however few replicas name it",
        series=join(
            *(join(only(pod, info(deployed=600)), only(pod, info("m2", deployed=900))) for pod in ("a", "b", "c")),
            only("d", info(version="v2", deployed=900)),
            only("d", info("m2", version="v2", deployed=600)),
            {_UP: 1},
        ),
        values=(
            ("5m", f'sum({LATEST}{{{M1}, model_version="v2"}})', 1),
            ("5m", f"count({LATEST}{{{M1}}})", 1),
            ("5m", f'sum({LATEST}{{{M2}, model_version="v1"}})', 1),
        ),
    ),
    Case(
        name="a version that is put in force again is the newest",
        series=join(
            info(version="v1", deployed="60x10 1200x{n}"),
            info(version="v2", values="_x5 1x{n}", deployed="_x5 600x{n}"),
            {_UP: 1},
        ),
        values=(
            ("9m", f'sum({LATEST}{{{M1}, model_version="v2"}})', 1),
            ("15m", f'sum({LATEST}{{{M1}, model_version="v1"}})', 1),
        ),
    ),
    Case(
        name="a change of tier shows as soon as the old row is stale",
        series=join(
            info(tier="standard", values="1x10"),
            dict.fromkeys(info(tier="critical", deployed=None), "_x10 1x{n}"),
            {_UP: 1},
        ),
        values=(
            ("10m", f'sum({LATEST}{{{M1}, tier="standard"}})', 1),
            ("20m", f'sum({LATEST}{{{M1}, tier="critical"}})', 1),
            ("20m", f"count({LATEST}{{{M1}}})", 1),
        ),
    ),
    Case(
        name="a monitor whose model was never loaded has its row",
        series=join(info(version="", deployed=None), {_UP: 1}),
        values=(("5m", f"sum({LATEST}{{{M1}}})", 1),),
    ),
    Case(
        name="a monitor that was removed is gone at once, and stays for two days while nobody reads the store",
        interval="30m",
        series=join(
            info(values="1x1"),
            # Two versions before the daemon went: the newest one stays.
            info("m2", version="v1", values="1", deployed="60"),
            info("m2", version="v2", values="_ 1", deployed="_ 600"),
            info("m3", version="v2", values="1", deployed="60"),
            info("m3", version="v1", values="_ 1", deployed="_ 600"),
            # Both named to the end.
            info("m4", version="v1", values="1x1", deployed="600x1"),
            info("m4", version="v2", values="1x1", deployed="60x1"),
            info("m5", version="v1", values="1x1", deployed="60x1"),
            info("m5", version="v2", values="1x1", deployed="600x1"),
            {_UP: "1x1 0x{n}"},
            # A daemon elsewhere reads its own store.
            abroad({_UP: 1}),
        ),
        values=(
            ("30m", f"sum({LATEST}{{{M1}}})", 1),
            ("30h", f"sum({LATEST}{{{M1}}})", 1),
            ("30h", f'sum({LATEST}{{{M2}, model_version="v2"}})', 1),
            ("30h", f'sum({LATEST}{{{M3}, model_version="v1"}})', 1),
            ("30h", f'sum({LATEST}{{{M4}, model_version="v1"}})', 1),
            ("30h", f'sum({LATEST}{{cluster="eu", monitor="m5", model_version="v2"}})', 1),
            ("30h", f'count({LATEST}{{{EU}, instance="", pod=""}})', 10),
            ("30h", f"count({LATEST}{{{EU}}})", 10),
            ("47h", f"sum({LATEST}{{{M1}}})", 1),
            ("49h", f"sum({LATEST}{{{M1}}})", None),
        ),
    ),
    Case(
        name="a removed monitor is gone while a daemon reads the store",
        series=join(info(values="1x10"), {_UP: 1}),
        values=(("10m", f"sum({LATEST}{{{M1}}})", 1), ("20m", f"sum({LATEST}{{{M1}}})", None)),
    ),
    Case(
        name="objectives, budgets and periods go by Sloth's names and are held for two days",
        interval="30m",
        series=join(
            {key: f"{value}x1" for key, value in objective("coverage", 0.98, days=28).items()},
            {on("xdrift_slo_error_budget_remaining_ratio", 'slo="coverage"'): 0.25},
        ),
        values=(
            *(
                (at, f"round(1000 * sum({name}{{{M1}, {_SLOTH}{more}}}))", value)
                for at in ("30m", "30h", "47h")
                for name, more, value in (
                    ("slo:objective:ratio", "", 980),
                    ("slo:error_budget:ratio", "", 20),
                    ("slo:time_period:days", "", 28000),
                    ("slo:period_error_budget_remaining:ratio", "", 250),
                    ("slo:period_burn_rate:ratio", "", 750),
                    ("sloth_slo_info", ', sloth_mode="xdrift", sloth_spec="xdrift/v1"', 1000),
                )
            ),
            ("49h", f"sum(slo:objective:ratio{{{M1}}})", None),
            ("49h", f"sum(slo:time_period:days{{{M1}}})", None),
        ),
    ),
    Case(
        name="an objective that was changed counts as it is now, also once its daemon is gone",
        series={
            on("xdrift_slo_objective_ratio", 'slo="coverage"'): "0.95x5 0.98x9 stale",
            on("xdrift_slo_period_seconds", 'slo="coverage"'): f"{28 * 86400}x5 {30 * 86400}x9 stale",
        },
        values=tuple(
            entry for at in ("10m", "30m") for entry in (
                (at, f"round(100 * sum(slo:objective:ratio{{{M1}}}))", 98),
                (at, f"sum(slo:time_period:days{{{M1}}})", 30),
            )
        ),
    ),
    Case(
        name="an objective that was lowered with a new pod counts at once, and the pod that is gone no more",
        interval="10m",
        twins=False,
        series=join(*(
            only(pod, {on("xdrift_slo_objective_ratio", 'slo="coverage"'): ratio,
                       on("xdrift_slo_period_seconds", 'slo="coverage"'): period})
            for pod, ratio, period in (
                ("a", "0.99x5 stale", f"{30 * 86400}x5 stale"), ("b", "_x6 0.95x{n}", f"_x6 {28 * 86400}x{{n}}"),
            )
        )),
        values=(
            ("50m", f"round(100 * sum(slo:objective:ratio{{{M1}}}))", 99),
            ("1h10m", f"round(100 * sum(slo:objective:ratio{{{M1}}}))", 95),
            ("1h10m", f"sum(slo:time_period:days{{{M1}}})", 28),
        ),
    ),
    Case(
        name="an objective that is so low that its page can never fire is reported",
        series=join(
            renamed(objective("coverage", 0.9)),
            objective("latency", 0.94),
            objective("errors", 0.94),
            objective("freshness", 0.9),
            renamed(objective("explanations", 0.9)),
            objective("coverage", 0.94, monitor="m2"),
            objective("explanations", 0.94, monitor="m2"),
            objective("latency", 0.9, monitor="m3"),
            objective("errors", 0.9, monitor="m3"),
            objective("drift", 0.5, monitor="m3"),
        ),
        fires=tuple(
            ("2m", "ExplanationSLOPageUnreachable", f'{where}, slo="{slo}"')
            for where, slo in (
                (M1, "coverage"), (M1, "freshness"), (M1, "explanations"), (M3, "latency"), (M3, "errors"),
            )
        ),
        quiet=(
            ("2m", "ExplanationSLOPageUnreachable", f'{M1}, slo=~"latency|errors"'),
            ("2m", "ExplanationSLOPageUnreachable", M2),
            ("2m", "ExplanationSLOPageUnreachable", f'{M3}, slo="drift"'),
        ),
    ),
    Case(
        name="the report of an unreachable page says which one",
        series=objective("coverage", 0.9),
        told=(
            (
                "2m",
                "ExplanationSLOPageUnreachable",
                {
                    "cluster": "eu", "namespace": "ml", "job": "xdrift", "monitor": "m1", "model": "credit",
                    "slo": "coverage", "sloth_id": "m1-coverage", "sloth_service": "m1", "sloth_slo": "coverage",
                },
                "Even a total outage cannot reach the page's burn rate for m1-coverage.",
            ),
        ),
    ),
)  # fmt: skip
