"""The installation itself."""

from __future__ import annotations

from alerts.cases.model import EU, HERE, M1, Case, Series, abroad, checked, daemon, drifted, info, join, on

PLATFORM, DOWN, STALLED = "ExplanationPlatformFailing", "ExplanationMonitorDown", "ExplanationSchedulerStalled"
COLLECTOR, ABSENT, REPORT = "ExplanationCollectorDown", "ExplanationMonitorsAbsent", "ExplanationReportFailing"
STALE, SEVERE = "ExplanationCheckStale", "ExplanationDriftSevere"
_UP, _READ = daemon("up"), daemon("xdrift_collector_up")
_WAITING, _GIVEN_UP = daemon("xdrift_report_deliveries_waiting"), daemon("xdrift_report_deliveries_given_up")
_BEAT = daemon("xdrift_scheduler_heartbeat_timestamp_seconds")


def ran(**monitors: tuple[str, str]) -> Series:
    """Monitor to its checks and how many of them failed, for two reasons."""
    found: Series = {}
    for name, (checks, failed) in monitors.items():
        found[on("xdrift_checks_total", monitor=name)] = checks
        found[on("xdrift_check_failures_total", 'reason="sampling"', monitor=name)] = failed
        found[on("xdrift_check_failures_total", 'reason="data"', monitor=name)] = "0x{n}"
    return found


def pushed(series: Series) -> Series:
    """As a Pushgateway shows it: of no instance."""
    return {key.replace("{", '{instance="", pod="", ', 1): values for key, values in series.items()}


def steady(per_hour: float) -> str:
    """A counter, looked at every five minutes."""
    return f"0+{per_hour / 12:.6g}x{{n}}"


