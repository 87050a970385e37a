"""What checks conclude."""

from __future__ import annotations

from alerts.cases.model import M1, M2, M3, M4, M5, NAMED, Case, Series, Values, abroad, drifted, info, join, on

SEVERE, PIPELINE, EXPLAINER = "ExplanationDriftSevere", "ExplanationPipelineBroken", "ExplanationExplainerBroken"
SEGMENT, GRADUAL, TREND = "ExplanationSegmentDrift", "ExplanationDriftGradual", "ExplanationDriftTrend"
MIGRATION = "ExplanationMigrationInProgress"
_SAYS = "Monitor m1 (model credit version v1)"


def segment(level: Values, streak: Values, *, monitor: str = "m1") -> Series:
    return {
        on("xdrift_segment_drift_level", 'segment="region=EU"', monitor=monitor): level,
        on("xdrift_segment_drift_streak_checks", 'segment="region=EU"', monitor=monitor): streak,
    }


def verdict(word: str, value: Values = 1, *, monitor: str = "m1") -> Series:
    return {on("xdrift_verdict", f'verdict="{word}"', monitor=monitor): value}


def smooth(
    score: Values, *, view: str = "traffic", test: str = "psi_max", monitor: str = "m1", warning: Values = 0.2
) -> Series:
    labels = f'view="{view}", test="{test}"'
    return {
        on("xdrift_drift_score_smoothed", labels, monitor=monitor): score,
        on("xdrift_drift_threshold", f'{labels}, level="warning"', monitor=monitor): warning,
        on("xdrift_drift_threshold", f'{labels}, level="severe"', monitor=monitor): 0.9,
    }


def swinging(slope: float, by: float, samples: int = 60) -> str:
    """A score from 0.11 on that jumps to each side of a line in turn, and keeps to the line after so many samples."""
    numbers = (0.11 + slope * n + (by if n % 2 == 0 else -by) * (n < samples) for n in range(60))
    return " ".join(f"{number:.6g}" for number in numbers)


def failing(failures: Values, *, monitor: str = "m1") -> Series:
    return {on("xdrift_check_consecutive_failures", monitor=monitor): failures}


