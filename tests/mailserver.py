"""A real mail server on loopback that asks for TLS and a login, refuses, or dies, as a test likes."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import free_port

USER, PASSWORD = "reports", "s3cret-mail-password"


class Handler:
    """What came in, and how the next mails are answered."""

    def __init__(self) -> None:
        self.received: list[tuple[str, EmailMessage]] = []
        """(recipient, mail), of those that were accepted and of those after which the server died."""
        self.refuse: dict[str, str] = {}
        """Recipient to the answer it gets."""
        self.answer = "250 OK"
        self.dies_after_data = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        if self.answer.startswith("2"):
            self.received += [(recipient, mail) for recipient in envelope.rcpt_tos]
        if self.dies_after_data:
            server.transport.abort()
        return self.answer

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.received]


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files of a throwaway certificate for 127.0.0.1 and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


def _login(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(
    folder: Path, *, security: str = "starttls", login: bool = False
) -> Iterator[tuple[Handler, int, Path]]:
    """(handler, port, certificate): `security` as in MailSettings; with `login` it asks for USER and PASSWORD."""
    cert_file, key_file = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert_file, key_file)
    handler = Handler()
    options: dict[str, Any] = {}
    if security == "starttls":
        options = {"tls_context": context, "require_starttls": True}
    elif security == "tls":
        options = {"ssl_context": context}
    if login:
        options |= {"authenticator": _login, "auth_required": True, "auth_require_tls": security == "starttls"}
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        assert controller.server is not None
        yield handler, controller.server.sockets[0].getsockname()[1], cert_file
    finally:
        controller.stop()
