"""What the tests of the page's tabs share: a page on stand-in backends, and a browser to drive it."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Gives (address, library) of a page, one for each file of tests."""
    from page_driver import page_on_standins  # Gradio, which most tests do without

    with page_on_standins(tmp_path_factory.mktemp("library")) as page:
        yield page


@pytest.fixture(scope="module")
def browser():
    from page_driver import opened_browser

    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(request, served, browser):
    """Gives a page with the file's `TAB` chosen, on which nothing has gone wrong at the end."""
    from page_driver import open_page

    opened = open_page(browser, served[0], request.module.TAB)
    yield opened
    assert opened.problems == []
