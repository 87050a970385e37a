"""Coverage, latency, privacy, where explanations come from, and the log itself."""

from __future__ import annotations

from alerts.cases.model import M1, M2, M3, M4, M5, NAMED, Case, Series, Values, abroad, between, info, join, on, only

ZERO, P95, PRIVACY = "ExplanationCoverageZero", "ExplanationLatencyP95Breach", "ExplanationPrivacyIncident"
FALLBACK, GAP = "ExplanationFallbackRate", "ExplanationOfflineRuntimeGap"
STALE, QUARANTINE = "ExplanationTelemetryStale", "ExplanationTelemetryQuarantine"
_SAYS = "Monitor m1 (model credit version v1)"


def latency(parts: tuple[tuple[int, float, float] | None, ...], *, monitor: str = "m1") -> Series:
    """(minutes, explanations a minute, slow ones a minute), one after the other, as the counters of a monitor.

    At None a backup is restored.
    """
    fast = total = slow = 90_000.0 if None in parts else 0.0
    text: dict[str, list[str]] = {"fast": [], "total": [], "slow": []}
    for part in parts:
        if part is None:
            fast, total, slow = 40_000.0, 50_000.0, 10_000.0
            continue
        minutes, each, late = part
        for name, start, step in (("fast", fast, each - late), ("total", total, each), ("slow", slow, late)):
            text[name].append(f"{start:g}+{step:g}x{minutes - 1}")
        fast, total, slow = fast + (each - late) * minutes, total + each * minutes, slow + late * minutes
    values = {name: " ".join(found) for name, found in text.items()}
    bucket = "xdrift_explanation_duration_seconds_bucket"
    return {
        on(bucket, 'le="0.1"', monitor=monitor): "0x{n}",
        on(bucket, 'le="0.2"', monitor=monitor): values["fast"],
        on(bucket, 'le="0.3"', monitor=monitor): values["total"],
        on(bucket, 'le="+Inf"', monitor=monitor): values["total"],
        on("xdrift_explanation_duration_seconds_count", monitor=monitor): values["total"],
        on("xdrift_explanations_slow_total", monitor=monitor): values["slow"],
    }


def answered(
    predictions: Values, explained: Values | None, *, left_out: Values | None = None, monitor: str = "m1"
) -> Series:
    """`left_out`: by sampling. What is None is no series."""
    found = {
        on("xdrift_predictions_total", monitor=monitor): predictions,
        on("xdrift_predictions_explained_total", monitor=monitor): explained,
        on("xdrift_predictions_unexplained_total", 'reason="sampling"', monitor=monitor): left_out,
    }
    return {key: values for key, values in found.items() if values is not None}


def sources(live: str, fallback: str, approximate: Values = 0, *, monitor: str = "m1") -> Series:
    name = "xdrift_explanation_sources_total"
    return {
        on(name, 'source="live_treeshap"', monitor=monitor): live,
        on(name, 'source="fallback"', monitor=monitor): fallback,
        on(name, 'source="live_approximate"', monitor=monitor): approximate,
    }


def lines(records: Values, torn: Values, other: Values = 0, *, monitor: str = "m1") -> Series:
    name = "xdrift_telemetry_quarantined_total"
    return {
        on("xdrift_telemetry_records_total", monitor=monitor): records,
        on(name, 'reason="torn"', monitor=monitor): torn,
        on(name, 'reason="not_json"', monitor=monitor): other,
    }


def read(*, failures: Values, success: Values, watermark: Values, newest: Values = 0, monitor: str = "m1") -> Series:
    found = {
        "xdrift_telemetry_consecutive_failures": failures,
        "xdrift_telemetry_last_success_timestamp_seconds": success,
        "xdrift_telemetry_watermark_timestamp_seconds": watermark,
        "xdrift_check_interval_seconds": 3600,
        "xdrift_check_newest_row_timestamp_seconds": newest,
    }
    return {on(name, monitor=monitor): values for name, values in found.items()}


