"""Imported by the fork server and by nobody else: importing this loads the compiled kernels, so that every check is
forked from a process that has them. The first time ever on a machine this compiles them, for some ten seconds.
"""

from __future__ import annotations

from monitor import explain

explain.warm()
