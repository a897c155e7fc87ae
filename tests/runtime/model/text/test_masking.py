"""Sensitive values in texts become `[sensitive]`."""

from random import Random

import pytest
from conduit_runtime.model.text.masking import MASK, Masker, mask


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("card 4111222, 41112", {"4111222", "41112"}, f"card {MASK}, {MASK}"),
        ("77 of 770, n77, 77", {"77"}, f"{MASK} of 770, n77, {MASK}"),
        ("abcdefghi", {"abcdef", "defghi"}, MASK),
        ("abcdabcd", {"abcd"}, MASK * 2),
        ("a'b\\n and a\\u00fcbe", {"a'b\n", "aübe"}, f"{MASK} and {MASK}"),
        ("[^-]x]", {"^-]x", "-"}, f"[{MASK}]"),
        ("nothing", {"", "else"}, "nothing"),
    ],
)
def test_values_are_masked(text: str, secrets: set[str], shown: str) -> None:
    assert mask(text, secrets) == shown


def test_no_long_value_and_no_whole_word_stays() -> None:
    random = Random(7)
    for _ in range(3_000):
        letters = random.choice(["ab1 ", "é_1a-", "abcdefghij '\\\n"])
        text, *secrets = (
            "".join(random.choices(letters, k=random.randint(1, size))) for size in (40, 7, 7, 7)
        )
        shown = Masker(secrets).mask(text + secrets[0]).split(MASK)
        assert not [one for one in secrets for part in shown if len(one) > 3 and one in part]
        for secret in secrets:
            assert mask(f"({secret})", [secret]) == f"({MASK})"


def test_a_text_that_would_take_too_long_is_hidden_whole() -> None:
    masker = Masker("a" * size + "b" for size in range(4, 40))
    text = "a" * 1_000 + " end"
    assert masker.mask(text) == text
    assert masker.mask(text, 10_000) == MASK


def test_many_values_are_as_quick_as_few() -> None:
    """What is compared depends on the text, not on the number of values."""
    masker = Masker(f"card-4111-{number:06}" for number in range(4_900))
    text = "card-4111-000007 and card-4111-999999, " * 100
    assert masker.mask(text, 20_000).count(MASK) == 100
