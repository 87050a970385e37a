"""A tool for whoever changes the dashboards: run their queries on real servers and look at the panels.

Nothing of this is in the wheel. `grafana.py` fills in variables and macros as Grafana does, `run.py` asks PostgreSQL
and Prometheus, `render.py` draws time series, stats and tables with Grafana's own components in headless Chromium; see
docs/dashboards.md.
"""
