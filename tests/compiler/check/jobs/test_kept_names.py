"""An unnamed block keeps the name of its job type, as long as it is clear which type it was."""

import re

import pytest

from conduit_async.compiler import Output, compile
from conduit_async.config import Config
from conduit_async.lock.text import read
from conduit_async.render import as_text

EMAIL = "@async { Email.send(self.title, to: self.email) }"
PAGER = "@async { Pager.alert(self.severity) }"
INDEX = "@async { Log.info(self.id) Search.add(self) }"


def source(*blocks: str, hook: str = "create") -> str:
    return f"""
        resource Ticket {{
          id: uuid! @primary
          title: string!
          headline: string!
          email: string?
          severity: int!
          @after {hook} {{
            {" ".join(blocks)}
          }}
        }}
    """


def run(text: str, lock: str | None = None, config: Config | None = None) -> Output:
    return compile({"ticket.conduit": text}, config, lock=lock)


def shown(output: Output) -> str:
    return as_text(output.diagnostics, color=False)


def errors(output: Output) -> list[str]:
    return [each.code for each in output.diagnostics if each.severity == "error"]


def names(output: Output) -> list[str]:
    """The last parts of the job types' names, in the order of the source."""
    assert not errors(output), as_text(output.diagnostics, color=False)
    modules = [module for each in output.emitted.values() for module in each.modules]
    return [name.rpartition(".")[2] for module in modules for name in module.facts.types]


def changed(before: str, after: str) -> Output:
    """The outcome of an edit; compiling again must give the same."""
    output = run(after, run(before).lock)
    if output.lock is not None:
        again = run(after, output.lock)
        assert again.files == output.files
        assert shown(again) == shown(output)
    return output


def retired(output: Output) -> list[str]:
    assert output.lock is not None
    jobs = read(output.lock).jobs
    return [name.rpartition(".")[2] for name, job in jobs.items() if job.retired]


TWO = source(EMAIL, INDEX)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (source(INDEX, EMAIL), ["log_info", "email_send"]),  # reordered
        (source(PAGER, EMAIL, INDEX), ["pager_alert", "email_send", "log_info"]),  # one before
        (source(INDEX), ["log_info"]),  # one removed
        # a line added at the top
        (source("@async { Pager.alert(self.severity) Email.send(self.title, to: self.email) }"),
         ["email_send"]),
        # a field renamed, alone
        (source("@async { Email.send(self.headline, to: self.email) }", INDEX),
         ["email_send", "log_info"]),
        # two edited at once
        (source("@async { Pager.alert(1) Email.send(self.title, to: self.email) }",
                "@async { Clock.now() Log.info(self.id) Search.add(self) }"),
         ["email_send", "log_info"]),
        # both edited, and reordered
        (source("@async { Clock.now() Log.info(self.id) Search.add(self) }",
                "@async { Pager.alert(1) Email.send(self.title, to: self.email) }"),
         ["log_info", "email_send"]),
        # an `if` around a statement or a block, comments, another layout
        (source("@async { if self.severity > 1 {\n// now\n"
                "Email.send(self.title,to:self.email) } }"),
         ["email_send"]),
        (source(f"if self.severity > 1 {{ {EMAIL} }}", INDEX), ["email_send", "log_info"]),
        # options change nothing
        (source(EMAIL.replace("@async", '@async(queue: "mail", delay: 1.hour)'), INDEX),
         ["email_send", "log_info"]),
        # one more block with the same call is new
        (source("@async { Email.send(self.id) }", EMAIL, INDEX),
         ["email_send_2", "email_send", "log_info"]),
        # a block named with its old name keeps the type; another name makes a new type
        (source(EMAIL.replace("@async", '@async(name: "email_send")'), INDEX),
         ["email_send", "log_info"]),
        (source(INDEX, EMAIL.replace("@async", '@async(name: "welcome")')),
         ["log_info", "welcome"]),
        # nested blocks are jobs of their own
        (source("@async { Log.info(self.id) Search.add(self) " + EMAIL + " }"),
         ["log_info", "email_send"]),
    ],
)  # fmt: skip
def test_a_block_keeps_its_name(after: str, expected: list[str]) -> None:
    assert names(changed(TWO, after)) == expected


