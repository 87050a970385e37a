"""The drift engine: pure numpy and scipy. Attributions in, findings and a verdict out.

No I/O, no clock, no global random state: the same arrays always give the same answer, in the daemon,
in a one-shot check, in a CI gate and in a library call.
"""

from monitor.drift.assess import Part, ViewResult, assess
from monitor.drift.calibrate import noise_bounds
from monitor.drift.canary import canary
from monitor.drift.catalogue import TESTS, DriftTest
from monitor.drift.compare import Comparison, compare
from monitor.drift.decompose import decompose
from monitor.drift.facts import Facts
from monitor.drift.gaps import served_gap
from monitor.drift.groups import Groups, check_groups, find_groups, group_sums, settle
from monitor.drift.inputs import InputDrift, input_drift, input_profile
from monitor.drift.judge import Judgement, judge
from monitor.drift.lesser import LABEL as LESSER
from monitor.drift.lesser import lend, lesser, lesser_sum
from monitor.drift.measure import Measurement, measure
from monitor.drift.prepare import Prepared, prepare
from monitor.drift.profiles import attribution_profiles
from monitor.drift.ranking import model_numbers
from monitor.drift.season import in_season, same_season
from monitor.drift.segments import Chosen, Segments, choose_segments, measure_segments
from monitor.drift.served import LoggedRow, Served
from monitor.drift.shift import CommonShift, common_shift, prediction_shift

__all__ = [
    "LESSER",
    "TESTS",
    "Chosen",
    "CommonShift",
    "Comparison",
    "DriftTest",
    "Facts",
    "Groups",
    "InputDrift",
    "Judgement",
    "LoggedRow",
    "Measurement",
    "Part",
    "Prepared",
    "Segments",
    "Served",
    "ViewResult",
    "assess",
    "attribution_profiles",
    "canary",
    "check_groups",
    "choose_segments",
    "common_shift",
    "compare",
    "decompose",
    "find_groups",
    "group_sums",
    "in_season",
    "input_drift",
    "input_profile",
    "judge",
    "lend",
    "lesser",
    "lesser_sum",
    "measure",
    "measure_segments",
    "model_numbers",
    "noise_bounds",
    "prediction_shift",
    "prepare",
    "same_season",
    "served_gap",
    "settle",
]
