"""Alerts on what users of explanations feel: budgets, coverage, latency, personal data, and the log itself."""

from __future__ import annotations

from alerts.model import Alert, Group
from alerts.promql import INFO, KEY, PERIOD, SLO, block, either, grown, held, lines, named, slo_is, total
from alerts.records import asked, p95
from alerts.windows import FAST, HALF, SLOW, Tier, above, burning

_EVENTS = 'slo=~"coverage|latency|errors|freshness"'
_DRIFT = 'slo="drift"'
_WHO = "Monitor {{ $labels.monitor }} (model {{ $labels.model }} version {{ $labels.model_version }})"
SLOW_SHARE = 0.05
"""More than this share over the threshold is a 95th percentile over the threshold."""


def slow_share(window: str) -> str:
    """Monitors whose 95th percentile is over their threshold, by counting: right for every threshold, also between
    two bounds of the histogram."""
    slow = grown("xdrift_explanations_slow_total", window)
    timed = grown("xdrift_explanation_duration_seconds_count", window)
    return f"{slow} > {SLOW_SHARE} * {timed}"


def burning_now() -> str:
    """Budgets that burn at page speed, without those whose windows only hold what is over.

    Other pages hold this one back while they fire: it must take over when they end only where it still burns. Freshness
    is regained with the first verdict. Zero coverage goes on firing until the last five minutes know nothing of it: if
    they burn then, one explanation in a hundred was no recovery.
    """
    zero = 'ALERTS{alertname="ExplanationCoverageZero", alertstate="firing"}'
    still = above(FAST[0].short, 'slo="coverage"', FAST[0].factor)
    told = f"max_over_time({zero}[30m])\nunless on ({KEY})\n{zero}\nunless on ({KEY})\n{still}"
    return lines(
        block(either(*(block(burning(tier, _EVENTS, floor=5)) for tier in FAST))),
        f"unless on ({SLO})",
        'monitor_slo:xdrift_healthy:bool{slo="freshness"} == 1',
        f"unless on ({SLO})",
        slo_is(block(told), "coverage"),
    )


def total_outage(matcher: str, tier: Tier) -> str:
    """Objectives that burn no faster than the page asks for when everything fails: at the rate 1 / budget."""
    return f"slo:error_budget:ratio{{{matcher}}} * on ({SLO}) group_left () ({tier.factor:.6g} * {PERIOD}) >= 1"


def new_incidents() -> str:
    """Incidents of the last hour, also those that were counted while no daemon was scraped."""
    now = total("xdrift_privacy_incidents_total")
    before = f"last_over_time({now}[2d] offset 1h)"
    return either(
        f"{now} - {before} > 0",
        f"{grown('xdrift_privacy_incidents_total', '1h')} > 0",
        f"({now} > 0 unless {before})",
    )


def sources(matcher: str = "") -> str:
    """Explanations of an hour by where they came from, all or some."""
    return f"sum without (source) ({grown(f'xdrift_explanation_sources_total{matcher}', '1h')})"


slo_alerts = (
    # Before the pages on burning budgets, which ask whether it fired.
    Alert(
        name="ExplanationCoverageZero",
        expr=named(
            lines(
                f"{asked('15m')} >= 20",
                f"unless on ({KEY})",
                f"{grown('xdrift_predictions_explained_total', '15m')} > 0",
            )
        ),
        severity="critical",
        alert_class="slo",
        wait="5m",
        # The shortest window of the page on burning budgets, and what records may be behind.
        keep="7m",
        summary="No prediction has been explained for 15 minutes.",
        description=_WHO + ': {{ printf "%.0f" $value }} predictions to explain in 15 minutes, none explained.',
    ),
    Alert(
        name="ExplanationSLOBurnFast",
        expr=named(burning_now()),
        severity="critical",
        alert_class="slo",
        sloth_severity="page",
        summary="The error budget of an explanation objective is burning at page speed.",
        description=_WHO + ', objective {{ $labels.slo }}: burn rate {{ printf "%.1f" $value }}.',
    ),
    Alert(
        name="ExplanationSLOBurnSlow",
        expr=named(
            either(
                *(block(burning(tier, _EVENTS, floor=3)) for tier in SLOW),
                # Fewer checks than hourly ones are too few for a rate; a drift that lasts has alerts of its own.
                block(f'{burning(SLOW[1], _DRIFT)}\nand on ({KEY})\n{INFO}{{cadence=~"minutely|hourly"}}'),
            )
        ),
        severity="warning",
        alert_class="slo",
        sloth_severity="ticket",
        keep="30m",
        summary="The error budget of an explanation objective is burning faster than it refills.",
        description=_WHO + ', objective {{ $labels.slo }}: burn rate {{ printf "%.1f" $value }}.',
    ),
    Alert(
        name="ExplanationBudgetHalfBurned24h",
        expr=named(burning(HALF, 'slo="explanations"')),
        severity="critical",
        alert_class="slo",
        sloth_severity="page",
        summary="Explanation incidents burned more than half of the error budget within 24 hours.",
        description=_WHO + ': burn rate {{ printf "%.1f" $value }} over 24 hours.',
    ),
    Alert(
        name="ExplanationErrorBudgetSpent",
        expr=named('slo:period_error_budget_remaining:ratio{slo!="privacy"} <= 0'),
        severity="warning",
        alert_class="slo",
        wait="15m",
        keep="30m",
        summary="The error budget of the whole period is spent.",
        description=_WHO + ", objective {{ $labels.slo }}: {{ $value | humanizePercentage }} of the budget is left.",
    ),
    Alert(
        name="ExplanationSLOPageUnreachable",
        expr=either(
            total_outage(_EVENTS, FAST[0]),
            total_outage('slo="explanations"', HALF),
        ),
        severity="info",
        alert_class="config",
        summary="An objective is so low that its page can never fire.",
        description="Even a total outage cannot reach the page's burn rate for {{ $labels.sloth_id }}.",
    ),
    Alert(
        name="ExplanationLatencyP95Breach",
        expr=named(
            lines(
                p95("30m").name,
                f"and on ({KEY})",
                slow_share("30m"),
                f"and on ({KEY})",
                slow_share("5m"),
                f"and on ({KEY})",
                f"{grown('xdrift_explanation_duration_seconds_count', '30m')} >= 50",
            )
        ),
        severity="critical",
        alert_class="slo",
        wait="10m",
        summary="The 95th percentile of explanation latency is over its threshold.",
        description=_WHO + ": 95th percentile {{ $value | humanizeDuration }} over 30 minutes.",
    ),
)