def test_what_is_gone_is_retired_and_keeps_its_shapes() -> None:
    output = changed(TWO, source(EMAIL.replace("title", "headline")))
    assert output.lock is not None
    jobs = read(output.lock).jobs
    assert retired(output) == ["log_info"]
    kept = jobs["ticket.after_create.email_send"]
    assert [*kept.shapes] != [kept.shape]
    assert {tuple(sorted(fields)) for fields in kept.shapes.values()} == {
        ("email", "title"),
        ("email", "headline"),
    }


def test_a_block_of_another_hook_is_another_type() -> None:
    output = changed(source(EMAIL), source(EMAIL, hook="update"))
    assert names(output) == ["email_send"]
    assert output.lock is not None
    assert {name: job.retired for name, job in read(output.lock).jobs.items()} == {
        "ticket.after_create.email_send": True,
        "ticket.after_update.email_send": False,
    }


def test_a_new_block_takes_a_retired_name_only_with_its_payload() -> None:
    gone = run(source(INDEX), run(TWO).lock)
    assert names(run(source(INDEX, "@async { Email.send(self.id) }"), gone.lock)) == [
        "log_info",
        "email_send_2",
    ]
    again = run(source(INDEX, "@async { Email.send(self.id) }"), gone.lock)
    assert "ASY901" not in shown(again)
    same_payload = "@async { Email.send(self.email, of: self.title) }"
    assert names(run(source(same_payload, INDEX), gone.lock)) == ["email_send", "log_info"]
    assert names(run(TWO, gone.lock)) == ["email_send", "log_info"]


def test_a_block_that_comes_back_has_the_name_that_it_had() -> None:
    longer = "@async { Pager.alert(1) Email.send(self.title, to: self.email) }"
    had = run(source(longer), run(source(EMAIL)).lock)
    gone = run(source(), had.lock)
    assert names(run(source(longer), gone.lock)) == ["email_send"]


@pytest.mark.slow
def test_blocks_of_the_same_text_keep_their_names_by_their_options() -> None:
    first, second = EMAIL, EMAIL.replace("@async", '@async(queue: "mail")')
    before = run(source(first, second))
    assert names(before) == ["email_send", "email_send_2"]
    assert names(changed(source(first, second), source(second, first))) == [
        "email_send_2",
        "email_send",
    ]
    assert names(changed(source(first, second), source(second))) == ["email_send_2"]
    assert names(changed(source(first, first), source(first))) == ["email_send"]
    assert names(changed(source(first), source(first, first))) == ["email_send", "email_send_2"]
    assert names(changed(source(first, INDEX), source(first, first))) == [
        "email_send",
        "email_send_2",
    ]


def test_an_unnamed_block_keeps_the_name_that_it_was_given_if_it_is_what_it_does() -> None:
    named = EMAIL.replace("@async", '@async(name: "email_send")')
    assert names(changed(source(named, INDEX), source(INDEX, EMAIL))) == ["log_info", "email_send"]


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        # split in two
        (source("@async { Email.send(self.title) Log.info(self.id) Pager.alert(1) Clock.now() }"),
         source("@async { Email.send(self.title) Log.info(self.id) }",
                "@async { Pager.alert(1) Clock.now() }"), 1),
        # two blocks become one
        (source("@async { Email.send(self.title) Log.info(self.id) }",
                "@async { Pager.alert(1) Clock.now() }"),
         source("@async { Email.send(self.title) Log.info(self.id) Pager.alert(1) Clock.now() }"),
         1),
        # another service gets the same arguments
        (source(EMAIL), source("@async { Mailer.deliver(self.title, to: self.email) }"), 1),
        # the name is removed
        (source(EMAIL.replace("@async", '@async(name: "welcome")')), source(EMAIL), 1),
        # one of two blocks is removed, and what is left is like neither
        (source("@async { Email.send(self.title) }", "@async { Email.send(self.headline) }"),
         source("@async { Email.send(self.title + self.headline) }"), 1),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_asked(before: str, after: str, asked: int) -> None:
    output = changed(before, after)
    assert errors(output) == ["ASY905"] * asked
    assert output.files == {}


