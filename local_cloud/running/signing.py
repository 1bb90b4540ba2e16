"""The test certificate with which this machine's pictures are signed."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SECRET = "craftspark/local/signing"  # noqa: S105 - its name, as the stage has it
VALID = timedelta(days=365)


def keep_test_key(client: Any) -> None:
    """Put a test key where the stage looks for its own; one that is there already stays."""
    with suppress(client.exceptions.ResourceExistsException):
        client.create_secret(Name=SECRET, SecretString=new_key())


def new_key() -> str:
    """A secret as a stage's owners would keep it, with a new key that a new authority of nobody's trust vouches for."""
    authority, signer = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    chain = (
        certificate("Craftspark test signer", signer.public_key(), authority, is_authority=False),
        certificate("Craftspark test authority", authority.public_key(), authority, is_authority=True),
    )
    return json.dumps(
        {
            "algorithm": "ed25519",
            "certificates": "".join(each.public_bytes(Encoding.PEM).decode() for each in chain),
            "private_key": signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        }
    )


def certificate(
    subject: str, key: Ed25519PublicKey, authority: Ed25519PrivateKey, *, is_authority: bool
) -> x509.Certificate:
    """What C2PA asks of a certificate: an organization, a digital signature alone, and a purpose."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named("Craftspark test authority"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage(is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
    )
    if not is_authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(authority, None)


def usage(*, is_authority: bool) -> x509.KeyUsage:
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


def named(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Craftspark on this machine"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
