import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduit_async.check import check
from conduit_async.config import BreakingLevel, Config
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.setting_values import DEFAULTS, KEYS
from conduit_async.settings import read_settings
from conduit_async.source import Source


def read(text: str, path: str = "conduit.toml") -> tuple[Config | None, list[str]]:
    problems = Problems()
    config = read_settings(Source(path, text), problems)
    return config, [f"{d.code} {d.span.line} {d.message}" for d in problems.sorted()]


def test_everything_that_can_be_set() -> None:
    config, problems = read(
        """
        sources = ["resources"]
        out = "app/jobs"
        connection = "async"
        schema = "work"
        prefix = "shop"
        externs = ["tenant"]
        sensitive = ["password_hash", "User.email"]

        [tables]
        User = "accounts"

        [defaults]
        queue = "bulk"
        priority = "high"
        max_attempts = 7
        backoff = "constant"
        base = "5.minutes"
        timeout = "10.minutes"
        concurrency = 5
        rate_limit = 100
        per = "1.hour"
        """
    )
    assert not problems
    assert config == Config(
        sources=("resources",),
        out="app/jobs",
        connection="async",
        schema="work",
        prefix="shop",
        externs=("tenant",),
        tables={"User": "accounts"},
        sensitive=("password_hash", "User.email"),
        defaults={
            "queue": "bulk",
            "priority": 75,
            "max_attempts": 7,
            "backoff": "constant",
            "base": 300.0,
            "timeout": 600.0,
            "concurrency": 5,
            "rate_limit": 100,
            "per": 3600.0,
        },
    )


def test_a_pyproject_counts_only_with_our_table() -> None:
    assert read("[tool.black]\n", "some/pyproject.toml") == (None, [])
    assert read("[tool.conduit\n", "some/pyproject.toml")[1]
    assert read("[broken\n", "some/pyproject.toml") == (None, [])
    config, problems = read('[tool.conduit]\nout = "jobs"\n', "pyproject.toml")
    assert config == Config(out="jobs")
    assert not problems


def test_an_unknown_key_is_an_error_with_a_suggestion() -> None:
    problems = Problems()
    read_settings(Source("conduit.toml", 'out = "x"\n\nsource = ["a"]\n'), problems)
    (found,) = problems.sorted()
    assert (found.code, found.span.text, found.span.line) == ("VAL511", "source", 3)
    assert found.hint == "did you mean `sources`?"


@pytest.mark.parametrize(
    "line",
    [
        "out = 3",
        'out = ""',
        "sources = [1]",
        'connection = "threads"',
        'tables = ["a"]',
        "tables = { User = 1 }",
        'sensitive = ["a b"]',
        "defaults = 1",
        "defaults = { priority = 101 }",
        "defaults = { priority = true }",
        "defaults = { max_attempts = 0 }",
        'defaults = { timeout = "soon" }',
        "defaults = { timeout = -1 }",
        "defaults = { timeout = inf }",
        'defaults = { backoff = "expo" }',
        "defaults = { base = 0 }",
        "defaults = { concurrency = 0 }",
        "defaults = { rate_limit = 2.5 }",
        "defaults = { rate_limit = 1, per = 1e9 }",
        "defaults = { per = 60 }",
        'defaults = { queue = "a\\u0000b" }',
    ],
)
def test_a_bad_value_is_an_error_at_its_key(line: str) -> None:
    _, problems = read(f"\n{line}\n")
    assert len(problems) == 1
    assert problems[0].startswith("VAL512 2 ")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30", 30.0), ("1.5", 1.5), ('"45s"', 45.0), ('"2 hours"', 7200.0), ('"1.day"', 86_400.0)],
)
def test_durations(written: str, seconds: float) -> None:
    config, problems = read(f"[defaults]\ntimeout = {written}\n")
    assert not problems
    assert config is not None
    assert config.defaults == {"timeout": seconds}


