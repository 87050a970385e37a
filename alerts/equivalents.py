"""Alterations of rules that alter nothing anybody could see, each with the reason."""

from __future__ import annotations

import re

from alerts.mutants import SPACE, Mutant

_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_ONE = "an info row is always 1"
_HELD = "the joined info row ends after two days"
_BORN = "a monitor is born once: its time of birth never changes"
_WHOLE = "events are counted in whole numbers"
_SINGLE = "each of these records is of one window"
_EQUAL = "two computed ratios are never equal to the last bit"
_POSITIVE = "only whether it is above 0 counts, and no part of it is below"
_NONE = "only whether it is 0 counts, and no part of it is below"
_STEP = "what was given up stays so for hours: how often a day is looked at decides nothing"
_IMPLIED = "of bad minutes 3 % of a day are 1 % of three, and of two hours 1 % of six"
_ALSO = "what was last known over two days ago is told by the operand for what was not known"
_ADDED = "the sum of the installation adds reasons up as well"
_SHORT = "the short window needs a sample of the last five minutes, of the same scrape"
_ANY = "one series that passes is enough, and what it is called is not looked at"
_PRESENT = "only its presence counts"
_SCALED = "replicas show equal counters of the store, and so many times all classes have the same quantiles"
_LOWEST = "a percentile within the lowest class is above 0, where that class begins"

EQUIVALENT: dict[tuple[str, str], str] = {
    ("monitor:xdrift_monitor_info:known", "line 4: 'last_over_time(' becomes 'min_over_time('"): _ONE,
    ("monitor:xdrift_monitor_info:latest", "line 2: '2d' becomes '345600s'"): _HELD,
    ("monitor:xdrift_check_success_age:seconds", "line 2: '2d' becomes '345600s'"): _HELD,
    ("monitor:xdrift_check_success_age:seconds", "line 4: '2d' becomes '345600s'"): _HELD,
    ("monitor:xdrift_check_success_age:seconds", "line 4: 'last_over_time(' becomes 'min_over_time('"): _BORN,
    **{(f"slo:sli_error:ratio_rate{window}", "line 2: '0' becomes '0.5'"): _WHOLE for window in _WINDOWS},
    ('monitor_slo:xdrift_healthy:bool{slo="drift"}', "line 1: 'max' (2 of 2) becomes 'sum'"): _NONE,
    ("monitor_slo:xdrift_healthy:bool", "line 4: '<=' becomes '<'"): _EQUAL,
    ("monitor_slo:xdrift_healthy:bool", "line 3: '0' becomes '0.5'"): _WHOLE,
    **{
        (f"slo:burn_rate:ratio_rate{window}", f"line 1: 'max' becomes '{other}'"): _SINGLE
        for window in _WINDOWS
        for other in ("sum", "min")
    },
    **{
        (f"monitor:xdrift_explanation_duration_seconds:p95_{window}", f"line 1: {what}"): reason
        for window in ("5m", "30m")
        for what, reason in (("'>=' becomes '>'", _LOWEST), ("'sum' becomes 'max'", _SCALED))
    },
    ("ExplanationCoverageZero", "line 9: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationPrivacyIncident", "line 6: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationCannotJudge", "line 8: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationNotificationsFailing", "line 4: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationExplainerBroken", "line 2: 'max' becomes 'sum'"): _NONE,
    ("ExplanationNotificationsFailing", "line 4: 'max' becomes 'sum'"): _POSITIVE,
    ("ExplanationPlatformFailing", "line 5: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationPrivacyIncident", "line 6: 'last_over_time(' becomes 'min_over_time('"): _PRESENT,
    ("ExplanationMonitorsAbsent", "line 3: 'max' becomes 'min'"): _PRESENT,
    **{("ExplanationReportFailing", f"line 4: '5m' becomes '{step}'"): _STEP for step in ("150s", "600s")},
    **{("ExplanationSLOPageUnreachable", f"line {line}: '>=' becomes '>'"): _EQUAL for line in (1, 3)},
    **{
        (
            "ExplanationSLOBurnSlow",
            f"line {line}: 'coverage|latency|errors|freshness' becomes 'coverage|latency|errors'",
        ): _IMPLIED
        for line in (3, 5)
    },
    **{
        ("ExplanationLatencyP95Breach", f"line {line}: '30m' ({which}) becomes '900s'"): _SHORT
        for line, which in ((4, "1 of 4"), (4, "3 of 4"), (8, "1 of 2"))
    },
    ("ExplanationPlatformFailing", "line 1: 'without (reason)' becomes 'without (instance)'"): _ADDED,
    ("ExplanationPlatformFailing", "line 5: 'sum' becomes 'max'"): _POSITIVE,
    ("ExplanationReportFailing", "line 1: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationReportFailing", "line 1: 'max' becomes 'sum'"): _POSITIVE,
    ("ExplanationPrivacyIncident", "line 4: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationNotificationsFailing", "line 2: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationMonitorsAbsent", "line 3: 'max' becomes 'sum'"): _PRESENT,
    ("ExplanationPrivacyIncident", "line 2: '0' becomes '0.5'"): _WHOLE,
    ("ExplanationPrivacyIncident", "line 2: '2d' becomes '345600s'"): _ALSO,
    ("ExplanationMonitorDown", "line 4: 'last_over_time(' becomes 'min_over_time('"): _PRESENT,
    **{
        ('monitor_slo:xdrift_healthy:bool{slo="freshness"}', f"line {line}: '2d' becomes '345600s'"): _HELD
        for line in (3, 5, 7, 14)
    },
    ('monitor_slo:xdrift_healthy:bool{slo="freshness"}', "line 7: 'last_over_time(' becomes 'min_over_time('"): _BORN,
    ("ExplanationCannotJudge", "line 8: 'max' becomes 'sum'"): _POSITIVE,
    ("ExplanationTelemetryStale", "line 10: 'max' becomes 'sum'"): _POSITIVE,
    ("ExplanationCollectorDown", "line 1: 'max' becomes 'sum'"): _POSITIVE,
    ("ExplanationMonitorDown", "line 1: 'max' becomes 'sum'"): _POSITIVE,
    **{
        (f"Explanation{alert}", f"line {line}: '(instance, pod)' becomes '({label})'"): _ANY
        for alert, line in (
            ("OfflineRuntimeGap", 4),
            ("TelemetryStale", 10),
            ("ExplainerBroken", 5),
            ("ExplainerBroken", 7),
            ("CannotJudge", 6),
            ("CannotJudge", 8),
        )
        for label in ("instance", "pod")
    },
}
"""(rule, alteration as mutants.py words it) to why no series could tell."""

_GROWTH = re.compile(r"last_over_time\(([^\[]*)\[(\d+)s\]\) - min_over_time\(\1\[(\d+)([mhd])\]\)")


def alters_nothing(mutant: Mutant) -> bool:
    """Listed above; or only the newest value of a growth is looked for further back: without a sample in its window,
    which has no least value then, there is no growth either way."""
    return (mutant.where, mutant.what) in EQUIVALENT or (
        mutant.field == "expr"
        and any(int(far) > int(number) * SPACE[unit] * 60 for _, far, number, unit in _GROWTH.findall(mutant.value))
    )
