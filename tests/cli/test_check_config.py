from __future__ import annotations

from pathlib import Path

import pytest

from monitor import probe_names
from monitor.errors import ConfigError

from .conftest import Xdrift


def test_it_says_when_over_what_and_how_many_rows(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("check-config")

    assert ran.code == 0
    assert "every 1w, next 2024-03-18 00:00, 2024-03-25 00:00, 2024-04-01 00:00 UTC" in ran.out
    assert "1w up to each slot, next 2024-03-11 00:00 to 2024-03-18 00:00 UTC" in ran.out
    assert "up to 1,000 drawn; under 100 the verdict is unknown" in ran.out


def test_the_json_says_the_same(in_service: Path, xdrift: Xdrift) -> None:
    (plan,) = xdrift("check-config", "--json").json["monitors"]

    assert plan["next_slots"][0] == "2024-03-18T00:00:00+00:00"
    assert plan["next_window"] == ["2024-03-11T00:00:00+00:00", "2024-03-18T00:00:00+00:00"]
    assert (plan["rows"], plan["min_rows"]) == (1000, 100)


def test_every_mistake_is_listed_with_file_and_line(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text().replace("path: late_flights.json", "pth: late_flights.json")
    Path("xdrift.yaml").write_text(text.replace("every: 1w", "every: weekly"))
    line = {word: text[: text.index(word)].count("\n") + 1 for word in ("pth:", "every:")}

    ran = xdrift("check-config")

    assert ran.code == 2
    assert ran.out == ""
    assert f"xdrift.yaml:{line['pth:']}: monitors[0].model.pth" in ran.err
    assert f"xdrift.yaml:{line['every:']}: monitors[0].schedule.every" in ran.err
    assert len(xdrift("check-config", "--json").error["violations"]) >= 2


def test_a_probe_goes_on_after_a_part_that_failed(in_service: Path, xdrift: Xdrift) -> None:
    Path("holdout.parquet").unlink()

    ran = xdrift("check-config", "--probe", "--json")

    assert ran.code == 3
    assert [probe["ok"] for probe in ran.json["probes"]] == [True, True, False, True]
    failed = ran.json["probes"][2]
    assert failed["monitor"] == "late-flights"
    assert "holdout.parquet" in failed["error"]
    assert failed["expected"]


def test_people_see_what_to_do_about_a_part_that_failed(in_service: Path, xdrift: Xdrift) -> None:
    Path("late_flights.json").write_text("{}")

    ran = xdrift("check-config", "--probe")

    assert ran.code == 3
    assert "failed  late-flights model:" in ran.out
    assert "ok      late-flights holdout:" not in ran.out  # its columns are the model's features
    assert "next:" in ran.out


def test_an_unreachable_database_is_a_failed_part(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDRIFT_STORE__URL", "postgresql+psycopg://ada:s3cret@127.0.0.1:1/none")

    ran = xdrift("check-config", "--probe", "--json")

    assert ran.code == 3
    assert ran.json["probes"][0]["ok"] is False
    assert "s3cret" not in ran.out + ran.err


def test_the_environment_names_the_file(in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("xdrift.yaml").rename("other.yaml")
    assert xdrift("check-config").code == 2

    monkeypatch.setenv("XDRIFT_CONFIG", "other.yaml")
    assert xdrift("check-config").code == 0
    assert xdrift("check-config", "-c", "xdrift.yaml").code == 2


def test_the_objectives_in_force_are_listed(in_service: Path, xdrift: Xdrift) -> None:
    told = "objectives   freshness 0.99, checks 0.95, drift 0.95, explanations 0.95, over 30d"
    assert told in xdrift("check-config").out

    (plan,) = xdrift("check-config", "--json").json["monitors"]
    assert plan["slo_period"] == "30d"
    assert plan["objectives"] == {"freshness": 0.99, "checks": 0.95, "drift": 0.95, "explanations": 0.95}
    assert plan["warnings"] == []


def test_segments_whose_holdout_has_no_time_are_warned_of(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    segmented = text.replace("prediction: score", "prediction: score\n        segments: [airport]")
    Path("xdrift.yaml").write_text(segmented)
    assert xdrift("check-config", "--json").json["monitors"][0]["warnings"] == []

    timeless = segmented.replace("time: predicted_at", "# time: predicted_at", 1).replace("period: 1d", "# period")
    Path("xdrift.yaml").write_text(timeless)

    ran = xdrift("check-config")
    assert ran.code == 0
    assert "warning" in ran.out
    assert "segments without holdout.time" in ran.out


def test_periods_longer_than_a_window_are_warned_of(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    assert xdrift("check-config", "--json").json["monitors"][0]["warnings"] == []
    longer = text.replace("period: 1d", "period: 1w").replace("every: 1w", "every: 1d")
    Path("xdrift.yaml").write_text(longer)

    (warning,) = xdrift("check-config", "--json").json["monitors"][0]["warnings"]
    assert warning.startswith("holdout.period 1w is longer than the window of a check, 1d: ")
    assert "; next: set holdout.period to 1d" in warning
    (found,) = [one for one in xdrift("doctor", "--json").json["findings"] if one["part"] == "holdout.period"]
    assert (found["state"], "; next: ".join((found["found"], found["next"]))) == ("warn", warning)

    for fits in (text, longer.replace("every: 1d", "every: 1d\n      window: 1w")):
        Path("xdrift.yaml").write_text(fits)
        assert xdrift("check-config", "--json").json["monitors"][0]["warnings"] == []


def test_the_weekly_report_is_told_when_what_and_for_whom(in_service: Path, xdrift: Xdrift) -> None:
    assert "Weekly report" not in xdrift("check-config").out
    assert xdrift("check-config", "--json").json["reports"] is None

    mail = (
        "{host: smtp.internal, user: x, password: s3cret, sender: x@example.org, "
        "recipients: [ada@example.org, bob@example.org]}"
    )
    with Path("xdrift.yaml").open("a") as file:
        file.write(
            "reports: {directory: reviews, weekday: tue, hour: 6, timezone: Europe/Berlin, channels: [chat], "
            f"mail: {mail}}}\nchannels: [{{name: chat, url: 'https://chat.internal/T0KEN'}}]\n"
        )
    ran = xdrift("check-config")

    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "Weekly report of 2024-W10 with trends over 26 weeks: next made 2024-03-12 05:00 UTC by xdrift serve" in said
    assert "for the directory reviews; 2 recipients by mail through smtp.internal:587; channel chat" in said
    told = xdrift("check-config", "--json").json["reports"]
    assert (told["week"], told["at"], told["evidently"]) == ("2024-W10", "2024-03-12T05:00:00+00:00", False)
    assert not {"s3cret", "T0KEN"} & set(ran.out.split())
    assert "s3cret" not in str(told)


def test_a_model_that_did_not_open_is_told_once(in_service: Path, xdrift: Xdrift) -> None:
    Path("late_flights.json").write_text("{}")

    ran = xdrift("check-config", "--probe")
    assert ran.code == 3
    assert ran.out.count("failed") == 1
    assert "xdrift.yaml can be read" in ran.out
    assert "late-flights holdout: not tried" in ran.out

    told = {probe["part"]: probe["ok"] for probe in xdrift("check-config", "--probe", "--json").json["probes"]}
    assert told == {"database": True, "model": False, "holdout": None, "predictions": None}


def test_a_zone_that_is_not_one_gets_the_nearest(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(text.replace("period: 1d", "period: 1d\n      timezone: Europe/Berln"))

    assert "did you mean Europe/Berlin?" in xdrift("check-config").err


def test_a_wrong_id_column_of_the_holdout_is_what_is_to_be_corrected(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(text.replace("id: flight_id", "id: flight", 1))

    failed = xdrift("check-config", "--probe", "--json").json["probes"][2]
    assert failed["next"] == "correct holdout.id"


def kept_back(redact: str, log: str = "", privacy: str = "") -> None:
    text = Path("xdrift.yaml").read_text().rstrip()
    Path("xdrift.yaml").write_text(f"{text}\n    redact: [{redact}]\n{privacy}{log}")


def test_a_misspelt_column_to_keep_back_fails_the_probe_with_the_right_name(in_service: Path, xdrift: Xdrift) -> None:
    kept_back("wind_kph", privacy="    privacy: {mask: [Airport]}\n")

    ran = xdrift("check-config", "--probe", "--json")

    assert ran.code == 3
    failed = ran.json["probes"][-2]
    assert (failed["part"], failed["ok"]) == ("kept back", False)
    assert failed["seen"] == "wind_kph under redact, Airport under privacy.mask"
    assert failed["next"].startswith("did you mean wind_kmh, airport? Until it is corrected, values are stored")
    assert "did you mean wind_kmh" in xdrift("check-config", "--probe").out
    assert {one["part"]: one["state"] for one in xdrift("doctor", "--json").json["findings"]}["kept back"] == "failed"


def test_every_name_that_stands_nowhere_is_told_at_once(in_service: Path, xdrift: Xdrift) -> None:
    kept_back("wind_kph", privacy="    privacy: {mask: [xyzzy, ssn]}\n")

    failed = xdrift("check-config", "--probe", "--json").json["probes"][-2]

    assert failed["error"].startswith("nothing is named wind_kph, xyzzy or ssn")
    assert failed["seen"] == "wind_kph under redact, xyzzy under privacy.mask, ssn under privacy.mask"
    assert failed["next"].startswith("did you mean wind_kmh? ")
    assert "xyzzy, ssn: correct" in failed["next"]


@pytest.mark.parametrize("column", ["nots", "notes", "nte", "not", "Note", "mote"])
def test_a_short_name_with_one_wrong_letter_is_a_misspelt_one(column: str) -> None:
    with pytest.raises(ConfigError, match=r"did you mean note\?"):
        probe_names.verify({"redact": [column]}, {"note", "income"}, harm="values are stored")


@pytest.mark.parametrize("column", ["nits", "V14", "year"])
def test_another_name_is_no_misspelt_one(column: str) -> None:
    _, step = probe_names.verify({"redact": [column]}, {"note", "V15", "hour"}, harm="values are stored")

    assert step is not None


@pytest.mark.parametrize("column", ["ssn", "wind_kmh_raw, wind_kmh"])
def test_a_column_to_keep_back_that_is_nowhere_is_a_warning(in_service: Path, xdrift: Xdrift, column: str) -> None:
    kept_back(column)

    ran = xdrift("check-config", "--probe")

    assert ran.code == 0
    assert "warn    late-flights kept back: no feature" in ran.out
    assert "next:" in ran.out
    assert {one["part"]: one["state"] for one in xdrift("doctor", "--json").json["findings"]}["kept back"] == "warn"


def test_names_are_also_those_of_the_logs_latest_records(in_service: Path, xdrift: Xdrift) -> None:
    record = '{"record_id": "a", "rout": "x", "inputs": {"iban": "DE", "zone": 3}}\n'
    log = "    telemetry: {path: explanations.jsonl, group_by: [%s]}\n"
    Path("explanations.jsonl").write_text('{"gate": 1}\n' * 300 + "{broken\n" + record)
    before = Path("xdrift.yaml").read_text()

    def parts(redact: str, group_by: str) -> dict[str, bool]:
        Path("xdrift.yaml").write_text(before)
        kept_back(redact, log % group_by)
        probes = xdrift("check-config", "--probe", "--json").json["probes"]
        return {one["part"]: one["ok"] and one["next"] is None for one in probes}

    well = parts("iban", "rout, inputs.zone")
    assert (well["kept back"], well["group_by"]) == (True, True)
    assert parts("ibn", "gate")["kept back"] is False
    assert parts("iban", "route")["group_by"] is False


def test_the_default_groups_need_not_be_there(in_service: Path, xdrift: Xdrift) -> None:
    Path("explanations.jsonl").write_text('{"record_id": "a"}\n')
    kept_back("wind_kmh", "    telemetry: {path: explanations.jsonl}\n")

    probes = xdrift("check-config", "--probe", "--json").json["probes"]

    assert [one["part"] for one in probes][-2] == "kept back"


def test_names_are_not_judged_while_the_predictions_are_away(in_service: Path, xdrift: Xdrift) -> None:
    kept_back("wind_kph")
    Path("log.parquet").unlink()

    probes = xdrift("check-config", "--probe", "--json").json["probes"]

    assert (probes[-2]["part"], probes[-2]["ok"]) == ("kept back", None)
    assert "predictions, which did not open" in probes[-2]["found"]
