"""An error that leaves a hook says which line of the source raised it."""

from importlib import import_module
from pathlib import Path

import pytest
from conduit_runtime import ConduitError
from hook_drivers import Conn, Hook
from note_hooks import Note
from notes import insert_note

PACKAGE = {
    "__init__.py": "from conduit_runtime import generated_by\ngenerated_by('0.1.0')\n",
    "_lines.py": 'LINES = {"note": ("resources/note.conduit", {5: 7, 6: 8})}\n',
    "note.py": """\
from conduit_runtime.operators import of_type

def run(hook_type, conn, record_type, row):
    with hook_type(conn, record_type, row) as hook:
        hook.record.from_ = "you"
        of_type(int, "zz", "Svc.x()")
""",
}


def test_an_error_of_a_hook(
    conn: Conn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    name = f"noted_{request.node.callspec.params['conn']}"
    (tmp_path / name).mkdir()
    for file, text in PACKAGE.items():
        (tmp_path / name / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    run = import_module(f"{name}.note").run
    with pytest.raises(ConduitError, match="expected an int") as caught:
        run(Hook, conn, Note, insert_note(conn))
    assert caught.value.__notes__ == ["at resources/note.conduit:8"]
    with pytest.raises(ZeroDivisionError) as other, Hook(conn, Note, insert_note(conn, 2)):
        _ = 1 // 0
    assert not hasattr(other.value, "__notes__")