CASES = (
    Case(
        name="severe drift pages when a second check agrees, for any owner's monitor, and ends with it",
        series=join(
            info(),
            drifted("0x10 2x20 0x{n}", "0x10 1x10 2x9 0x{n}"),
            # A daily monitor whose one verdict nobody confirmed; a warning; the trend view.
            info("m2", cadence="daily"),
            drifted(2, 1, monitor="m2"),
            info("m3"),
            drifted(1, 6, monitor="m3"),
            drifted(2, 6, view="trend", monitor="m3"),
            info("m4", tier="standard", cadence="weekly"),
            drifted(2, 2, view="holdout", monitor="m4"),
        ),
        quiet=(("15m", SEVERE, M1), ("35m", SEVERE, M1), ("15m", SEVERE, M2), ("15m", SEVERE, M3)),
        fires=(("25m", SEVERE, f'{M1}, view="traffic"'), ("15m", SEVERE, f'{M4}, view="holdout"')),
    ),
    Case(
        name="the page on drift names view, model and version",
        series=join(info(), drifted(2, 2)),
        told=(
            (
                "5m",
                SEVERE,
                NAMED | {"view": "traffic"},
                f"{_SAYS}, view traffic: severe in two or more checks in a row.",
            ),
        ),
    ),
    Case(
        name="a broken pipeline pages when a second check agrees, in the traffic, in the total view or in a segment",
        series=join(
            info(),
            verdict("pipeline"),
            drifted(2, "1x10 2x{n}"),
            info("m2"),
            verdict("pipeline", monitor="m2"),
            drifted(2, 3, view="total", monitor="m2"),
            info("m3"),
            verdict("pipeline", monitor="m3"),
            segment(2, "1x10 3x{n}", monitor="m3"),
            drifted(2, 3, view="holdout", monitor="m3"),
            info("m4"),
            verdict("pipeline", 0, monitor="m4"),
            verdict("data", monitor="m4"),
            drifted(2, 3, monitor="m4"),
            # Elsewhere a second check agreed.
            abroad(drifted(2, 3)),
        ),
        quiet=(("8m", PIPELINE, M1), ("8m", PIPELINE, M3), ("15m", PIPELINE, M4)),
        fires=(("15m", PIPELINE, M1), ("15m", PIPELINE, M2), ("15m", PIPELINE, M3)),
    ),
    Case(
        name="the page on a pipeline says that predictions are concerned",
        series=join(info(), verdict("pipeline"), drifted(2, 2)),
        told=(
            (
                "5m",
                PIPELINE,
                NAMED | {"verdict": "pipeline"},
                f"{_SAYS}: predictions are likely wrong as well, not only their explanations.",
            ),
        ),
    ),
    Case(
        name="a broken explainer pages when a second check agrees, failed or judged",
        series=join(
            info(),
            {on("xdrift_explainer_selfcheck_ok"): 0},
            failing("1x10 2x{n}"),
            drifted(1, 9),
            info("m2"),
            {on("xdrift_explainer_selfcheck_ok", monitor="m2"): 0},
            failing(0, monitor="m2"),
            drifted(1, "1x10 2x{n}", view="holdout", monitor="m2"),
            info("m3"),
            {on("xdrift_explainer_selfcheck_ok", monitor="m3"): 1},
            failing(5, monitor="m3"),
            drifted(2, 5, view="holdout", monitor="m3"),
            # Elsewhere its checks fail.
            info("m4"),
            {on("xdrift_explainer_selfcheck_ok", monitor="m4"): 0},
            failing(0, monitor="m4"),
            abroad(failing(5, monitor="m4")),
        ),
        quiet=(("8m", EXPLAINER, M1), ("8m", EXPLAINER, M2), ("15m", EXPLAINER, M3), ("15m", EXPLAINER, M4)),
        fires=(("15m", EXPLAINER, M1), ("15m", EXPLAINER, M2)),
    ),
    Case(
        name="the page on an explainer says that results are void",
        series=join(info(), {on("xdrift_explainer_selfcheck_ok"): 0}, failing(2)),
        told=(("5m", EXPLAINER, NAMED, f"{_SAYS}: results since then say nothing about model or data."),),
    ),
    Case(
        name="severe drift of a segment is a ticket when a second check agrees, kept for two hours",
        interval="5m",
        series=join(
            info(),
            segment("2x4 0x{n}", "1x2 2x1 0x{n}"),
            info("m2"),
            segment(1, 4, monitor="m2"),
        ),
        quiet=(("10m", SEGMENT, M1), ("2h30m", SEGMENT, M1), ("15m", SEGMENT, M2)),
        fires=(("15m", SEGMENT, M1), ("2h15m", SEGMENT, M1)),
    ),
    Case(
        name="the ticket on a segment names it",
        series=join(info(), segment(2, 2)),
        told=(
            (
                "5m",
                SEGMENT,
                NAMED | {"segment": "region=EU"},
                f"{_SAYS}, segment region=EU: severe in two or more checks in a row.",
            ),
        ),
    ),
    Case(
        name="a warning that lasts for three checks is a ticket, kept for two hours",
        interval="5m",
        series=join(
            info(),
            drifted("1x4 0x{n}", "2x2 3x1 0x{n}"),
            info("m2"),
            drifted(2, 5, monitor="m2"),
            info("m3"),
            drifted(1, 5, view="trend", monitor="m3"),
            info("m4"),
            drifted(1, 4, view="holdout", monitor="m4"),
            drifted(0, 0, monitor="m4"),
        ),
        quiet=(("10m", GRADUAL, M1), ("2h30m", GRADUAL, M1), ("15m", GRADUAL, M2), ("15m", GRADUAL, M3)),
        fires=(("15m", GRADUAL, M1), ("2h15m", GRADUAL, M1), ("15m", GRADUAL, f'{M4}, view="holdout"')),
    ),
    Case(
        name="the ticket on a lasting warning names the view",
        series=join(info(), drifted(1, 3)),
        told=(
            (
                "5m",
                GRADUAL,
                NAMED | {"view": "traffic"},
                f"{_SAYS}, view traffic: over the warning threshold in three or more checks in a row.",
            ),
        ),
    ),
    Case(
        name="a score that rises towards its threshold is reported after seven days and six hours",
        interval="1h",
        series=join(
            # 0.08 + 0.01 a day: 0.2 within the coming week from the sixth day on.
            info(),
            smooth("0.08+0.0004167x{n}"),
            # Half as steep; too low since the 167th hour; of a monitor weekly here, not elsewhere; in the trend view.
            info("m2"),
            smooth("0.11+0.000205x{n}", monitor="m2"),
            smooth("0.02+0.0011x166 0.095x{n}", test="stability_max", monitor="m2"),
            info("m3", cadence="weekly"),
            abroad(info("m3", cadence="daily")),
            smooth("0.11+0.0004167x{n}", monitor="m3"),
            smooth("0.11+0.0004167x{n}", view="trend", monitor="m3"),
            # High enough, flat; and elsewhere high enough where the others are too low.
            smooth(0.15, test="stability_max", monitor="m3"),
            abroad(smooth(0.15, test="stability_max", monitor="m2")),
            abroad(smooth(0.15, test="stability_max", monitor="m4")),
            abroad(smooth("0.08+0.001x{n}", monitor="m4")),
            info("m4", cadence="daily"),
            smooth("0.3-0.000003x{n}", monitor="m4"),
            smooth("0.07+0.0002083x{n}", test="stability_max", monitor="m4"),
            # Steep, and under half the threshold until the 183rd hour.
            info("m5"),
            smooth("0x40 0.0007+0.0007x{n}", monitor="m5"),
        ),
        quiet=(
            ("173h", TREND, M1),
            ("174h", TREND, M2),
            ("190h", TREND, M3),
            ("190h", TREND, M4),
            ("187h", TREND, M5),
        ),
        fires=(("175h", TREND, M1), ("190h", TREND, M1), ("190h", TREND, M5)),
    ),
    Case(
        name="a score that moves more by itself than it rises has no trend",
        interval="6h",
        series=join(
            # By 0.07 in a week: with 0.008 to each side of it that is a line, with 0.016 it is none.
            info(),
            smooth(swinging(0.0025, 0.008)),
            info("m2"),
            smooth(swinging(0.0025, 0.016), monitor="m2"),
            # Swings for four days and is straight since.
            info("m3"),
            smooth(swinging(0.0025, 0.025, 17), monitor="m3"),
        ),
        quiet=(*((at, TREND, M2) for at in ("180h", "210h", "330h")), ("174h", TREND, M3)),
        fires=tuple((at, TREND, M1) for at in ("180h", "210h", "330h")),
    ),
    Case(
        name="a slope is taken over seven days",
        interval="4h",
        series=join(
            # Fell for five days, rises since: over seven days there is no line, over half of them there is.
            info(),
            smooth("0.5-0.002x29 0.44+0.008x{n}"),
            # Rose for five days, falls slowly since: over seven days it still rises.
            info("m2"),
            smooth("0.1+0.0026x29 0.1754-0.0006x{n}", monitor="m2"),
            # Was low for a week, rises since: over two weeks not enough.
            info("m3"),
            smooth("0.1x41 0.1+0.00167x{n}", monitor="m3"),
            # Rose for a week, over the threshold, and falls since: over two weeks it still rises.
            info("m4"),
            smooth("0.1+0.0048x41 0.3-0.0005x{n}", monitor="m4"),
            # Younger than seven days here, not elsewhere.
            info("m5"),
            smooth("_x15 0.1+0.002x{n}", monitor="m5"),
            abroad(smooth(0.1, monitor="m5")),
        ),
        quiet=(("172h", TREND, M1), ("180h", TREND, M1), ("336h", TREND, M4), ("196h", TREND, M5)),
        fires=(("176h", TREND, M2), ("332h", TREND, M3)),
    ),
    Case(
        name="the report on a trend names view and test",
        interval="3h",
        series=join(info(), smooth("0.13+0.0012x{n}")),
        told=(
            (
                "177h",
                TREND,
                NAMED | {"view": "traffic", "test": "psi_max"},
                f"{_SAYS}, view traffic, psi_max: over the warning threshold within 7 days at the present slope.",
            ),
        ),
    ),
    Case(
        name="a declared maintenance shows while it is open",
        series=join(info(), {on("xdrift_monitor_maintenance"): "0x10 1x10 0x{n}"}),
        quiet=(("8m", MIGRATION, M1), ("25m", MIGRATION, M1)),
        fires=(("15m", MIGRATION, M1),),
        told=(("15m", MIGRATION, NAMED, "Drift alerts of m1 are held back while this alert fires."),),
    ),
)
