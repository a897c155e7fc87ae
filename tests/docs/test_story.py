"""A page that does not work as written fails, with the line."""

import os
from pathlib import Path

import pytest
from page import read
from shell import matches
from story import PROGRAMS, Story, environment


def told(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors of a page, block by block."""
    page = folder / "page.md"
    page.write_text(text)
    monkeypatch.setattr("page.ROOT", folder)
    (folder / "empty").mkdir()
    with Story(folder / "empty", environment(None, PROGRAMS)) as story:
        return [story.tell(block) for block in read(page).blocks]


@pytest.mark.parametrize(
    ("block", "failure"),
    [
        ("```console\n$ echo yes\nno\n```", "page.md:4: $ echo yes\nyes"),
        ("```console\n$ false\n```", "page.md:4: $ false"),
        ("```console\nwithout a prompt\n```", "page.md:4: no line begins"),
        ("```python\nx = 1\n1 / 0\n```", 'File "page.md", line 5, in <module>'),
        ("```conduit\nresource {}\n```", "page.md:4: error[SYN003]"),
        ("```toml\na = \n```", "page.md:4: TOMLDecodeError"),
        ("```\nwhat is this\n```", "page.md:4: no way to run ''"),
        ("<!-- not run: -->\n```python\n1\n```", "page.md:5: not run, without a reason"),
        ("<!-- wait: http://127.0.0.1:1/ -->\n```text\n```", "page.md:5: waited for http"),
    ],
)
def test_what_does_not_happen(
    block: str, failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shell._PATIENCE", 0.2)
    (found,) = told(f"# A page\n\n{block}\n", tmp_path, monkeypatch)
    assert failure in found


def test_a_page_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
The file `not/this.py` is named in a text.

`folder/server.py`, which answers:

```python
import http.server

http.server.test(http.server.SimpleHTTPRequestHandler, port=8000)
```

```console
$ cd folder
$ export WORD=kept
$ python server.py &
…Serving HTTP…
$ curl -s localhost:8000/server.py
import http.server
…
```

<!-- not run: to show it -->
```console
$ rm -rf /
```

<!-- python:
import os
word = os.environ["WORD"]
-->

```python
import asyncio

await asyncio.sleep(0)
assert word == "kept"
```
"""
    assert told(text, tmp_path, monkeypatch) == [""] * 5
    assert os.listdir(tmp_path / "empty") == ["folder"]


def test_what_only_reads_waits_for_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
`server.py`:

```python
from http.server import BaseHTTPRequestHandler, HTTPServer

answers = [b"soon", b"soon", b"now", b"late"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answers.pop(0))

    do_POST = do_GET


server = HTTPServer(("", 8000), Handler)
print("serving", flush=True)
server.serve_forever()
```

```console
$ python server.py &
serving
$ curl -s localhost:8000
now
$ curl -s -d x=1 localhost:8000
now
```
"""
    _, failure = told(text, tmp_path, monkeypatch)
    assert "$ curl -s -d x=1 localhost:" in failure
    assert "\nlate\n" in failure


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("one\ntwo\n", "one  \ntwo\n\n", True),
        ("…two\n", "one\ntwo\n", True),
        ("one …\n", "one\n", True),
        ("one\n", "one\ntwo\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_an_ellipsis_stands_for_anything(expected: str, printed: str, same: bool) -> None:
    assert matches(expected, printed) is same
