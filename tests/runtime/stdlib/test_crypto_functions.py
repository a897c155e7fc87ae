"""`Crypto` and `Random`."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from conduit_runtime.stdlib import Crypto, Random
from hypothesis import given, settings
from hypothesis import strategies as st

FAST_BCRYPT = "$2b$04$Cuc3wV0hqxb9aIMLJkDituPi87mb4rcpTGjA6sW/MzX98/sxPwEBW"
SHA256 = hashlib.sha256("é".encode()).hexdigest()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "blake2b"])
def test_a_digest_is_that_of_the_utf8_bytes(algorithm: Any) -> None:
    digest = Crypto.hash("é", algorithm)
    assert digest == hashlib.new(algorithm, "é".encode()).hexdigest()
    assert Crypto.compare(digest, "é")
    assert Crypto.compare(digest.upper(), "é")
    assert not Crypto.compare(digest, "e")


@pytest.mark.parametrize(("algorithm", "prefix"), [("bcrypt", "$2b$"), ("argon2", "$argon2id$")])
def test_a_password_hash_is_salted(algorithm: Any, prefix: str) -> None:
    first, second = Crypto.hash("sécret", algorithm), Crypto.hash("sécret", algorithm=algorithm)
    assert first != second
    assert first.startswith(prefix)
    assert Crypto.compare(first, "sécret")
    assert not Crypto.compare(second, "secret")


def test_the_default_algorithm_is_sha256() -> None:
    assert Crypto.hash("é") == SHA256


@pytest.mark.parametrize(
    ("hash", "data"),
    [
        (None, "a"), (SHA256, None), (5, "a"), (SHA256, 5), ("", ""), ("x", "x"), ("é", "é"),
        ("$2b$", "a"), ("$argon2id$broken", "a"), (FAST_BCRYPT, "Secret"), (FAST_BCRYPT, "a" * 73),
        (FAST_BCRYPT, "secret\0"), (SHA256, "\ud800"), (FAST_BCRYPT + "é", "secret"),
    ],
)  # fmt: skip
def test_compare_never_raises(hash: object, data: object) -> None:
    assert Crypto.compare(hash, data) is False


def test_compare_reads_foreign_hashes() -> None:
    assert Crypto.compare(FAST_BCRYPT, "secret")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_decrypt_gives_what_encrypt_was_given(data: str) -> None:
    encrypted = Crypto.encrypt(data, "a key")
    assert re.fullmatch(r"v1\.[A-Za-z0-9_=-]+", encrypted)
    assert Crypto.decrypt(encrypted, "a key") == data


def test_encryption_differs_each_time() -> None:
    assert Crypto.encrypt("a", "k") != Crypto.encrypt("a", "k")


def test_any_changed_byte_is_noticed() -> None:
    content = base64.urlsafe_b64decode(Crypto.encrypt("secret", "k").removeprefix("v1."))
    # a changed salt needs another key, which is slow to derive: try only one byte of the salt
    for position in [0, *range(16, len(content))]:
        changed = bytearray(content)
        changed[position] ^= 1
        with pytest.raises(Exception, match="the key is wrong, or the data was changed"):
            Crypto.decrypt(f"v1.{base64.urlsafe_b64encode(changed).decode()}", "k")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Crypto.decrypt(Crypto.encrypt("a", "k"), "l"), "the key is wrong"),
        (lambda: Crypto.decrypt("a", "k"), r"Crypto\.decrypt: the data was not made"),
        (lambda: Crypto.decrypt("v1.AAAA", "k"), "the data was not made"),
        (lambda: Crypto.decrypt("v1.é", "k"), "the data was not made"),
        (lambda: Crypto.encrypt("a", ""), r"Crypto\.encrypt: the key is empty"),
        (lambda: Crypto.encrypt("\ud800", "k"), "lone surrogate"),
        (lambda: Crypto.encrypt(None, "k"), r"Crypto\.encrypt: `data` must be a string, not nil"),  # type: ignore[arg-type]
        (lambda: Crypto.hash("a", "md5"), r"Crypto\.hash: there is no algorithm 'md5'"),  # type: ignore[arg-type]
        (lambda: Crypto.hash("a" * 73, "bcrypt"), "bcrypt takes at most 72 bytes"),
        (lambda: Crypto.hash(None), r"Crypto\.hash: `data` must be a string, not nil"),  # type: ignore[arg-type]
        (lambda: Random.int(2, 1), r"Random\.int: `min` is 2, more than `max`, 1"),
        (lambda: Random.int(1.5, 2), r"Random\.int: `min` must be an int, not a float"),  # type: ignore[arg-type]
        (lambda: Random.float(float("nan"), 1), r"Random\.float: `min` is nan"),
        (lambda: Random.float(0, float("inf")), "the range from `min` to `max` is not finite"),
        (lambda: Random.hex(-1), r"Random\.hex: `length` is -1, less than 0"),
    ],
)
def test_bad_argument(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        call()
    assert type(caught.value).__name__ == "ArgumentError"


def test_errors_of_decrypt_hold_no_secret() -> None:
    with pytest.raises(Exception, match="the key is wrong") as caught:
        Crypto.decrypt(Crypto.encrypt("plain", "first key"), "second key")
    assert not re.search("plain|first|second", str(caught.value))


@given(st.integers(), st.integers(0, 2**70))
def test_a_random_int_is_in_its_range(least: int, width: int) -> None:
    assert least <= Random.int(least, least + width) <= least + width


def test_both_ends_of_a_range_are_drawn() -> None:
    assert {Random.int(-1, 1) for _ in range(300)} == {-1, 0, 1}


@given(st.floats(-1e300, 1e300), st.floats(0, 1e300))
def test_a_random_float_is_in_its_range(least: float, width: float) -> None:
    assert least <= Random.float(least, least + width) <= least + width


@pytest.mark.parametrize("length", [0, 1, 7, 64])
def test_random_texts_have_their_length(length: int) -> None:
    assert re.fullmatch(rf"[0-9a-f]{{{length}}}", Random.hex(length))
    assert re.fullmatch(rf"[0-9A-Za-z]{{{length}}}", Random.alphanumeric(length))


def test_random_uuids_differ() -> None:
    assert Random.uuid() != Random.uuid()
