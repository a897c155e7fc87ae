"""The command's dashboard admits visitors with its token, in a browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from waiting import until
from web_server import Server, served

pytestmark = pytest.mark.xdist_group("dashboard stories")
Open = Callable[..., Page]


@contextmanager
def command(dsn: str, folder: Path, *options: str) -> Iterator[tuple[Server, str]]:
    """Run `conduit-jobs dashboard` on a free port; yield it and its token."""
    words = ("conduit_runtime.cli", "dashboard", "--dsn", dsn, "--port", "{port}", *options)
    with served(words, folder, folder / "output") as server:
        printed = until(lambda: re.search(r"\?token=(\S+)", server.output))
        yield server, printed[1]


def test_log_in(dsn: str, tmp_path: Path, open_page: Open) -> None:
    with command(dsn, tmp_path) as (server, token):
        page = open_page(server.url + "/queues")
        page.get_by_label("Token").fill("a guess")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("not the token")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Queues")).to_be_visible()
        page.goto("/audit")  # the browser remembers it
        expect(page.get_by_role("heading", name="Audit")).to_be_visible()
        assert token not in page.content()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        page.goto("/audit")
        expect(page.get_by_label("Token")).to_be_visible()


def test_the_printed_address_lets_in_and_leaves_no_token_behind(
    dsn: str, tmp_path: Path, open_page: Open
) -> None:
    with command(dsn, tmp_path) as (server, token):
        page = open_page(f"{server.url}/queues?token={token}")
        expect(page.get_by_role("heading", name="Queues")).to_be_visible()
        assert page.url == server.url + "/queues"
        assert token not in page.evaluate("document.cookie")
        assert server.output.count(token) == 1
