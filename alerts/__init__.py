"""Prometheus rules of xdrift: the source they are generated from, their tests, routing and runbooks.

`rules.yaml` and `tests/*.yaml` are generated (`python -m alerts`) and committed; tests generate them again and compare.
"""
