"""What the tests of the page share: a page on stand-in backends, and a headless browser that drives it."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager

import pytest

from generators import registry
from studio import JobQueue, Library, Studio

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--use-fake-ui-for-media-stream",
]
STANDINS = {
    "speech": "standin_speech:StandinSpeech",
    "conversion": "standin_conversion:StandinConversion",
    "music": "standin_music:StandinMusic",
    "portrait": "standin_portrait:StandinPortrait",
    "gesture": "standin_gesture:StandinGesture",
    "video": "standin_video:StandinVideo",
    "scene": "standin_scene:StandinScene",
}
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@contextmanager
def page_on_standins(folder):
    """Gives (address, library) of a page whose backends are the stand-ins."""
    with pytest.MonkeyPatch.context() as patch:
        for name, target in STANDINS.items():
            patch.setitem(registry.BACKENDS, name, target)
        patch.setenv("AFFECT_HOME", str(folder / "home"))  # where what our voice says for a portrait is kept
        from studio.ui.launch import start

        library, studio = Library(folder), Studio("cpu")
        with library, studio, JobQueue(studio, library) as queue:
            page, address = start(queue, library)
            yield address.rstrip("/"), library
            page.close(verbose=False)


@contextmanager
def opened_browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def open_page(browser, address, tab, width=1280, **options):
    """Opens the page with the feeling "admiration" and one of its tabs chosen."""
    page = browser.new_context(viewport={"width": width, "height": 900}, **options).new_page()
    page.set_default_timeout(60_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda request: note_outside(page, address, request.url))
    page.goto(address)
    page.wait_for_selector("#pad .names span", state="attached")
    choose(page, "mode", "Name")
    page.wait_for_selector("#name label")
    wait_for(lambda: "admiration" in page.inner_text("#feeling-now"))
    page.get_by_role("tab", name=tab).click()
    page.wait_for_selector(f"#{tab.lower()}-generate")
    return page


def note_outside(page, address, url):
    if not url.startswith((address, "data:", "blob:")):
        page.problems.append(f"asked for {url}")


def choose(page, block, text):
    page.locator(f"#{block} label", has_text=text).first.click()


def wait_for(condition, seconds=60.0):
    """Waits until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def set_number(page, block, value):
    """Sets a number, again if the page was still building its control and put the start value back."""
    number = page.locator(f"#{block} input[type=number]").first

    def was_set():
        if number.input_value() != str(value):
            number.fill(str(value))
            number.press("Tab")
        page.wait_for_timeout(150)  # what is still being built writes its start value within this
        return number.input_value() == str(value)

    wait_for(was_set)


def press(page, field, keys, told):
    """Presses keys on a field that Home puts back, again if the page was still building it."""

    def has_told():
        page.focus(field)
        for key in ("Home", *keys):
            page.keyboard.press(key)
        page.wait_for_timeout(300)  # the last place is told a moment later
        return told()

    wait_for(has_told)


def type_into(page, block, text):
    page.fill(f"#{block} input, #{block} textarea", text)


# Notes that progress was shown, however soon it is over.
WATCH = """(id) => {
  const box = document.getElementById(id);
  window.began = false;
  new MutationObserver(() => { window.began ||= Boolean(box.querySelector('[role=progressbar]')); })
    .observe(box, {childList: true, subtree: true});
}"""


def generate(page, modality):
    page.evaluate(WATCH, f"{modality}-progress")
    page.click(f"#{modality}-generate")
    wait_for(lambda: page.evaluate("window.began"), 120)
    wait_for(
        lambda: not page.inner_text(f"#{modality}-progress") and page.is_enabled(f"#{modality}-generate"), 120
    )


def newest(served):
    """Gives the library's newest entry."""
    return served[1].list(limit=1)[0]


def unfold(page, words):
    """Opens or shuts the section of this heading."""
    page.locator("button.label-wrap:visible", has_text=words).first.click()


def message(page, block):
    page.wait_for_selector(f"#{block} .message")
    return page.inner_text(f"#{block} .message")


def nameless(page):
    """Gives the controls that are seen and have no name for who cannot see them."""
    return page.evaluate(NAMELESS)


NAMELESS = """() => [...document.querySelectorAll('input, textarea, select, button, [tabindex="0"]')].filter(
  (node) => node.offsetParent && !node.labels?.length && !node.textContent.trim() && !node.title &&
  !node.getAttribute('aria-label') && !node.getAttribute('aria-labelledby')
).map((node) => node.outerHTML.slice(0, 120))"""