def test_what_is_asked_names_each_type() -> None:
    before = source("@async { Email.send(self.title) }", "@async { Email.send(self.headline) }")
    output = changed(before, source("@async { Email.send(self.title + self.headline) }"))
    [message] = [each.message for each in output.diagnostics if each.code == "ASY905"]
    assert message == (
        "this block may be the job type `ticket.after_create.email_send`, which captured `title`, "
        "or `ticket.after_create.email_send_2`, which captured `headline`"
    )


def test_a_name_is_the_answer() -> None:
    before = run(source(EMAIL)).lock
    other = "@async { Mailer.deliver(self.title, to: self.email) }"
    kept = run(source(other.replace("@async", '@async(name: "email_send")')), before)
    assert (names(kept), retired(kept)) == (["email_send"], [])
    new = run(source(other.replace("@async", '@async(name: "deliver")')), before)
    assert (names(new), retired(new)) == (["deliver"], ["email_send"])
    was = run(source(other.replace("@async", '@async(was: "email_send")')), before)
    assert (names(was), retired(was)) == (["mailer_deliver"], ["email_send"])


def test_a_prefix_moves_all_names() -> None:
    longer = "@async { Pager.alert(1) Email.send(self.title, to: self.email) }"
    before = run(source(longer), run(source(EMAIL)).lock)
    moved = run(source(longer), before.lock, Config(prefix="shop"))
    assert moved.lock is not None
    assert [(name, job.retired) for name, job in read(moved.lock).jobs.items()] == [
        ("shop.ticket.after_create.email_send", False),
        ("ticket.after_create.email_send", True),
    ]
    back = run(source(longer), moved.lock)
    assert names(back) == ["email_send"]


def test_an_error_elsewhere_asks_for_no_name() -> None:
    before = run(source(EMAIL)).lock
    after = source("@async { Mailer.deliver(self.title, to: self.email) }", "self.nope()")
    assert "ASY905" not in errors(run(after, before))


LOW = '@async { Email.send("low", self.title) }'
HIGH = '@async { Email.send("high", self.title) }'


def named(block: str, options: str) -> str:
    return block.replace("@async", f"@async({options})")


@pytest.mark.parametrize(
    "after",
    [
        source(named(LOW, 'name: "email_send_2"'), HIGH),
        source(named(LOW, 'name: "low", was: "email_send_2"'), HIGH),
        source(named(LOW, 'name: "low", was: "ticket.after_create.email_send_2"'), HIGH),
    ],
)
def test_no_block_is_said_to_be_the_type_of_one_that_did_not_change(after: str) -> None:
    output = changed(source(LOW, HIGH), after)
    assert errors(output) == ["ASY905"], shown(output)
    assert "the job type `ticket.after_create.email_send_2`" in shown(output)


def test_a_named_block_may_be_the_type_of_its_own_statements() -> None:
    both = source(named(LOW, 'name: "email_send_2"'), named(HIGH, 'name: "email_send"'))
    assert names(changed(source(LOW, HIGH), both)) == ["email_send_2", "email_send"]
    assert names(changed(source(LOW, HIGH), source(LOW, named(HIGH, 'name: "email_send_2"')))) == [
        "email_send",
        "email_send_2",
    ]


def test_an_earlier_name_is_that_of_a_block_of_the_same_hook() -> None:
    rest = source(LOW).replace("Ticket", "Report")
    before = compile({"ticket.conduit": source(LOW), "report.conduit": rest})
    moved = source(named(LOW, 'name: "low", was: "email_send"'))
    output = compile({"ticket.conduit": moved, "report.conduit": rest}, lock=before.lock)
    assert sorted(names(output)) == ["email_send", "low"]


