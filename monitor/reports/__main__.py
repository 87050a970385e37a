"""`python -m monitor.reports`: a daemon's child that writes one week's report; its task comes on standard input."""

import sys

from monitor.reports.child import main

raise SystemExit(main(sys.stdin, sys.stdout, sys.stderr))
