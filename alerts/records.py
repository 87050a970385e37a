"""Recording rules: who is there, events of each objective, and burn rates under Sloth's names."""

from __future__ import annotations

from alerts.model import Group, Record
from alerts.promql import (
    COUNTED,
    INFO,
    KEY,
    PERIOD,
    PLACE,
    SLO,
    block,
    either,
    grown,
    held,
    lines,
    slo_is,
    sloth,
    total,
)
from alerts.windows import HOURS, INCIDENT, SUMMED

EVENTS = (
    ("coverage", "", "sum without (reason) ({})", 'xdrift_predictions_unexplained_total{reason!="sampling"}'),
    ("latency", "xdrift_explanations_total", "{}", "xdrift_explanations_slow_total"),
    ("errors", "xdrift_explanations_total", "sum without (reason) ({})", "xdrift_explanation_errors_total"),
    ("checks", "xdrift_checks_total", "sum without (reason) ({})", "xdrift_check_failures_total"),
)
"""Objective, its events (of coverage: `asked`), how its bad events are added up, its bad events."""
TIMED = "freshness|drift|explanations"
"""Objectives that count minutes."""
INCIDENT_EVENTS = 3
"""Fewer bad events than this in half an hour are no incident, whatever share they are."""

judged = Record(
    # When minutes were judged. Read over a window: since when.
    name="monitor_slo:xdrift_healthy:timestamp",
    expr=f'timestamp(monitor_slo:xdrift_healthy:bool{{slo=~"{TIMED}"}})',
)
known = Record(
    name="monitor:xdrift_monitor_info:known",
    expr=either(
        "group without (instance, pod) (xdrift_monitor_info)",
        # Nobody who can read the store is there to say which monitors there are: those of the last two days.
        block(
            "group without (instance, pod) (last_over_time(xdrift_monitor_info[2d]))\n"
            f"unless on ({PLACE})\nmax by ({PLACE}) (xdrift_collector_up) == 1"
        ),
    ),
)
deployed = f"max by ({KEY}, model_version) (last_over_time(xdrift_model_deployed_timestamp_seconds[2d]))"
latest = Record(
    name=INFO,
    # Two replicas in a rollout name two versions, and a join with two rows fails: the newest one stays. A monitor whose
    # model was never loaded has no time of deployment and still needs its row.
    expr=lines(
        f"topk by ({KEY}) (1,",
        either(f"{known.name} * on ({KEY}, model_version) group_left () {deployed}", known.name),
        ") * 0 + 1",
    ),
)


def asked(window: str) -> str:
    """Predictions of a window that were to be explained: sampling leaves the others out on purpose."""
    made = grown("xdrift_predictions_total", window)
    left_out = grown('xdrift_predictions_unexplained_total{reason="sampling"}', window)
    return block(either(f"{made}\n  - ignoring (reason) {left_out}", made))


def events(window: str) -> tuple[Record, Record]:
    """Events and bad events of one window."""
    names = [f"monitor_slo:xdrift_slo_{kind}:increase" for kind in ("events", "bad_events")]
    if window in SUMMED:
        first, second = (f"sum_over_time({name}1h[{window}:1h])" for name in names)
    else:
        first = either(*(slo_is(grown(good, window) if good else asked(window), slo) for slo, good, _, _ in EVENTS))
        second = either(*(slo_is(adding.format(grown(bad, window)), slo) for slo, _, adding, bad in EVENTS))
    return Record(name=names[0] + window, expr=first), Record(name=names[1] + window, expr=second)


def error_ratio(window: str) -> Record:
    """Share of bad events, or of bad minutes. No events is no number: 0/0 would spoil whatever averages it later.

    The minutes of a window before the first that was judged count as good, as they do for the daemon's budget: one bad
    minute just after a start, of Prometheus or of the monitor, is no burnt month.
    """
    seconds = round(HOURS[window] * 3600)
    return Record(
        name=f"slo:sli_error:ratio_rate{window}",
        expr=sloth(
            either(
                f"monitor_slo:xdrift_slo_bad_events:increase{window} / "
                f"(monitor_slo:xdrift_slo_events:increase{window} > 0)",
                f'(1 - avg_over_time(monitor_slo:xdrift_healthy:bool{{slo=~"{TIMED}"}}[{window}]))\n'
                f"  * clamp_max((time() - min_over_time({judged.name}[{window}]) + 60) / {seconds}, 1)",
            )
        ),
        labels={"sloth_window": window},
    )


def burn_rate(window: str) -> Record:
    budget = f"(max by ({SLO}) (slo:error_budget:ratio) > 0)"
    return Record(
        name=f"slo:burn_rate:ratio_rate{window}",
        expr=f"max without (sloth_window) (slo:sli_error:ratio_rate{window})\n/ on ({SLO}) group_left ()\n{budget}",
    )


def _in_force(series: str) -> str:
    """As daemons say it now, and as it was known last while there is none: the pod before a rollout had another one."""
    return block(either(held(series), held(f"last_over_time({series}[2d])")))


