"""`xdrift drill`: would this monitor tell me, how soon, which feature would it name, which cause?

One incident is put into a copy of the monitor's latest windows and run through the pipeline that the daemon runs. The
real store is read for the reference and never written.
"""

from monitor.drill.kinds import KINDS, Kind
from monitor.drill.replay import run_drill
from monitor.drill.report import Drill, DrillCheck

__all__ = ["KINDS", "Drill", "DrillCheck", "Kind", "run_drill"]