def test_text_that_is_no_toml_is_one_clear_error() -> None:
    _, problems = read('out = "x"\nout = \n')
    assert problems == ["VAL510 2 this is not valid TOML: Invalid value"]
    _, problems = read("a = [")
    assert len(problems) == 1


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    read(text)
    read(f"[tool.conduit]\n{text}", "pyproject.toml")


def test_wrong_names_in_the_configuration_are_warned_about() -> None:
    text = 'sensitive = ["Post.secrt", "titel", "Usr.x", "far"]\ntables = { Pots = "x", Far = "y" }'
    problems = Problems()
    config = read_settings(Source("conduit.toml", text), problems)
    assert config is not None
    source = Source("post.conduit", "resource Post { id: int! title: string! secret: string! }")
    check([parse(source, problems)], config, problems)
    found = [(d.code, d.severity, d.span.text, d.hint) for d in problems.sorted()]
    nothing = "no value is withheld for it: correct the name, or remove it"
    assert found == [
        ("VAL513", "warning", "Post.secrt", "did you mean `Post.secret`?"),
        ("VAL513", "warning", "titel", "did you mean `title`?"),
        ("VAL513", "warning", "Usr", nothing),
        ("VAL513", "warning", "far", nothing),
        ("VAL513", "warning", "Pots", "did you mean `Post`?"),
    ]


def test_the_page_about_the_configuration_shows_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/configuration.md").read_text("utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(examples) > 3
    for example in examples:
        config, problems = read(example, "pyproject.toml")
        assert config is not None
        assert not problems
    keys = {*KEYS, *DEFAULTS}
    for name in keys:
        assert re.search(rf"^(?:\[+tool\.conduit\.)?{name}(?: =|\])", examples[0], re.MULTILINE)


def test_levels_of_breaking_changes() -> None:
    config, problems = read(
        """
        [[breaking]]
        rule = "BRK123"
        reason = "drained by hand"

        [[breaking]]
        rule = "BRK101"
        job = "post.after_create.email_send"
        level = "either"
        reason = "it is empty"
        """
    )
    assert not problems
    assert config is not None
    assert config.breaking == (
        BreakingLevel("BRK123", "drained by hand"),
        BreakingLevel("BRK101", "it is empty", "post.after_create.email_send", "either"),
    )
    table = '[tool.conduit.breaking]\nrule = "BRK123"\nreason = "so"\n'
    config, problems = read(table, "pyproject.toml")
    assert config == Config(breaking=(BreakingLevel("BRK123", "so"),))
    assert not problems


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            'rule = "BRK999"\nreason = "a"',
            "and `BRK999` is none: `conduitc explain` lists all",
        ),
        ('rule = "VAL512"\nreason = "a"', "and `VAL512` is none"),
        ("rule = 1", "and `1` is none"),
        ('rule = "BRK101"', "that of BRK101 needs a string as `reason`"),
        ('rule = "BRK101"\nreason = " "', "that of BRK101 needs a string as `reason`"),
        ('rule = "BRK101"\nreason = "a"\njob = 1', "that of BRK101 needs a string as `job`"),
        ('rule = "BRK101"\nreason = "a"\nlevel = "off"', "the `level` of BRK101 one of ignore, "),
        ('rule = "BRK101"\nreason = "a"\nlevel = []', "the `level` of BRK101 one of ignore, "),
        ('reason = "a"', "a list of tables with `rule` and `reason`"),
        ('rule = "BRK101"\nreason = "a"\nfield = "b"', "a list of tables with `rule` and `reason`"),
    ],
)
def test_a_wrong_level(entry: str, message: str) -> None:
    config, problems = read(f"[[breaking]]\n{entry}\n")
    (problem,) = problems
    assert problem.startswith("VAL512 1 `breaking` must be ")
    assert message in problem
    assert config == Config()


def test_levels_that_are_no_list() -> None:
    assert read("breaking = 1")[1][0].startswith("VAL512 1 `breaking` must be a list of tables")