objectives = (
    Record(name="slo:objective:ratio", expr=sloth(_in_force("xdrift_slo_objective_ratio"))),
    Record(name="slo:error_budget:ratio", expr="1 - slo:objective:ratio"),
    Record(name="slo:time_period:days", expr=sloth(f"{_in_force('xdrift_slo_period_seconds')} / 86400")),
    Record(
        name="slo:period_error_budget_remaining:ratio",
        expr=sloth(held("xdrift_slo_error_budget_remaining_ratio")),
    ),
    Record(name="slo:period_burn_rate:ratio", expr="1 - slo:period_error_budget_remaining:ratio"),
    Record(
        name="sloth_slo_info",
        expr="slo:objective:ratio * 0 + 1",
        labels={"sloth_mode": "xdrift", "sloth_spec": "xdrift/v1"},
    ),
)
SUCCESS, BORN, PROMISED = (
    f"last_over_time({name}[2d])"
    for name in (
        "xdrift_check_last_success_timestamp_seconds",
        "xdrift_monitor_created_timestamp_seconds",
        "xdrift_check_interval_since_timestamp_seconds",
    )
)
"""Held for two days, so that checks go on ageing while no daemon runs."""


def since(*moments: str, without: str = "") -> str:
    """Seconds since the latest of several moments of each monitor.

    By monitor: what is held under a name that its model had before is the same checks, seen earlier.
    """
    return lines(
        f"time() - max without (instance, pod, model{without}) (",
        either(*moments),
        ")",
        f"* on ({KEY}) group_left (model) {INFO}",
    )


age = Record(
    name="monitor:xdrift_check_success_age:seconds",
    # A monitor never judged ages from its birth.
    expr=since(SUCCESS, BORN),
)
_INTERVAL = "xdrift_check_interval_seconds"
interval = _in_force(_INTERVAL)
severe = Record(
    name="monitor_view:xdrift_drift_severe:bool",
    # Two judged checks in a row. The trend view compares with the windows just before and never names a verdict.
    expr=held('(xdrift_drift_level{view!="trend"} == bool 2) * (xdrift_drift_streak_checks >= bool 2)'),
)
severe_segments = Record(
    name="monitor_segment:xdrift_segment_drift_severe:bool",
    expr=held("(xdrift_segment_drift_level == bool 2) * (xdrift_segment_drift_streak_checks >= bool 2)"),
)
healthy = (
    Record(
        name="monitor_slo:xdrift_healthy:bool",
        # The age counts from the beginning of the present interval at the earliest: a monitor that is checked hourly
        # from now on has had no time for a newer verdict than that of yesterday.
        expr=lines(
            block(since(slo_is(SUCCESS, "freshness"), PROMISED, BORN, without=", slo")),
            f"<= bool (2 * {interval} + 600)",
        ),
        labels={"slo": "freshness"},
    ),
    Record(
        name="monitor_slo:xdrift_healthy:bool",
        # Drift within a declared maintenance is expected and burns nothing: the daemon's budget says so as well.
        expr=lines(
            f"1 - max without (view) ({severe.name}) * ({held('xdrift_monitor_maintenance')} == bool 0)",
            f"or 1 - max without (view) ({severe.name})",
        ),
        labels={"slo": "drift"},
    ),
    Record(
        name="monitor_slo:xdrift_healthy:bool",
        expr=lines(
            'monitor_slo:xdrift_slo_bad_events:increase30m{slo=~"coverage|latency|errors"}',
            f"  * (monitor_slo:xdrift_slo_bad_events:increase30m >= bool {INCIDENT_EVENTS})",
            "  / (monitor_slo:xdrift_slo_events:increase30m > 0)",
            f"<= bool on ({SLO}) group_left ()",
            f"({INCIDENT:.6g} * {PERIOD} * max by ({SLO}) (slo:error_budget:ratio))",
        ),
    ),
    Record(
        name="monitor_slo:xdrift_healthy:bool",
        expr=f'min by ({KEY}, model) (monitor_slo:xdrift_healthy:bool{{slo!="explanations"}})',
        labels={"slo": "explanations"},
    ),
)


def p95(window: str) -> Record:
    """For people. Alerts compare counts: between two bounds of the histogram a quantile is a guess."""
    rate = f"sum without (instance, pod) (rate(xdrift_explanation_duration_seconds_bucket[{window}]))"
    return Record(
        name=f"monitor:xdrift_explanation_duration_seconds:p95_{window}", expr=f"histogram_quantile(0.95, {rate}) >= 0"
    )


smoothed = Record(
    name="monitor_view_test:xdrift_drift_score_smoothed:max",
    expr=held('xdrift_drift_score_smoothed{view!="trend"}'),
)


def since_last_week(name: str) -> str:
    """New counts of the last seven days; all of them where nothing is known of the time before."""
    return either(
        f"{held(name)} - {held(f'last_over_time({name}[1d] offset 7d)')}",
        held(name),
    )


comparisons = Record(
    name="monitor:xdrift_canary_comparisons:delta7d", expr=since_last_week("xdrift_canary_comparisons_total")
)
alarms = Record(name="monitor_level:xdrift_canary_alarms:delta7d", expr=since_last_week("xdrift_canary_alarms_total"))

GROUPS = (
    Group(name="xdrift-monitors", rules=(known, latest)),
    Group(name="xdrift-totals", rules=tuple(Record(name=total(name), expr=held(name)) for name in COUNTED)),
    Group(name="xdrift-events", rules=tuple(rule for window in HOURS for rule in events(window))),
    Group(name="xdrift-objectives", rules=objectives),
    Group(name="xdrift-health", rules=(age, severe, severe_segments, *healthy, judged)),
    Group(
        name="xdrift-burn",
        rules=(
            *(error_ratio(window) for window in HOURS),
            *(burn_rate(window) for window in HOURS),
            Record(name="slo:current_burn_rate:ratio", expr="slo:burn_rate:ratio_rate1h"),
        ),
    ),
    Group(name="xdrift-latency", rules=(p95("5m"), p95("30m"))),
    Group(name="xdrift-slow", rules=(smoothed, comparisons, alarms), interval="2m"),
)
"""In the order in which they read each other."""
