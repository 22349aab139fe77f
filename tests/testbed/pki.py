"""Certificates of the testbed's own authorities: short-lived, and worth nothing elsewhere."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DAYS = 30
_BACKDATED = dt.timedelta(days=60)
"""Long enough before now that a certificate which expired yesterday was valid once."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A private key and its certificate, both PEM."""

    key: bytes
    certificate: bytes

    def write(self, key_file: Path, certificate_file: Path) -> None:
        """Write both; the key is readable for the owner alone."""
        key_file.touch(mode=0o600)
        key_file.write_bytes(self.key)
        certificate_file.write_bytes(self.certificate)


class CertificateAuthority:
    """An authority that signs certificates for tests.

    Args:
        common_name: Its name.

    Attributes:
        certificate: Its own certificate, PEM.
    """

    def __init__(self, common_name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name)
        public = self._key.public_key()
        self._certificate = (
            _builder(name, name, _DAYS)
            .public_key(public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def credential(self) -> Credential:
        """The authority's own key and certificate."""
        return Credential(_pem(self._key), self.certificate)

    def issue(
        self,
        common_name: str,
        *,
        organization: str | None = None,
        addresses: Sequence[str] = (),
        names: Sequence[str] = (),
        days: int = _DAYS,
    ) -> Credential:
        """Sign a certificate that serves both ends of a connection.

        Args:
            common_name: Whose it is.
            organization: A group that the name belongs to, as Kubernetes reads it.
            addresses: IP addresses it is valid for as a server.
            names: DNS names it is valid for as a server.
            days: How long it is valid from now on; negative for one that has expired.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives: list[x509.GeneralName] = [
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
            *(x509.DNSName(name) for name in names),
        ]
        builder = (
            _builder(_name(common_name, organization), self._certificate.subject, days)
            .public_key(key.public_key())
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        signed = builder.sign(self._key, hashes.SHA256())
        return Credential(_pem(key), signed.public_bytes(serialization.Encoding.PEM))


def new_key() -> tuple[bytes, bytes]:
    """Return a fresh private key and its public key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _pem(key), key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _builder(subject: x509.Name, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
