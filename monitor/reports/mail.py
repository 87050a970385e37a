"""The week by mail: a summary as text and HTML, the report as a zip beside it. One mail per recipient."""

from __future__ import annotations

import hashlib
import io
import smtplib
import socket
import ssl
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from monitor.deadline import Deadline
from monitor.errors import PublishError, RefusedError
from monitor.settings import MailSettings

ATTACHED_AT_MOST = 10 * 2**20
"""Bytes of the zip; many servers take no larger mail. Beyond it the mail says where the files are."""
SENT_WITHIN = timedelta(minutes=5)
"""One mail as a whole, however slowly the server talks; `timeout` of the settings is of each step."""
_DATE = (2000, 1, 1, 0, 0, 0)
"""Of every file in the zip, so that equal reports give equal bytes."""


def digest(recipient: str) -> str:
    """What stands for an address where it need not be seen."""
    return hashlib.sha256(recipient.lower().encode()).hexdigest()[:12]


def compose(
    settings: MailSettings,
    recipient: str,
    *,
    subject: str,
    text: str,
    html: str,
    week: str,
    files: Iterable[Path],
    now: datetime,
) -> EmailMessage:
    """One mail. Its Message-ID follows from week and recipient: whoever gets it twice sees it once."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(subject.split())
    mail["From"] = settings.sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["Message-ID"] = f"<xdrift-weekly-{week}-{digest(recipient)}@{settings.sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    packed = _packed(files)
    mail.set_content(text if packed else f"{text}\nThe files are too large for a mail: look into the directory.\n")
    mail.add_alternative(html, subtype="html")
    if packed:
        mail.add_attachment(packed, maintype="application", subtype="zip", filename=f"weekly-{week}.zip")
    return mail


def send(settings: MailSettings, mail: EmailMessage, recipient: str) -> None:
    """Hand one mail to the server, encrypted and its certificate checked unless `security` is none.

    Raises RefusedError when the server will never take it for this recipient (5xx), else PublishError. Errors hold no
    address and no password.
    """
    thing = f"mail through {settings.host}:{settings.port}"
    try:
        with _session(settings) as server:
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password)
            server.send_message(mail, from_addr=settings.sender, to_addrs=[recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        kind = RefusedError if code >= 500 else PublishError  # RFC 5321: 5yz is permanent
        raise kind(thing, seen=f"recipient refused, answer {code}", expected="an accepted recipient") from None
    except smtplib.SMTPAuthenticationError as error:
        raise PublishError(
            thing, seen=f"login refused, answer {error.smtp_code}", expected="an accepted user and password",
            hint="look at reports.mail.user and password",
        ) from None  # fmt: skip
    except smtplib.SMTPNotSupportedError:
        raise PublishError(
            thing, seen="no STARTTLS, or no login, on this port", expected=f"what security: {settings.security} needs",
            hint="look at reports.mail.port and security",
        ) from None  # fmt: skip
    except smtplib.SMTPResponseException as error:
        raise PublishError(thing, seen=f"answer {error.smtp_code}", expected="an accepted mail") from None
    except smtplib.SMTPServerDisconnected:  # smtplib tells both alike
        raise PublishError(thing, seen="connection ended, or no answer in time", expected="an accepted mail") from None
    except smtplib.SMTPException as error:
        raise PublishError(thing, seen=type(error).__name__, expected="an accepted mail") from None
    except ssl.SSLError as error:
        raise PublishError(
            thing,
            seen=f"TLS failed: {error.reason or 'no reason given'}",
            expected="a certificate that is trusted here",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
        seen = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
        raise PublishError(thing, seen=seen, expected="a mail server that answers") from None


class _Session(smtplib.SMTP):
    """A conversation that is over by its deadline; encrypted from the first byte where `security` is tls."""

    def __init__(self, settings: MailSettings) -> None:
        each = settings.timeout.total_seconds()
        self._deadline = Deadline(SENT_WITHIN.total_seconds(), each=each)
        self.context = self._deadline.tls()
        self._at_once = settings.security == "tls"
        super().__init__(settings.host, settings.port, timeout=each)

    def _get_socket(self, host: str, port: int, *_: float) -> socket.socket:
        """What SMTP_SSL replaces as well; there is no public hook."""
        sock = self._deadline.connect((host, port))
        return self.context.wrap_socket(sock, server_hostname=host) if self._at_once else sock


def _session(settings: MailSettings) -> _Session:
    """A session, encrypted before anything is said in it."""
    server = _Session(settings)
    if settings.security == "starttls":
        try:
            server.starttls(context=server.context)
        except BaseException:
            server.close()
            raise
    return server


def _packed(files: Iterable[Path]) -> bytes:
    """The HTML files as a zip; empty when it would be too large or there is none."""
    pages = sorted(path for path in files if path.suffix == ".html")
    root = next((path.parent for path in pages if path.stem == "index"), None)
    if root is None:
        return b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in pages:
            entry = zipfile.ZipInfo(str(path.relative_to(root)), _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    found = buffer.getvalue()
    return found if len(found) <= ATTACHED_AT_MOST else b""