CASES = (
    Case(
        name="most checks of three monitors failing is one page, whatever monitors share",
        interval="5m",
        twins=False,
        series=ran(m1=(steady(6), steady(4)), m2=(steady(6), steady(4)), m3=(steady(6), steady(4))),
        fires=(("1h30m", PLATFORM, EU),),
        told=(
            (
                "1h30m", PLATFORM, HERE,
                "66.67% of checks failed within an hour, of three or more monitors: suspect what they share.",
            ),
        ),
    ),
    Case(
        name="two monitors are not the platform, however many of their checks fail",
        interval="5m",
        twins=False,
        series=ran(m1=(steady(60), steady(30)), m2=(steady(60), steady(30)), m3=(steady(6), "0x{n}"))
        | {on("xdrift_check_failures_total", 'reason="data"', monitor=name): steady(30) for name in ("m1", "m2")}
        # Elsewhere three monitors fail now and then.
        | abroad(ran(**dict.fromkeys(("m1", "m2", "m3"), (steady(60), steady(6))))),
        quiet=(("1h30m", PLATFORM, EU),),
    ),
    Case(
        name="a third of all checks for one reason and a third for another are most of them",
        interval="5m",
        twins=False,
        series=ran(**dict.fromkeys(("m1", "m2", "m3"), (steady(6), steady(2))))
        | {on("xdrift_check_failures_total", 'reason="data"', monitor=name): steady(2) for name in ("m1", "m2", "m3")},
        fires=(("1h30m", PLATFORM, EU),),
    ),
    Case(
        name="a third of all checks is not most of them",
        interval="5m",
        twins=False,
        series=ran(m1=(steady(6), steady(2)), m2=(steady(6), steady(2)), m3=(steady(6), steady(2))),
        quiet=(("1h30m", PLATFORM, EU),),
    ),
    Case(
        name="four checks within an hour are too few to tell",
        interval="5m",
        twins=False,
        series=ran(m1=(steady(1.4), steady(1.4)), m2=(steady(1.4), steady(1.4)), m3=(steady(1.4), steady(1.4)))
        # Elsewhere many are run.
        | abroad(ran(m1=(steady(60), "0x{n}"))),
        quiet=(("2h30m", PLATFORM, EU),),
    ),
    Case(
        name="eight checks within an hour are not, and they are over an hour later",
        interval="5m",
        twins=False,
        series=ran(**dict.fromkeys(("m1", "m2", "m3"), ("0+0.225x24 5.4x{n}", "0+0.225x24 5.4x{n}"))),
        fires=(("2h", PLATFORM, EU), ("2h15m", PLATFORM, EU)),
        quiet=(("3h5m", PLATFORM, EU),),
    ),
    Case(
        name="five checks within an hour are enough",
        interval="5m",
        twins=False,
        series=ran(m1=("0x6 2x{n}", "0x6 2x{n}"), m2=("0x6 2x{n}", "0x6 2x{n}"), m3=("0x6 1x{n}", "0x6 1x{n}")),
        fires=(("1h", PLATFORM, EU), ("1h20m", PLATFORM, EU)),
    ),
    Case(
        name="four whole checks within an hour are not enough",
        interval="5m",
        twins=False,
        series=ran(m1=("0x6 2x{n}", "0x6 2x{n}"), m2=("0x6 1x{n}", "0x6 1x{n}"), m3=("0x6 1x{n}", "0x6 1x{n}")),
        quiet=(("1h", PLATFORM, EU),),
    ),
    Case(
        name="exactly half of all checks is not most of them",
        interval="5m",
        twins=False,
        series=ran(**dict.fromkeys(("m1", "m2", "m3"), ("0x6 4x{n}", "0x6 2x{n}"))),
        quiet=(("1h", PLATFORM, EU),),
    ),
    Case(
        name="a restored backup does not hide a failing platform",
        interval="5m",
        twins=False,
        behind=False,
        series=ran(**dict.fromkeys(("m1", "m2", "m3"), ("900+1x6 500+1x{n}", "900+1x6 500+1x{n}"))),
        fires=(("50m", PLATFORM, EU),),
    ),
    Case(
        name="a platform that fails and then goes away goes on paging for what failed within the hour",
        interval="5m",
        twins=False,
        series=ran(**dict.fromkeys(("m1", "m2", "m3"), ("0+1x12 stale", "0+1x12 stale"))),
        fires=(("1h40m", PLATFORM, EU),),
        quiet=(("2h5m", PLATFORM, EU),),
    ),
    Case(
        name="failures must be of the same hour, and of three monitors in it",
        interval="5m",
        twins=False,
        series=ran(
            m1=("0+5x{n}", "0+5x6 30x{n}"), m2=("0+5x{n}", "0+5x6 30x{n}"), m3=("0+5x{n}", "0+5x6 30x{n}"),
        ),
        fires=(("40m", PLATFORM, EU),),
        quiet=(("1h10m", PLATFORM, EU), ("1h40m", PLATFORM, EU)),
    ),
    Case(
        name="checks within the hour count while the daemon is away",
        interval="5m",
        twins=False,
        # The last scrape was after an hour.
        series=ran(**dict.fromkeys(("m1", "m2", "m3"), ("0+2x12", "0+2x12"))),
        fires=(("1h35m", PLATFORM, EU),),
        quiet=(("2h5m", PLATFORM, EU),),
    ),
    Case(
        name="of three monitors that fail one failed more than an hour ago",
        interval="5m",
        twins=False,
        series=ran(m1=("0+2x{n}", "0+2x{n}"), m2=("0+2x{n}", "0+2x{n}"), m3=("0x2 3x{n}", "0x2 3x{n}")),
        fires=(("1h", PLATFORM, EU),),
        quiet=(("1h30m", PLATFORM, EU),),
    ),
    Case(
        name="a daemon that no longer answers is a page after ten minutes",
        series={_UP: "1x10 0x10 1x{n}"},
        quiet=(("5m", DOWN, EU), ("19m", DOWN, EU), ("25m", DOWN, EU)),
        fires=(("21m", DOWN, EU),) ,
    ),
    Case(
        name="an installation whose targets are gone is a page, whatever others do",
        series=join(
            {"up{job=\"other\"}": 1, _UP: "1x10"}, abroad({_UP: 1}),
            {'up{cluster="eu", namespace="ml", job="other"}': "1x10"},
        ),
        quiet=(("20m", DOWN, EU), ("32m", DOWN, 'cluster="ap"')),
        fires=(("32m", DOWN, EU),),
        values=(("32m", 'count(ALERTS{alertname="ExplanationMonitorDown", alertstate="firing"})', 2),),
    ),
    Case(
        name="an installation that is gone is remembered for two days, and a job that is gone altogether for ever",
        interval="30m",
        series=join({_UP: "1x1"}, abroad({'up{cluster="eu", namespace="ml", job="xdrift"}': "1x140"})),
        quiet=(("49h30m", DOWN, EU),),
        fires=(("47h", DOWN, EU),),
        values=(
            ("70h", 'count(ALERTS{alertname="ExplanationMonitorDown", alertstate="firing"})', None),
            ("100h", 'count(ALERTS{alertname="ExplanationMonitorDown", alertstate="firing"})', 1),
            ("119h", 'count(ALERTS{alertname="ExplanationMonitorDown", alertstate="firing"})', 1),
        ),
    ),
    Case(
        name="a job that was never scraped is a page, and other jobs are none of ours",
        series={'up{cluster="eu", job="other"}': 0},
        fires=(("12m", DOWN, 'job="xdrift"'),),
        quiet=(("12m", DOWN, 'job="other"'),),
    ),
    Case(
        name="what a Pushgateway repeats ages and drifts like a daemon's, and nobody answers for its job",
        interval="1h",
        # Runs from cron every day, until the third.
        series=join(
            pushed(info(cadence="daily")),
            pushed(checked(success="0x23 86400x23 172800x{n}", interval=86400)),
            pushed(drifted("0x47 2x{n}", "0x47 2x{n}")),
            {'up{cluster="eu", namespace="ml", job="gateway"}': 1},
        ),
        quiet=(("96h", STALE, EU), ("47h", SEVERE, EU), ("96h", DOWN, 'job="gateway"'), ("96h", STALLED, EU),
               ("96h", COLLECTOR, EU), ("96h", ABSENT, EU)),
        fires=(("99h", STALE, M1), ("50h", SEVERE, M1), ("96h", DOWN, 'job="xdrift"')),
        twins=False,
    ),
    Case(
        name="the page on a daemon that is away names its job",
        series={_UP: 0},
        told=(("15m", DOWN, HERE, "No target of job xdrift answers: nothing is checked and nothing is counted."),),
    ),
    Case(
        name="a scheduler that does not beat for five minutes is a page two minutes later",
        behind=False,
        series={_BEAT: "0+60x20 1200x{n}"},
        quiet=(("15m", STALLED, EU), ("27m", STALLED, EU)),
        fires=(("28m", STALLED, EU), ("29m", STALLED, EU)),
        told=(("30m", STALLED, HERE, "The daemon answers, but its scheduler last beat 10m 0s ago."),),
    ),
    Case(
        name="one replica whose scheduler beats is enough",
        series={_BEAT: "0+60x{n}"},
        quiet=(("30m", STALLED, EU),),
    ),
    Case(
        name="a store that nobody can read is a page after five minutes",
        series={_READ: "1x10 0x10 1x{n}"},
        quiet=(("8m", COLLECTOR, EU), ("15m", COLLECTOR, EU), ("25m", COLLECTOR, EU)),
        fires=(("18m", COLLECTOR, EU),),
        told=(
            (
                "18m", COLLECTOR, HERE,
                "Metrics of monitors end two minutes after the last good read, and slots wait.",
            ),
        ),
    ),
    Case(
        name="a daemon without monitors is a ticket after a quarter of an hour",
        series=join({_READ: 1}, info(values="1x10"), abroad(info())),
        quiet=(("8m", ABSENT, EU), ("28m", ABSENT, EU)),
        fires=(("32m", ABSENT, EU),),
        told=(
            (
                "32m", ABSENT, HERE,
                "Nothing is watched: the configuration of job xdrift names another store, or is empty.",
            ),
        ),
    ),
    Case(
        name="a daemon that cannot read its store has an alert of its own",
        series={_READ: 0},
        quiet=(("30m", ABSENT, EU),),
    ),
    Case(
        name="a report that waits for two hours is one ticket",
        interval="5m",
        twins=False,
        series={_WAITING: "1x{n}", _GIVEN_UP: "0x{n}"},
        fires=(("2h5m", REPORT, EU),),
        quiet=(("1h50m", REPORT, EU),),
        told=(
            (
                "2h5m", REPORT, HERE,
                "Reports, or mails and messages about them, wait for over two hours, or were given up within a day: "
                "the next meeting has none.",
            ),
        ),
    ),
    Case(
        name="a report that is made within two hours tells nobody",
        interval="5m",
        twins=False,
        series={_WAITING: "1x20 0x{n}", _GIVEN_UP: "0x{n}"},
        quiet=(("1h40m", REPORT, EU), ("3h", REPORT, EU)),
    ),
    Case(
        name="one that was given up is told for a day, and not for as long as it is on record",
        interval="5m",
        twins=False,
        series={_WAITING: "0x{n}", _GIVEN_UP: "0x12 1x{n}"},
        fires=(("3h5m", REPORT, EU), ("24h", REPORT, EU)),
        quiet=(("2h", REPORT, EU), ("26h", REPORT, EU)),
    ),
    Case(
        name="one more that was given up is news",
        interval="5m",
        twins=False,
        series={_WAITING: "0x{n}", _GIVEN_UP: "1x12 2x{n}"},
        fires=(("3h10m", REPORT, EU), ("24h", REPORT, EU)),
        quiet=(("1h", REPORT, EU), ("26h", REPORT, EU)),
    ),
    Case(
        name="waiting turns into given up without a pause",
        interval="5m",
        twins=False,
        series={_WAITING: "1x18 0x{n}", _GIVEN_UP: "0x18 1x{n}"},
        fires=(("2h5m", REPORT, EU),),
    ),
    Case(
        name="given up long ago, or purged since, is no news",
        interval="5m",
        twins=False,
        series={_WAITING: "0x{n}", _GIVEN_UP: "3x300 2x{n}"},
        quiet=(("24h", REPORT, EU), ("28h", REPORT, EU)),
    ),
)  # fmt: skip
