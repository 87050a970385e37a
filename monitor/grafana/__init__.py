"""Grafana: dashboards pushed through its API, annotations for what happened to a monitor, files for provisioning.

Nothing here has been run against a Grafana server: requests follow its documented HTTP API (10.4 to 13), and tests hold
them against a server of our own that keeps state and refuses what Grafana refuses.
"""
