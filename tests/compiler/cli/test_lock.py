"""`jobs.lock` beside the generated modules: it is read, written, reported in words, never lost."""

import json
from codecs import BOM_UTF8
from pathlib import Path

import pytest

from conduit_async.cli import run

TICKET = """resource Ticket {
  id: uuid! @primary
  title: string!
  headline: string!
  state: enum ["open", "closed"]!
  address: { street: string! city: string? }?
  @after create {
    @async { Email.send(self.title, self.state, self.address) }
    @async(name: "index") { Search.add(self.id) }
  }
}
"""
LOCK = Path("jobs/jobs.lock")

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("conduit.toml").write_text('sources = ["."]\nout = "jobs"\n', encoding="utf-8")
    write(TICKET)
    assert run(["gen"]) == 0
    return tmp_path / "project"


def write(text: str) -> None:
    Path("ticket.conduit").write_text(text, encoding="utf-8")


def printed(text: str, capsys: Printed, *arguments: str) -> list[str]:
    """The lines about job types that `gen` prints after a change."""
    write(text)
    capsys.readouterr()
    run(["gen", *arguments])
    out = capsys.readouterr().out.splitlines()
    return [line for line in out if line[:2] in ("+ ", "- ", "~ ")]


NAME = "ticket.after_create"


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("", "", []),
        ("@async {", "@async { // a comment\n", []),
        ("send(self.title", "send(self.headline",
         [f"~ {NAME}.email_send: title removed, headline added"]),
        ("title: string!", "title: string?", [f"~ {NAME}.email_send: title string -> string?"]),
        ('"closed"]', '"done"]',
         [f"~ {NAME}.email_send: state without closed, state with done"]),
        ("city: string?", "zip: int!",
         [f"~ {NAME}.email_send: address.city removed, address.zip added"]),
        ("@async {", '@async(queue: "mail", timeout: 90.seconds, max_attempts: 9) {',
         [f"~ {NAME}.email_send: "
          "queue default -> mail, max_attempts 3 -> 9, timeout none -> 90 s"]),
        ('name: "index"', 'name: "reindex"', [f"- {NAME}.index", f"+ {NAME}.reindex"]),
        ('name: "index"', 'name: "reindex", was: "index"',
         [f"- {NAME}.index", f"+ {NAME}.reindex, which runs the jobs of {NAME}.index"]),
        ("after create", "after update",
         [f"- {NAME}.email_send", f"- {NAME}.index",
          "+ ticket.after_update.email_send, with the block of ticket.after_create.email_send "
          '(to run its jobs, too: `@async(was: "ticket.after_create.email_send")`)',
          "+ ticket.after_update.index"]),
    ],
)  # fmt: skip
def test_what_changed_is_reported_in_words(
    old: str, new: str, lines: list[str], capsys: Printed
) -> None:
    changed = TICKET.replace(old, new, 1)
    assert printed(changed, capsys, "--check") == lines
    assert set(printed(changed, capsys, "--diff")) >= set(lines)
    assert printed(changed, capsys) == lines
    assert printed(changed, capsys) == [], "nothing is reported twice"
    assert run(["gen", "--check"]) == 0


def test_a_field_that_becomes_sensitive_is_reported(capsys: Printed) -> None:
    with Path("conduit.toml").open("a", encoding="utf-8") as file:
        file.write('sensitive = ["Ticket.title"]\n')
    assert printed(TICKET, capsys) == [f"~ {NAME}.email_send: title is sensitive"]


def test_a_stale_lock_fails_the_check(capsys: Printed) -> None:
    lock = json.loads(LOCK.read_text("utf-8"))
    lock["jobs"][f"{NAME}.index"]["queue"] = "other"
    LOCK.write_text(json.dumps(lock), encoding="utf-8")
    assert run(["gen", "--check"]) == 1
    assert f"~ {NAME}.index: queue other -> default" in capsys.readouterr().out
    assert run(["gen"]) == 0
    assert run(["gen", "--check"]) == 0