def compared(beyond: float, rows: float, *, monitor: str = "m1") -> Series:
    return {
        on("xdrift_offline_runtime_beyond_ratio", monitor=monitor): beyond,
        on("xdrift_offline_runtime_rows", monitor=monitor): rows,
    }


def incidents(values: Values, kind: str = "email", *, monitor: str = "m1") -> Series:
    return {on("xdrift_privacy_incidents_total", f'kind="{kind}"', monitor=monitor): values}


CASES = (
    Case(
        name="coverage that falls to zero pages five minutes later, also where nothing was ever explained",
        series=join(
            info(), answered("0x20 2+2x{n}", 7),
            info("m2"), answered("0x20 2+2x{n}", None, monitor="m2"),
            # One a minute is under 20 in a quarter of an hour.
            info("m3"), answered("0+1x{n}", 0, monitor="m3"),
            # Explained until 1h.
            info("m4"), answered("0+10x{n}", "0+1x60 60x{n}", monitor="m4"),
            # Exactly twenty; elsewhere they are explained.
            info("m5"), answered("0x40 20x{n}", 0, monitor="m5"),
            abroad({on("xdrift_predictions_explained_total", monitor="m5"): "0+20x{n}"}),
        ),
        quiet=(("33m", ZERO, M1), ("1h30m", ZERO, M3), ("1h18m", ZERO, M4)),
        fires=(("36m", ZERO, M1), ("36m", ZERO, M2), ("1h22m", ZERO, M4), ("50m", ZERO, M5)),
    ),
    Case(
        name="a restored backup neither hides zero coverage nor looks like it",
        series=join(
            info(), answered("9000+10x20 5000+10x{n}", "8000x20 4000x{n}"),
            info("m2"), answered("9000+10x20 5000+10x{n}", "8000+5x20 4000+5x{n}", monitor="m2"),
            info("m3"), answered("9000+10x20 5000+10x{n}", 0, left_out="9000+10x20 5000+10x{n}", monitor="m3"),
        ),
        quiet=(("30m", ZERO, M2), ("30m", ZERO, M3)),
        fires=(("30m", ZERO, M1),),
    ),
    Case(
        name="what was explained between the last scrape of one pod and the first of the next is no zero coverage",
        series=join(
            info(), info("m2"),
            *(
                only(pod, join(
                    {on("xdrift_predictions_total", monitor=name): made for name in ("m1", "m2")},
                    {on("xdrift_predictions_explained_total"): made,
                     on("xdrift_predictions_explained_total", monitor="m2"): explained},
                ))
                for pod, made, explained in (
                    ("a", "0+2x10 20x20 stale", "0+2x10 20x20 stale"), ("b", "_x33 60x{n}", "_x33 20x{n}"),
                )
            ),
        ),
        quiet=(("40m", ZERO, M1),),
        fires=(("40m", ZERO, M2),),
        twins=False,
    ),
    Case(
        name="predictions left out by sampling are no zero coverage, and a sample that fails altogether is",
        series=join(
            info(), answered("0+20x{n}", 0, left_out="0+20x{n}"),
            # One in ten was to be explained, and was until half an hour.
            info("m2"), answered("0+20x{n}", "0+2x30 60x{n}", left_out="0+18x{n}", monitor="m2"),
            # One of two hundred a minute: 15 within a quarter of an hour.
            info("m3"), answered("0+200x{n}", 0, left_out="0+199x{n}", monitor="m3"),
            # Other reasons are no sampling.
            info("m4"), answered("0+20x{n}", 0, monitor="m4"),
            {on("xdrift_predictions_unexplained_total", 'reason="disabled"', monitor="m4"): "0+20x{n}"},
            abroad(answered("0+20x{n}", 0, left_out="0+20x{n}", monitor="m4")),
        ),
        quiet=(("1h", ZERO, M1), ("45m", ZERO, M2), ("1h", ZERO, M3)),
        fires=(("55m", ZERO, M2), ("1h", ZERO, M4)),
    ),
    Case(
        name="predictions of a quarter of an hour are judged while the daemon is away",
        twins=False,
        # The last scrape was after 20 minutes. Of m2 sampling left so many out that too few remain; m3 explains.
        series=join(
            info(), answered("0+40x20 stale", "0x20 stale"),
            info("m2"), answered("0+40x20 stale", "0x20 stale", left_out="0+39.5x20 stale", monitor="m2"),
            info("m3"), answered("0+40x20 stale", "0+20x20 stale", monitor="m3"),
        ),
        quiet=(("33m", ZERO, M2), ("33m", ZERO, M3), ("43m", ZERO, M1)),
        fires=(("33m", ZERO, M1), ("38m", ZERO, M1)),
    ),
    Case(
        name="the page on zero coverage counts the predictions",
        series=join(info(), answered("0x20 30x{n}", 0)),
        told=(("30m", ZERO, NAMED, f"{_SAYS}: 30 predictions to explain in 15 minutes, none explained."),),
    ),
    Case(
        name="slow explanations page when 30 and 5 minutes are over, after ten minutes, and end with the short window",
        series=join(
            info(), latency(((40, 100, 0), (60, 100, 10), (40, 100, 0))),
            info("m2"), latency(((140, 100, 4),), monitor="m2"),
            info("m3"), latency(((140, 1.4, 1.4),), monitor="m3"),
            info("m4"), latency(((140, 2, 2),), monitor="m4"),
            # Elsewhere both are slow all the time.
            abroad(latency(((140, 100, 50),))), abroad(latency(((140, 100, 50),), monitor="m3")),
        ),
        quiet=(("1h4m", P95, M1), ("1h43m", P95, M1), ("1h30m", P95, M2), ("1h30m", P95, M3)),
        fires=(("1h7m", P95, M1), ("1h41m", P95, M1), ("1h30m", P95, M4)),
        values=(
            ("1h", f"round(1000 * sum(monitor:xdrift_explanation_duration_seconds:p95_5m{{{M1}}}))", 250),
            ("1h19m", f"round(1000 * sum(monitor:xdrift_explanation_duration_seconds:p95_30m{{{M1}}}))", 250),
            # 20 of these 30 minutes were slow, then 4 of 5, then 2 of 5.
            between("59m", f"monitor:xdrift_explanation_duration_seconds:p95_30m{{{M1}}}", 0.21, 0.235),
            between("1h41m", f"monitor:xdrift_explanation_duration_seconds:p95_5m{{{M1}}}", 0.21, 0.245),
            between("1h43m", f"monitor:xdrift_explanation_duration_seconds:p95_5m{{{M1}}}", 0.15, 0.2),
        ),
    ),
    Case(
        name="a restored backup begins no page on latency, and one that goes on is back after ten minutes",
        series=join(
            info(), latency(((40, 100, 10), None, (40, 100, 10))),
            # Slow for five minutes, and not before.
            info("m2"), latency(((40, 1000, 0), None, (5, 10, 2), (40, 1000, 0)), monitor="m2"),
            abroad(latency(((90, 100, 50),), monitor="m2")),
            # Slow for three minutes: 30 minutes are over, and 5 for seven minutes.
            info("m3"), latency(((30, 20, 0), (3, 100, 100), (5, 100, 0), None, (30, 100, 0)), monitor="m3"),
        ),
        quiet=tuple((at, P95, where) for at in ("41m", "42m", "57m") for where in (M2, M3)),
        fires=tuple((at, P95, M1) for at in ("39m", "55m")),
    ),
    Case(
        name="fifty explanations within half an hour are enough for a page on latency",
        twins=False,
        # All at once; the slow ones among them become known one after the other.
        series=join(info(), latency(((20, 0, 0), (1, 50, 50), (40, 0, 0))))
        | {on("xdrift_explanations_slow_total"): "0x20 1+1x{n}"},
        fires=(("33m", P95, M1),),
    ),
    Case(
        name="what was slow more than half an hour ago makes no page longer",
        series=join(info(), latency(((40, 100, 20), (30, 100, 0), (60, 100, 8)))),
        # 8 % of five minutes since 1 h 14 min, but 4 % of half an hour at 1 h 26 min.
        quiet=(("1h26m", P95, M1),),
        fires=(("35m", P95, M1), ("1h50m", P95, M1)),
    ),
    Case(
        name="a page on latency does not end with the first scrape that is missed",
        twins=False,
        series=join(info(), {key: f"{values} stale" for key, values in latency(((60, 100, 10),)).items()}),
        fires=(("1h2m", P95, M1),),
        quiet=(("1h10m", P95, M1),),
    ),
    Case(
        name="no explanations are no percentile",
        series=join(info(), latency(((140, 0, 0),))),
        values=(("1h", f"sum(monitor:xdrift_explanation_duration_seconds:p95_5m{{{M1}}})", None),
                ("1h", f"sum(monitor:xdrift_explanation_duration_seconds:p95_30m{{{M1}}})", None)),
    ),
    Case(
        name="the page on latency says the percentile",
        series=join(info(), latency(((140, 100, 10),))),
        told=(("20m", P95, NAMED, f"{_SAYS}: 95th percentile 250ms over 30 minutes."),),
    ),
    Case(
        name="personal data pages at once, whatever the counter did before, for two hours",
        interval="5m",
        series=join(
            info(), incidents("3x36 5x{n}"),
            info("m2"), incidents("_x37 1x{n}", monitor="m2"),
            # Old incidents are new to a Prometheus that has just been started, and to no other.
            info("m3"), incidents("4x{n}", monitor="m3"), incidents("0x{n}", "iban", monitor="m3"),
            # A restored backup, and an incident after.
            info("m4"), incidents("9x34 0x1 1x{n}", monitor="m4"),
            # And one that holds incidents of before.
            info("m5"), incidents("9x36 1x{n}", monitor="m5"),
        ),
        quiet=(
            ("3h", PRIVACY, M1), ("3h", PRIVACY, M2), ("3h", PRIVACY, M4), ("3h", PRIVACY, M3), ("4h55m", PRIVACY, M5),
            ("5h15m", PRIVACY, M1), ("5h15m", PRIVACY, M2), ("5h15m", PRIVACY, M4),
        ),
        fires=(
            ("5m", PRIVACY, M3),
            ("3h5m", PRIVACY, f'{M1}, kind="email"'), ("3h5m", PRIVACY, M2), ("3h5m", PRIVACY, M4),
            ("4h55m", PRIVACY, M1), ("4h55m", PRIVACY, M2), ("4h55m", PRIVACY, M4),
        ),
        twins=False,
    ),
    Case(
        name="personal data counted while no daemon was scraped pages afterwards, old data does not",
        interval="5m",
        series=join(
            info(), incidents("5x2 _x32 8x{n}"),
            info("m2"), incidents("5x2 _x32 5x{n}", monitor="m2"),
        ),
        fires=(("2h55m", PRIVACY, M1), ("4h45m", PRIVACY, M1)),
        quiet=(("2h55m", PRIVACY, M2), ("5h", PRIVACY, M1)),
    ),
    Case(
        name="personal data pages for two hours also where the daemon went away after it",
        interval="5m",
        twins=False,
        # Written down after 55 minutes; the last scrape was five minutes later.
        series=join(info(), incidents("0x10 1x1")),
        fires=(("2h40m", PRIVACY, M1),),
        quiet=(("3h", PRIVACY, M1),),
    ),
    Case(
        name="what was known of incidents is held for two days",
        interval="30m",
        series=join(
            info(), incidents("5x1 _x66 8x{n}"),
            info("m2"), incidents("5x1 _x66 5x{n}", monitor="m2"),
            info("m3"), incidents("5x1 _x109 5x{n}", monitor="m3"),
        ),
        fires=(("34h", PRIVACY, M1), ("56h", PRIVACY, M3)),
        quiet=(("34h", PRIVACY, M2),),
    ),
    Case(
        name="the page on personal data says of which kind",
        series=join(info(), incidents("0x10 1x{n}", "card")),
        told=(("15m", PRIVACY, NAMED | {"kind": "card"}, f"{_SAYS}: card in the explanation log."),),
    ),
    Case(
        name="a twentieth of approximate explanations and fallbacks is a ticket after a quarter of an hour",
        interval="5m",
        series=join(
            info(), sources("0+235x{n}", "0+7.5x{n}", "0+7.5x{n}"),
            info("m2"), sources("0+485x{n}", "0+15x{n}", monitor="m2"),
            # 15 within an hour are too few, 30 are not.
            info("m3"), sources("0", "0+1.25x{n}", monitor="m3"),
            info("m4"), sources("0", "0x24 2.5+2.5x11 30x{n}", monitor="m4"),
            info("m5"), sources("0x{n}", "0x24 20x{n}", monitor="m5"),
        ),
        quiet=(
            ("15m", FALLBACK, M1), ("2h", FALLBACK, M2), ("3h", FALLBACK, M3),
            ("2h50m", FALLBACK, M4), ("4h", FALLBACK, M4),
        ),
        fires=(("25m", FALLBACK, M1), ("2h", FALLBACK, M1), ("3h", FALLBACK, M4), ("3h40m", FALLBACK, M4),
               ("2h30m", FALLBACK, M5)),
    ),
    Case(
        name="the ticket on fallbacks says their share",
        series=join(info(), sources("0+9x{n}", "0+1x{n}")),
        told=(("25m", FALLBACK, NAMED, f"{_SAYS}: 10% of explanations within an hour."),),
    ),
    Case(
        name="a twentieth of the rows beyond the tolerance is a ticket, on fifty rows or more",
        behind=False,
        series=join(
            info(), compared(0.08, 50),
            info("m2"), compared(0.03, 500, monitor="m2"),
            info("m3"), compared(0.5, 40, monitor="m3"),
            # Elsewhere there are enough.
            abroad(compared(0.5, 60, monitor="m3")),
        ),
        quiet=(("2m", GAP, M2), ("2m", GAP, M3)),
        fires=(("2m", GAP, M1),),
    ),
    Case(
        name="the ticket on served attributions says how many rows",
        series=join(info(), compared(0.08, 60)),
        told=(("2m", GAP, NAMED, f"{_SAYS}: 8% of the rows of the latest check are beyond the tolerance."),),
    ),
    Case(
        name="a log that cannot be read ten times in a row is a ticket after five minutes",
        series=join(
            info(), read(failures="0x10 12x{n}", success="0+60x{n}", watermark="0+60x{n}"),
            info("m2"), read(failures=10, success="0+60x{n}", watermark="0+60x{n}", monitor="m2"),
            info("m3"), read(failures=9, success="0+60x{n}", watermark="0+60x{n}", monitor="m3"),
        ),
        quiet=(("15m", STALE, M1), ("20m", STALE, M3)),
        fires=(("18m", STALE, M1), ("8m", STALE, M2)),
    ),
    Case(
        name="a log that is not read for an hour, or does not grow while predictions arrive, is a ticket",
        interval="5m",
        series=join(
            info("m2"), read(failures=7, success="0+300x12 3600x{n}", watermark="0+300x{n}", monitor="m2"),
            # The watermark stands at 1h; the newest prediction is of 1 h 11 min, or of 1 h 10 min at the latest.
            info("m3"),
            read(failures=0, success="0+300x{n}", watermark="0+300x12 3600x{n}", newest="0x24 4260x{n}", monitor="m3"),
            info("m4"),
            read(failures=0, success="0+300x{n}", watermark="0+300x12 3600x{n}", newest="0x24 4200x{n}", monitor="m4"),
            # Elsewhere they see some.
            abroad({on("xdrift_check_newest_row_timestamp_seconds", monitor="m4"): 90000,
                    on("xdrift_telemetry_watermark_timestamp_seconds", monitor="m4"): 3600}),
        ),
        quiet=(("1h50m", STALE, M2), ("2h5m", STALE, M2), ("4h5m", STALE, M3), ("5h", STALE, M4)),
        fires=(("2h10m", STALE, M2), ("4h10m", STALE, M3)),
    ),
    Case(
        name="the ticket on the log says what is not watched",
        series=join(info(), read(failures=12, success=0, watermark=0)),
        told=(
            ("10m", STALE, NAMED, f"{_SAYS}: coverage, latency, errors and privacy are not watched meanwhile."),
        ),
    ),
    Case(
        name="a hundredth of unusable lines is a ticket, on ten lines or more",
        interval="5m",
        series=join(
            info(), lines("0+485x{n}", "0+4x{n}", "0+3.5x{n}"),
            info("m2"), lines("0+4970x{n}", "0+30x{n}", monitor="m2"),
            info("m3"), lines(0, "0x12 7x{n}", monitor="m3"),
            info("m4"), lines(0, "0x12 12x{n}", monitor="m4"),
        ),
        quiet=(("2h", QUARANTINE, M2), ("1h30m", QUARANTINE, M3), ("2h40m", QUARANTINE, M4)),
        fires=(("2h", QUARANTINE, M1), ("1h30m", QUARANTINE, M4), ("2h25m", QUARANTINE, M4), ("1h50m", QUARANTINE, M4)),
    ),
    Case(
        name="the share of unusable lines is of all lines within the hour",
        interval="5m",
        # 10 of 1,002, and 10 of 995.
        series=join(
            info(), lines("0x12 992x{n}", "0x12 5x{n}", "0x12 5x{n}"),
            info("m2"), lines("0x12 985x{n}", "0x12 10x{n}", monitor="m2"),
        ),
        quiet=(("1h50m", QUARANTINE, M1),),
        fires=(("1h50m", QUARANTINE, M2),),
    ),
    Case(
        name="what came more than an hour ago makes the share of unusable lines no smaller",
        interval="5m",
        # 10 of 995, or of 795, after 1h45m; at ten minutes 5,000 that were unusable, or 50,000 that were not.
        series=join(
            info(), lines("0x21 985x{n}", "0x1 5000x19 5010x{n}"),
            info("m2"), lines("0x1 50000x19 50785x{n}", "0x21 10x{n}", monitor="m2"),
        ),
        quiet=(("1h45m", QUARANTINE, M1), ("1h45m", QUARANTINE, M2)),
        fires=(("1h55m", QUARANTINE, M1), ("1h55m", QUARANTINE, M2)),
    ),
    Case(
        name="what was counted within the hour is judged while the daemon is away",
        interval="5m",
        twins=False,
        # The last scrape was after an hour. Both tickets stay for half an hour, and end an hour and a half after it.
        series=join(info(), lines("0+100x12", "0+10x12", "0x12"), sources("0+100x12", "0+20x12")),
        fires=(("2h15m", QUARANTINE, M1), ("2h15m", FALLBACK, M1)),
        quiet=(("2h40m", QUARANTINE, M1), ("2h40m", FALLBACK, M1)),
    ),
    Case(
        name="the ticket on unusable lines says their share",
        series=join(info(), lines("0+9x{n}", "0+1x{n}")),
        told=(("20m", QUARANTINE, NAMED, f"{_SAYS}: 10% of lines within an hour."),),
    ),
)  # fmt: skip