def test_a_changed_block_is_not_the_type_of_one_that_was_given_a_name() -> None:
    before, new = source(LOW), LOW.replace("low", "new")
    output = changed(before, source(named(LOW, 'name: "low"'), new))
    assert errors(output) == ["ASY905"], shown(output)
    after = source(named(LOW, 'name: "low", was: "email_send"'), new)
    assert names(changed(before, after)) == ["low", "email_send_2"]
    after = source(named(LOW, 'name: "low"'), named(new, 'name: "email_send"'))
    assert names(changed(before, after)) == ["low", "email_send"]
    kept = source(named(LOW, 'name: "low"'), LOW)
    assert names(changed(kept, source(named(LOW, 'name: "low"'), new))) == ["low", "email_send"]


def in_two_hooks(created: str, updated: str) -> str:
    return source(created).replace(
        "@after create {", f"@after update {{ {updated} }}\n          @after create {{"
    )


@pytest.mark.parametrize("options", ["", 'name: "low"'])
@pytest.mark.parametrize("new", [HIGH, "@async { Email.send(self.email) }"])
def test_a_new_block_does_not_take_the_type_of_one_that_moved_to_another_hook(
    options: str, new: str
) -> None:
    moved = named(LOW, options) if options else LOW
    output = changed(source(LOW), in_two_hooks(new, moved))
    assert errors(output) == ["ASY905"], shown(output)
    assert (
        'write `name: "email_send"` in its `@async(…)`, or `was: "ticket.after_create.email_send"` '
        "in that of the other hook's block"
    ) in shown(output)


def test_a_block_that_moved_to_another_hook_keeps_its_jobs_by_was() -> None:
    moved = named(LOW, 'was: "ticket.after_create.email_send"')
    output = changed(source(LOW), in_two_hooks(HIGH, moved))
    assert sorted(names(output)) == ["email_send", "email_send_2"]
    output = changed(source(LOW), in_two_hooks(named(HIGH, 'name: "email_send"'), LOW))
    assert names(output) == ["email_send", "email_send"]


def test_a_block_that_two_hooks_had_may_change_in_one() -> None:
    assert names(changed(in_two_hooks(LOW, LOW), in_two_hooks(HIGH, LOW))) == [
        "email_send",
        "email_send",
    ]
    assert names(changed(source(LOW), in_two_hooks(LOW, LOW))) == ["email_send", "email_send"]


def test_types_of_another_prefix_keep_their_names_by_was() -> None:
    blocks = (
        named(LOW, 'was: "ticket.after_create.email_send"'),
        named(HIGH, 'was: "ticket.after_create.email_send_2"'),
    )
    output = run(source(*blocks), run(source(LOW, HIGH)).lock, Config(prefix="app"))
    assert names(output) == ["email_send", "email_send_2"]
    again = run(source(*blocks), output.lock, Config(prefix="app"))
    assert again.files == output.files


@pytest.mark.parametrize("call", ["Email.send(other.title)", "Pager.alert(other.title)"])
def test_the_block_that_a_warning_of_repeated_effects_suggests(call: str) -> None:
    """The suggested code compiles without a finding, and the queued jobs keep their type."""
    outer = "for a in 1..2 { for b in 1..2 { for c in 1..2 { "  # the turns of three are stored
    block = f"{outer.replace('{', '{{')}for other in Ticket.all {{{{ {{}} }}}} }}}} }}}} }}}}"
    before = run(source(f"@async {{ {block.format(call)} }}"))
    [warning] = before.diagnostics
    assert (warning.code, warning.hint is None) == ("ASY909", False)
    [suggested] = re.findall(r"`(@async.*) … }`", warning.hint or "")
    after = run(source(f"@async {{ {block.format(f'{suggested} {call} }}')} }}"), before.lock)
    assert not after.diagnostics, shown(after)
    [kept] = names(before)
    assert names(after)[0] == kept
    assert not retired(after)