def test_a_lock_that_is_gone_is_written_anew() -> None:
    text = LOCK.read_bytes()
    LOCK.unlink()
    assert run(["gen", "--check"]) == 1
    assert run(["gen"]) == 0
    assert LOCK.read_bytes() == text


def test_the_lock_on_disk_counts_and_not_what_is_remembered() -> None:
    before = LOCK.read_bytes()
    write(TICKET.replace("self.title", "self.headline"))
    assert run(["gen"]) == 0
    LOCK.write_bytes(before)  # as git restores an old version
    write(TICKET)
    assert run(["gen"]) == 0
    assert LOCK.read_bytes() == before


def test_without_its_entry_in_the_list_of_files_it_is_ours() -> None:
    Path("jobs/.conduitc.json").unlink()
    write(TICKET.replace("self.title", "self.headline"))
    assert run(["gen"]) == 0
    names = json.loads(Path("jobs/.conduitc.json").read_text("utf-8"))["files"]
    assert "jobs.lock" in names


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"version": 2}',
        b'{"name": "of another tool", "lockfileVersion": 3}',
        b"<<<<<<< HEAD\n=======\n>>>>>>> topic\n",
        b"[" * 100_000,
        b'{"version": 1, "jobs": {"x": {"hook": "A.b", "shape": "1", "shapes": {"1": 4}}}}',
    ],
)
@pytest.mark.parametrize("command", [["gen"], ["gen", "--check"], ["check"]])
def test_a_broken_lock_is_refused_and_nothing_is_written(
    broken: bytes, command: list[str], capsys: Printed
) -> None:
    before = {path: path.read_bytes() for path in Path("jobs").iterdir()}
    before[LOCK] = broken
    LOCK.write_bytes(broken)
    write(TICKET.replace("self.title", "self.headline"))
    capsys.readouterr()
    assert run(command) == 1
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert "GEN614" in shown
    assert "jobs/jobs.lock" in shown
    later = broken == b'{"version": 2}'
    assert ("restore it from git" in shown) is (b"<<<" not in broken and not later)
    assert "Traceback" not in shown
    assert {path: path.read_bytes() for path in Path("jobs").iterdir()} == before


def test_the_lock_of_a_later_version_asks_for_an_upgrade(capsys: Printed) -> None:
    LOCK.write_text('{\n  "version": 2\n}\n', "utf-8")
    assert run(["gen"]) == 1
    error = capsys.readouterr().err
    assert "a later version of conduitc wrote it" in error
    assert "upgrade conduitc" in error
    assert "git" not in error


@pytest.mark.parametrize(
    "command",
    [["gen"], ["check"], ["breaking", "--against", str(LOCK)], ["breaking", "--against", "old"]],
)
def test_a_byte_order_mark_changes_nothing(command: list[str], capsys: Printed) -> None:
    text = LOCK.read_bytes()
    LOCK.write_bytes(BOM_UTF8 + text)
    Path("old").write_bytes(BOM_UTF8 + text)
    assert run(command) == 0, capsys.readouterr().err
    assert LOCK.read_bytes() == text if command == ["gen"] else BOM_UTF8 + text


def test_a_symbolic_link_is_not_followed(tmp_path: Path, capsys: Printed) -> None:
    target = tmp_path / "elsewhere.lock"
    LOCK.rename(target)
    LOCK.symlink_to(target)
    text = target.read_bytes()
    write(TICKET.replace("self.title", "self.headline"))
    assert run(["gen"]) == 1
    assert "GEN612" in capsys.readouterr().err
    assert target.read_bytes() == text


def test_a_folder_of_that_name_is_no_lock(capsys: Printed) -> None:
    LOCK.unlink()
    LOCK.mkdir()
    assert run(["gen"]) == 1
    assert "GEN611" in capsys.readouterr().err


def test_check_asks_for_a_name_as_gen_does(capsys: Printed) -> None:
    write(TICKET.replace("Email.send", "Mailer.deliver"))
    assert run(["check"]) == 1
    assert "ASY905" in capsys.readouterr().out
    assert run(["gen"]) == 1