privacy = Alert(
    name="ExplanationPrivacyIncident",
    expr=named(new_incidents()),
    severity="critical",
    alert_class="privacy",
    keep="1h",
    summary="An explanation held personal data.",
    description=_WHO + ": {{ $labels.kind }} in the explanation log.",
)

_QUARANTINED = f"sum without (reason) ({grown('xdrift_telemetry_quarantined_total', '1h')})"
serving_alerts = (
    Alert(
        name="ExplanationFallbackRate",
        expr=named(
            lines(
                sources('{source=~"fallback|live_approximate"}'),
                f"/ ({sources()} >= 20)",
                "> 0.05",
            )
        ),
        severity="warning",
        alert_class="serving",
        wait="15m",
        keep="30m",
        summary="More than 5 % of explanations are approximate or fallbacks.",
        description=_WHO + ": {{ $value | humanizePercentage }} of explanations within an hour.",
    ),
    Alert(
        name="ExplanationOfflineRuntimeGap",
        expr=named(
            lines(
                f"{held('xdrift_offline_runtime_beyond_ratio')} > 0.05",
                f"and on ({KEY})",
                f"{held('xdrift_offline_runtime_rows')} >= 50",
            )
        ),
        severity="warning",
        alert_class="serving",
        summary="Served attributions differ from recomputed ones.",
        description=_WHO
        + ": {{ $value | humanizePercentage }} of the rows of the latest check are beyond the tolerance.",
    ),
    Alert(
        name="ExplanationTelemetryStale",
        expr=named(
            either(
                f"{held('xdrift_telemetry_consecutive_failures')} >= 10",
                f"time() - {held('xdrift_telemetry_last_success_timestamp_seconds')} > 3600",
                # Checks saw predictions later than the newest that the log holds, which nobody writes at night.
                block(
                    f"time() - {held('xdrift_telemetry_watermark_timestamp_seconds')}\n"
                    f"  > on ({KEY}, model) group_left () 2 * {held('xdrift_check_interval_seconds')} + 3600\n"
                    f"and on ({KEY})\n"
                    f"{held('xdrift_check_newest_row_timestamp_seconds')}\n"
                    f"  > on ({KEY}, model) group_left () {held('xdrift_telemetry_watermark_timestamp_seconds')} + 600"
                ),
            )
        ),
        severity="warning",
        alert_class="serving",
        wait="5m",
        summary="The explanation log is not being read, or nothing new arrives in it.",
        description=_WHO + ": coverage, latency, errors and privacy are not watched meanwhile.",
    ),
    Alert(
        name="ExplanationTelemetryQuarantine",
        expr=named(
            lines(
                f"({_QUARANTINED} >= 10)",
                f"  / ({_QUARANTINED} + {grown('xdrift_telemetry_records_total', '1h')})",
                "> 0.01",
            )
        ),
        severity="warning",
        alert_class="serving",
        keep="30m",
        summary="More than 1 % of the lines of the explanation log cannot be used.",
        description=_WHO + ": {{ $value | humanizePercentage }} of lines within an hour.",
    ),
)

GROUPS = (
    Group(name="xdrift-alerts-slo", rules=slo_alerts),
    Group(name="xdrift-alerts-serving", rules=(privacy, *serving_alerts)),
)
