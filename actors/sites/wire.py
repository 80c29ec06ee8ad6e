"""Calls between sites, and between a site and the witness: a method's name and its arguments in a message (`actors.frames`), over
TLS in which both ends show the bank's own certificate. What a call carries of the day book is sealed besides.

    {"do": "book", "call": "append", "with": …}  →      ← what it gives, or the StoreError that it raised"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgpack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actors.book.store import Damaged, Entry, Fenced, Snapshot, Standing, StoreError
from actors.frames import Caller
from actors.identity import files
from actors.sites.folder import Record, Taken
from actors.sites.receiver import Astray, Away
from actors.sites.witness import Configuration, NotYours, WrongClock

CERTIFICATE = "sites.pem"
REFUSALS: Mapping[str, type[StoreError]] = {
    "fenced": Fenced, "astray": Astray, "wrong_clock": WrongClock, "not_yours": NotYours, "damaged": Damaged, "store": StoreError,
}  # fmt: skip
_YEARS = 30
_CARRIED: dict[str, Any] = {kind.__name__: kind for kind in (Configuration, Entry, Record, Snapshot, Standing, Taken)}
_EXTENSION = 1
_BYTES_A_S = 1 << 20
"""The slowest line that is waited for."""


class Address(NamedTuple):
    """Where somebody listens."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Address:
        """From `HOST:PORT`. ValueError where it is not that."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= 65_535:
            raise ValueError(f"{text!r} is no address; right is HOST:PORT")
        return cls(host.strip("[]"), int(port))


def packed(value: Any) -> bytes:
    """Arguments or what a call gives, as a message carries them."""
    content: bytes = msgpack.packb(value, default=_as_extension, strict_types=True)
    return content


def unpacked(content: bytes) -> Any:
    """What was packed; sequences are tuples."""
    return msgpack.unpackb(content, ext_hook=_from_extension, use_list=False, strict_map_key=False)


def _as_extension(value: Any) -> Any:
    if type(value) is tuple:
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return msgpack.ExtType(_EXTENSION, packed([type(value).__name__, *value]))


def _from_extension(_: int, content: bytes) -> Any:
    name, *fields = unpacked(content)
    return _CARRIED[name](*fields)


class Far:
    """What stands at another place; its methods are called by their names. Each raises Away where no answer comes in time, and
    what the far end raised."""

    def __init__(self, name: str, do: str, caller: Caller, patience_s: float) -> None:
        """`do`: what is called there, the "book" or the "witness"; `patience_s`: how long an answer is waited for, and besides as
        long as what is sent takes on a slow line."""
        self._name, self._do, self._caller, self._patience_s = name, do, caller, patience_s

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._call, method)

    def _call(self, method: str, *arguments: Any) -> Any:
        content = packed(arguments)
        try:
            said = self._caller.call(
                {"do": self._do, "call": method, "with": content}, self._patience_s + len(content) / _BYTES_A_S
            )
        except OSError as error:
            raise Away(f"{self._name} does not answer: {error}") from None
        if "no" in said:
            raise REFUSALS.get(said["no"], Away)(said["why"])
        return unpacked(said["ok"])


def called(what: Any, message: Mapping[str, Any], methods: frozenset[str]) -> bytes:
    """Does at the far end what a call asks for; only one of `methods`."""
    if message["call"] not in methods:
        raise StoreError(f"there is nothing to call {message['call']!r}")
    return packed(getattr(what, message["call"])(*unpacked(message["with"])))


def make_certificate(folder: Path) -> None:
    """Makes the key and the certificate by which a bank's sites know each other, in a file for its owner's eyes."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lendrill sites")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    files.create(folder / CERTIFICATE, content)


def tls(folder: Path, server: bool) -> ssl.SSLContext:
    """TLS in which both ends show the certificate of `folder`, and accept no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / CERTIFICATE)
    context.load_verify_locations(folder / CERTIFICATE)
    return context


def over_tls(address: Address, context: ssl.SSLContext) -> Callable[[float], socket.socket]:
    """How to reach who listens at an address."""

    def connect(patience_s: float) -> socket.socket:
        plain = socket.create_connection(address, patience_s)
        try:
            return context.wrap_socket(plain)
        except OSError:
            plain.close()
            raise

    return connect
