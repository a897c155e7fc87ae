"""Pages update themselves from the database, and react to keys."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conduit_dashboard.rendering.texts import ago
from conduit_runtime import Job, embedded, migrate
from dashboard_site import Site, serving
from playwright.sync_api import Page, expect
from waiting import until

pytestmark = pytest.mark.xdist_group("dashboard look")
Open = Callable[..., Page]
DOWN = "The database cannot be reached"


def test_a_page_changes_without_a_reload(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    expect(page.get_by_text("No queue holds a job")).to_be_visible()
    page.evaluate("document.body.dataset.same = 'yes'")
    site.queue.enqueue(Job("mail", "t"))
    expect(page.get_by_role("row").filter(has_text="mail")).to_be_visible()
    assert page.evaluate("document.body.dataset.same") == "yes"
    expect(page.locator("[data-updated]")).to_have_text("Updated now")


def test_a_second_tab_sees_what_the_first_has_done(site: Site, open_page: Open) -> None:
    site.queue.enqueue(Job("mail", "t"))
    first, second = open_page(site.url + "/queues"), open_page(site.url + "/queues")
    first.get_by_role("button", name="Pause").click()
    expect(second.get_by_role("button", name="Resume")).to_be_visible()


def test_what_one_does_to_a_page_stays(site: Site, open_page: Open) -> None:
    for name in ("a", "c"):
        site.queue.enqueue(Job(name, "t"))
    page = open_page(site.url + "/queues")
    link = page.get_by_role("link", name="c", exact=True)
    link.focus()
    site.queue.enqueue(Job("b", "t"))
    expect(page.get_by_role("link", name="b", exact=True)).to_be_visible()
    expect(link).to_be_focused()


# Rows like those of a list of jobs: each has a link, a box and details.
ROWS = """(names) => names.map((name) => `
  <tr><td><input type="checkbox" name="id" value="${name}"></td><td><a href="/jobs/${name}">
  ${name}</a></td><td><details><summary>more</summary>of ${name}</details></td></tr>
`).join("")"""
SHOW = f"""([names, version]) => {{
  const region = document.querySelector("[data-live]");
  const head = '<tr><th><input type="checkbox" data-select-all></th></tr>';
  const rows = ({ROWS})(names);
  const html = `<table><thead>${{head}}</thead><tbody>${{rows}}</tbody></table>`;
  replace(region, {{ html, version }});
  settle();
}}"""


def test_rows_keep_their_marks_where_they_move(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    page.evaluate("disconnect()")
    page.evaluate(SHOW, [[*"abcd"], "1"])
    page.locator("[value=b]").check()
    page.locator("tr", has_text="of c").get_by_text("more").click()
    for version, names in enumerate(["xbcd", "xycbd", "cb", "zbyc"]):
        page.evaluate(SHOW, [[*names], f"v{version}"])
        shown = page.eval_on_selector_all("tbody input", "boxes => boxes.map(box => box.value)")
        assert "".join(shown) == names
        assert page.locator("input:checked").get_attribute("value") == "b"
        assert page.eval_on_selector_all("details[open]", "all => all.length") == 1
        expect(page.get_by_text("of c")).to_be_visible()


def test_a_selected_row_stays_in_sight(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    page.evaluate("disconnect()")
    shown = "page => [...document.querySelectorAll('tbody input')].map(box => box.value).join('')"
    page.evaluate(SHOW, [[*"abcd"], "1"])
    page.locator("[value=b]").check()
    for version, (names, expected) in enumerate([("xa", "xab"), ("ya", "yab"), ("", "b")]):
        page.evaluate(SHOW, [[*names], f"v{version}"])
        assert page.evaluate(shown) == expected
    page.locator("[value=b]").uncheck()
    page.evaluate(SHOW, [[*"z"], "last"])
    assert page.evaluate(shown) == "z"


def test_rows_with_the_same_link_are_all_shown(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    page.evaluate("disconnect()")
    for version, names in enumerate(["aab", "aaab", "bab", "bba", "aa"]):
        page.evaluate(SHOW, [[*names], f"v{version}"])
        shown = page.eval_on_selector_all("tbody input", "boxes => boxes.map(box => box.value)")
        assert "".join(shown) == names


def test_the_box_in_the_head_selects_all_rows(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    page.evaluate("disconnect()")
    page.evaluate(SHOW, [[*"abc"], "1"])
    head = page.locator("[data-select-all]")
    head.check()
    assert page.locator("tbody input:checked").count() == 3
    page.locator("[value=b]").uncheck()
    assert not head.is_checked()
    assert head.evaluate("box => box.indeterminate")
    page.evaluate(SHOW, [[*"ac"], "2"])  # the only row that was not selected is removed
    assert head.is_checked()


def test_selecting_jobs(site: Site, open_page: Open) -> None:
    jobs = site.queue.enqueue_many([Job("mail", "t"), Job("mail", "t")])
    page = open_page(site.url + "/jobs")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-selected]")).to_have_text("1")
    assert page.locator("tbody :checked").get_attribute("value") in {str(job.id) for job in jobs}
    site.queue.enqueue(Job("mail", "new"))
    expect(page.get_by_role("link", name="new")).to_be_visible()
    expect(page.locator("[data-selected]")).to_have_text("1")
    page.get_by_label("Select all that are shown").check()
    expect(page.locator("[data-selected]")).to_have_text("3")
    actions = page.get_by_role("group", name="With the selected jobs")
    actions.get_by_text("Cancel", exact=True).click()
    actions.get_by_role("button", name="Cancel them").click()
    expect(page.get_by_role("status").filter(has_text="3")).to_be_visible()
    assert site.queue.stats().cancelled == 3


def test_keys(site: Site, open_page: Open) -> None:
    for name in ("a", "b"):
        site.queue.enqueue(Job(name, "t"))
    page = open_page(site.url + "/queues")
    for key, name in (("j", "a"), ("j", "b"), ("j", "b"), ("k", "a")):
        page.keyboard.press(key)
        expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Control+j")
    expect(page.get_by_role("link", name="a", exact=True)).to_be_focused()
    page.keyboard.press("/")  # no search on this page: go to the jobs
    page.wait_for_url("**/jobs")
    page.keyboard.press("/")
    expect(page.get_by_label("Error contains")).to_be_focused()
    page.goto("/errors")
    page.keyboard.press("/")
    expect(page.get_by_label("Type")).to_be_focused()


def test_a_hidden_tab_is_sent_nothing(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    until(lambda: site.dashboard.hub.viewers == 1)
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    changed = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(hide % "true" + changed)
    until(lambda: site.dashboard.hub.viewers == 0)
    site.queue.enqueue(Job("mail", "t"))
    page.evaluate(hide % "false" + changed)
    expect(page.get_by_role("row").filter(has_text="mail")).to_be_visible()


def test_the_database_goes_down_while_a_page_is_open(server_folder: Path, open_page: Open) -> None:
    folder, settings = server_folder, {"fsync": "off"}
    with embedded.start(folder, settings=settings) as server:
        migrate(server.dsn)
        with serving(server.dsn) as site:
            page = open_page(site.url + "/queues")
            until(lambda: site.dashboard.hub.viewers == 1)
            embedded.stop(folder)
            problem = page.locator("[data-problem]")
            expect(problem).to_contain_text(DOWN, timeout=20_000)
            expect(page.locator("[data-updated]")).to_contain_text("s ago")
            other = open_page(site.url + "/queues")
            expect(other.get_by_role("alert")).to_contain_text(DOWN)
            with embedded.start(folder, settings=settings):
                expect(problem).to_be_empty(timeout=60_000)
                expect(other.get_by_role("heading", name="Queues")).to_be_visible(timeout=60_000)


def test_the_dashboard_cannot_be_reached_for_a_while(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    until(lambda: site.dashboard.hub.viewers == 1)
    page.context.set_offline(True)
    page.evaluate("disconnect(); connect(); heard = 0")  # as after ten seconds of silence
    problem = page.locator("[data-problem]")
    expect(problem).to_contain_text("The dashboard sends nothing")
    page.context.set_offline(False)
    expect(problem).to_be_empty(timeout=15_000)


def test_times_age_in_the_words_of_the_server(site: Site, open_page: Open) -> None:
    page = open_page(site.url + "/queues")
    for seconds in (0, 3, 59, 119, 121, 7_199, 7_300, 172_700, 172_900, 9e6, -5, -200, -9_100):
        assert page.evaluate("ago", seconds) == _words(seconds)
    page.evaluate("""() => {
      const at = new Date(Date.now() - 300000).toISOString();
      document.querySelector("main").innerHTML = `<time datetime="${at}" data-ago>x</time>`;
    }""")
    expect(page.locator("main time")).to_have_text("5 minutes ago")


def _words(seconds: float) -> str:
    """The words of the server for a time so many seconds ago."""
    return ago(datetime.now(UTC) - timedelta(seconds=seconds)).striptags()


@pytest.mark.parametrize("path", ["/queues", "/audit"])
def test_without_javascript_a_page_says_when_it_was_made(
    site: Site, open_page: Open, path: str
) -> None:
    page = open_page(site.url + path, java_script_enabled=False)
    expect(page.locator("[data-updated]")).to_contain_text("As of ")
    expect(page.locator("[data-problem]")).to_be_empty()
    expect(page.get_by_role("button", name="Keys")).to_be_hidden()
