"""Alerts on the installation itself, which monitors of its own cannot tell apart: one message, not one per monitor."""

from __future__ import annotations

from alerts.model import Alert, Group
from alerts.promql import PLACE, block, either, grown, lines

_BY = f"by ({PLACE})"
_FAILED = f"sum without (reason) ({grown('xdrift_check_failures_total', '1h')})"
_RAN = grown("xdrift_checks_total", "1h")


def platform(job: str) -> Group:
    """`job`: what the scrape configuration calls the daemon."""
    up = f'up{{job="{job}"}}'
    before = f"last_over_time({up}[2d])"
    return Group(
        name="xdrift-alerts-platform",
        rules=(
            Alert(
                name="ExplanationPlatformFailing",
                expr=lines(
                    f"sum {_BY} ({_FAILED}) / sum {_BY} ({_RAN}) > 0.5",
                    f"and on ({PLACE})",
                    f"sum {_BY} ({_RAN}) >= 5",
                    f"and on ({PLACE})",
                    f"count {_BY} ({_FAILED} > 0) >= 3",
                ),
                severity="critical",
                alert_class="platform",
                whole=True,
                summary="Most checks of several monitors fail.",
                description="{{ $value | humanizePercentage }} of checks failed within an hour, of three or more "
                "monitors: suspect what they share.",
            ),
            Alert(
                name="ExplanationMonitorDown",
                expr=either(
                    f"max {_BY} ({up}) == 0",
                    # Targets of one installation are gone while others stay; or there never were any.
                    block(f"group {_BY} ({before})\nunless on ({PLACE})\ngroup {_BY} ({up})"),
                    f"absent_over_time({up}[2d])",
                ),
                severity="critical",
                alert_class="platform",
                whole=True,
                wait="10m",
                summary="No xdrift daemon is being scraped.",
                description="No target of job {{ $labels.job }} answers: nothing is checked and nothing is counted.",
            ),
            Alert(
                name="ExplanationSchedulerStalled",
                expr=f"time() - max {_BY} (xdrift_scheduler_heartbeat_timestamp_seconds) > 300",
                severity="critical",
                alert_class="platform",
                whole=True,
                wait="2m",
                summary="The scheduler does not advance.",
                description="The daemon answers, but its scheduler last beat {{ $value | humanizeDuration }} ago.",
            ),
            Alert(
                name="ExplanationCollectorDown",
                expr=f"max {_BY} (xdrift_collector_up) == 0",
                severity="critical",
                alert_class="platform",
                whole=True,
                wait="5m",
                summary="No daemon can read the store.",
                description="Metrics of monitors end two minutes after the last good read, and slots wait.",
            ),
            Alert(
                name="ExplanationMonitorsAbsent",
                expr=lines(
                    f"max {_BY} (xdrift_collector_up) == 1", f"unless on ({PLACE})", f"max {_BY} (xdrift_monitor_info)"
                ),
                severity="warning",
                alert_class="platform",
                whole=True,
                wait="15m",
                summary="The daemon is up and reads its store, but has no monitors.",
                description="Nothing is watched: the configuration of job {{ $labels.job }} names another store, or "
                "is empty.",
            ),
            Alert(
                name="ExplanationReportFailing",
                expr=either(
                    f"max {_BY} (xdrift_report_deliveries_waiting) > 0",
                    f"max {_BY} (xdrift_report_deliveries_given_up)\n"
                    f"  > min_over_time(max {_BY} (xdrift_report_deliveries_given_up)[1d:5m])",
                ),
                severity="warning",
                alert_class="platform",
                whole=True,
                wait="2h",
                summary="The weekly report is not made or does not arrive.",
                description="Reports, or mails and messages about them, wait for over two hours, or were given up "
                "within a day: the next meeting has none.",
            ),
        ),
    )
