"""Create the test certificate that signs the pictures of the local cloud."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SECRET = "craftspark/local/signing"  # noqa: S105 - the name of the secret in the stage's settings
VALIDITY = timedelta(days=365)


def create_test_key(client: Any) -> None:
    """Store a test key in the stage's signing secret, unless the secret exists."""
    with suppress(client.exceptions.ResourceExistsException):
        client.create_secret(Name=SECRET, SecretString=new_signing_secret())


def new_signing_secret() -> str:
    """A signing secret in a stage's format, with a new key and certificates of a new authority that nobody trusts."""
    authority, signer = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    chain = (
        issue_certificate("Craftspark test signer", signer.public_key(), authority, is_authority=False),
        issue_certificate("Craftspark test authority", authority.public_key(), authority, is_authority=True),
    )
    return json.dumps(
        {
            "algorithm": "ed25519",
            "certificates": "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in chain),
            "private_key": signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        }
    )


def issue_certificate(
    subject: str, key: Ed25519PublicKey, authority: Ed25519PrivateKey, *, is_authority: bool
) -> x509.Certificate:
    """A certificate as C2PA requires it: an organization, digital signature as its only key usage, and a purpose."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(distinguished_name(subject))
        .issuer_name(distinguished_name("Craftspark test authority"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(key_usage(is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
    )
    if not is_authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(authority, None)


def key_usage(*, is_authority: bool) -> x509.KeyUsage:
    others: dict[str, Any] = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        decipher_only=False,
        **others,
    )


def distinguished_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Craftspark on this machine"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
