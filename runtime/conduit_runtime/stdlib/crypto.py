"""`Crypto`."""

import base64
import functools
import hashlib
import hmac
import os
from typing import Annotated, Literal

from ._namespace import ArgumentError, namespace, properties

_VERSION = "v1"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BCRYPT_BYTES = 72


@namespace
class Crypto:
    """Hashes and encryption of strings, which are taken as UTF-8.

    Encryption is AES-256-GCM. Its key is derived from the given one, a text of any length, by
    scrypt (n 2^15, r 8, p 1), with a salt that each process draws anew. The derivation takes some
    tenths of a second, once for each key and salt. `encrypt` returns `v1.` and, in URL-safe base64,
    the salt (16 bytes), the nonce (12) and the ciphertext with its tag.
    """

    @staticmethod
    @properties("method")
    def hash(
        data: str,
        algorithm: Literal["sha256", "sha512", "blake2b", "bcrypt", "argon2"] = "sha256",
    ) -> str:
        """A hash: hexadecimal for a digest, in its own notation for `bcrypt` and `argon2`."""
        content = _bytes("Crypto.hash", data)
        if algorithm in ("sha256", "sha512", "blake2b"):
            return hashlib.new(algorithm, content).hexdigest()
        if algorithm == "bcrypt":
            import bcrypt

            if len(content) > _BCRYPT_BYTES:
                raise ArgumentError(
                    f"Crypto.hash: bcrypt takes at most {_BCRYPT_BYTES} bytes; argon2 takes any"
                )
            return bcrypt.hashpw(content, bcrypt.gensalt()).decode("ascii")
        if algorithm == "argon2":
            import argon2

            return argon2.PasswordHasher().hash(content)
        raise ArgumentError(f"Crypto.hash: there is no algorithm {algorithm!r}")

    @staticmethod
    @properties("method", "never_raises")
    def compare(
        hash: Annotated[object | None, "string?"], data: Annotated[object | None, "string?"]
    ) -> bool:
        """Whether the hash is one of the data, in constant time."""
        if not isinstance(hash, str) or not isinstance(data, str):
            return False
        try:
            return _matches(hash, data.encode())
        except Exception:
            return False

    @staticmethod
    @properties("method")
    def encrypt(data: str, key: str) -> str:
        """The data encrypted, with proof of its origin."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        salt, nonce = _process_salt(os.getpid()), os.urandom(_NONCE_BYTES)
        cipher = AESGCM(_derived(_key("Crypto.encrypt", key), salt))
        sealed = cipher.encrypt(nonce, _bytes("Crypto.encrypt", data), _VERSION.encode())
        return f"{_VERSION}.{base64.urlsafe_b64encode(salt + nonce + sealed).decode('ascii')}"

    @staticmethod
    @properties("method")
    def decrypt(data: str, key: str) -> str:
        """The data that `encrypt` was given."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        salt, nonce, sealed = _opened(data)
        try:
            cipher = AESGCM(_derived(_key("Crypto.decrypt", key), salt))
            return cipher.decrypt(nonce, sealed, _VERSION.encode()).decode()
        except InvalidTag:
            raise ArgumentError(
                "Crypto.decrypt: the key is wrong, or the data was changed"
            ) from None


def _bytes(call: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ArgumentError(f"{call}: the text has a lone surrogate, which UTF-8 lacks") from None


def _key(call: str, key: str) -> bytes:
    if not key:
        raise ArgumentError(f"{call}: the key is empty")
    return _bytes(call, key)


@functools.lru_cache(maxsize=1)
def _process_salt(process: int) -> bytes:
    return os.urandom(_SALT_BYTES)


@functools.lru_cache(maxsize=256)
def _derived(key: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(key, salt=salt, n=2**15, r=8, p=1, maxmem=2**26, dklen=32)


def _opened(data: str) -> tuple[bytes, bytes, bytes]:
    """The salt, the nonce, and the ciphertext with its tag."""
    version, _, encoded = data.partition(".")
    try:
        content = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        content = b""
    if version != _VERSION or len(content) < _SALT_BYTES + _NONCE_BYTES + _TAG_BYTES:
        raise ArgumentError("Crypto.decrypt: the data was not made by `Crypto.encrypt`")
    head = _SALT_BYTES + _NONCE_BYTES
    return content[:_SALT_BYTES], content[_SALT_BYTES:head], content[head:]


def _matches(hash: str, data: bytes) -> bool:
    if hash.startswith("$argon2"):
        import argon2

        return argon2.PasswordHasher().verify(hash, data)
    if hash.startswith("$2"):
        import bcrypt

        return len(data) <= _BCRYPT_BYTES and bcrypt.checkpw(data, hash.encode())
    given = hash.lower().encode()
    results = [
        hmac.compare_digest(given, hashlib.new(algorithm, data).hexdigest().encode())
        for algorithm in ("sha256", "sha512", "blake2b")
    ]
    return any(results)
