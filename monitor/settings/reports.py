"""The weekly report: when it is made, where it goes. Grafana: where dashboards and annotations are pushed to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from monitor.settings.base import Duration, HttpAddress, Strict, Zone

_Address = Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")]


class MailSettings(Strict):
    """A mail server that takes reports."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only for a relay on the same machine: a password is refused with it."""
    user: str | None = None
    password: str | None = None
    """${NAME} stands for a variable or a secret file."""
    sender: _Address
    recipients: tuple[_Address, ...] = Field(min_length=1)
    timeout: Duration = timedelta(seconds=30)
    """Of each step of the conversation; a mail as a whole takes five minutes at most."""

    @model_validator(mode="after")
    def _login(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password are given together or not at all")
        if self.password is not None and self.security == "none":
            raise ValueError("a password would be sent in clear with security: none; use starttls or tls")
        return self


class ReportSettings(Strict):
    """Weekly reports of every monitor and of the fleet, made by the daemon."""

    directory: str
    """Where reports are written, one folder per week."""
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    hour: int = Field(default=6, ge=0, le=23)
    timezone: Zone = "UTC"
    weeks: int = Field(default=26, ge=2, le=520)
    """How far trends look back."""
    evidently: bool = False
    """Add Evidently's own drift sections: seconds and some megabytes per monitor."""
    mail: MailSettings | None = None
    channels: tuple[str, ...] = ()
    """Names of `channels` that are told when a report is there, with its summary."""
    give_up: Duration = timedelta(days=1)
    """A report that cannot be made or delivered for so long is given up, and counted."""

    @property
    def path(self) -> Path:
        return Path(self.directory)


class GrafanaSettings(Strict):
    """Grafana's HTTP API; `server.grafana_url` is what people click on."""

    url: HttpAddress
    token: str | None = None
    """Of a service account that may edit dashboards and annotations; ${NAME} stands for a variable or a secret file."""
    folder: str = Field(default="xdrift", min_length=1)
    annotate: bool = True
    """Mark deployments, references, level changes and maintenance in Grafana."""
    timeout: Duration = timedelta(seconds=10)
    give_up: Duration = timedelta(days=1)
