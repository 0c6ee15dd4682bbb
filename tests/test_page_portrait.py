"""The portrait tab in a real headless browser: a photo, its faces, sound or text, dials, two feelings."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from page_driver import (
    choose,
    generate,
    nameless,
    needs_browser,
    newest,
    open_page,
    press,
    set_number,
    type_into,
    unfold,
    wait_for,
)
from standin_speech import SAMPLE_RATE, hum

pytestmark = needs_browser
TAB = "Portrait"
PHOTO, TOLD = "#portrait-photo", "#portrait-photo-told"
FILMS = "[...document.querySelectorAll('.half video.film')]"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Gives pictures of one face, of two and of none, what is no picture, and a recording."""
    from PIL import Image
    from portrait_material import photo

    folder = tmp_path_factory.mktemp("files")
    one = Image.open(photo("page.png", 256)).convert("RGB")
    two = Image.new("RGB", (460, 256), one.getpixel((2, 2)))
    two.paste(one.resize((200, 200)), (0, 30))
    two.paste(one, (204, 0))
    one.save(folder / "one.png")
    two.save(folder / "two.png")
    Image.new("RGB", (200, 160), "navy").save(folder / "none.png")
    (folder / "broken.png").write_bytes(b"\x89PNG and nothing more")
    soundfile.write(folder / "take.wav", hum("so you came", 140.0, (0.0, 0.0)).samples[0], SAMPLE_RATE)
    return folder


def give(page, path, told):
    """Puts a photo into the box, in place of the one there, and waits until this is said of it."""
    remove = page.locator("#portrait-image [aria-label='Remove Image']")
    if remove.count():
        remove.click()
        wait_for(lambda: "3D head speaks" in page.inner_text(TOLD))
    page.set_input_files("#portrait-image input[type=file]", str(path))
    wait_for(lambda: told in page.inner_text(TOLD))


def give_sound(page, path):
    if not page.locator("#portrait-audio audio").count():
        page.set_input_files("#portrait-audio input[type=file]", str(path))
        page.wait_for_selector("#portrait-audio audio", state="attached")


def pick(page, block, words):
    page.click(f"#{block} input")
    page.locator("[role=option]", has_text=words).click()


def test_nothing_given_shows_what_was_expected(page):
    page.click("#portrait-generate")
    wait_for(lambda: "expected audio, text or a driving" in page.inner_text("#portrait-progress .message"))


def test_the_head_is_seen_and_speaks_without_a_photo(page, served, files):
    unfold(page, "The 3D head")
    page.wait_for_selector("#portrait-head-picture img")
    before = page.get_attribute("#portrait-head-picture img", "src")
    set_number(page, "portrait-nose-width", 3)
    wait_for(lambda: page.get_attribute("#portrait-head-picture img", "src") != before)
    give_sound(page, files / "take.wav")
    generate(page, "portrait")
    page.wait_for_selector("#portrait-picture video.film")
    recipe = newest(served).recipe
    assert recipe["options"]["nose_width"] == 3.0 and recipe["prompt"]["image"] == ""


@pytest.mark.parametrize(
    ("name", "told"), [("none.png", "expected a photo with a face"), ("broken.png", "got 'broken.png'")]
)
def test_a_photo_that_will_not_do_is_told_at_once(page, files, name, told):
    give(page, files / name, told)
    assert page.locator(f"{PHOTO} .face").count() == 0
    page.click("#portrait-generate")
    wait_for(lambda: told in page.inner_text("#portrait-progress"))


def test_of_several_faces_one_is_chosen(page, served, files):
    give(page, files / "two.png", "2 faces found; number 2, the largest, is taken.")
    buttons = page.locator(f"{PHOTO} button.face")
    assert [button.get_attribute("aria-pressed") for button in buttons.all()] == ["false", "true"]
    frame = page.get_attribute(f"{PHOTO} .frame", "d")
    buttons.first.click()
    wait_for(lambda: "number 1 is taken" in page.inner_text(TOLD))
    assert page.get_attribute(f"{PHOTO} .frame", "d") != frame
    assert "wide: the result will be soft" in page.inner_text(f"{TOLD} .warnings")
    choose(page, "portrait-face", "2")
    wait_for(lambda: "number 2, the largest" in page.inner_text(TOLD))
    choose(page, "portrait-face", "1")
    wait_for(lambda: "number 1 is taken" in page.inner_text(TOLD))
    generate(page, "portrait")
    assert newest(served).recipe["prompt"]["face"] == 1


def test_a_photo_speaks(page, served, files):
    give(page, files / "one.png", "One face found.")
    wait_for(lambda: not page.is_visible("#portrait-face") and not page.is_visible("#portrait-head"))
    assert page.locator(f"{PHOTO} span.face.taken").count() == 1
    generate(page, "portrait")
    page.wait_for_selector("#portrait-picture .strip-of-film")
    ready = "document.querySelector('#portrait-picture video').duration > 0.5"
    wait_for(lambda: page.evaluate(ready))
    assert page.inner_text("#portrait-title h2") == "admiration"
    recipe = newest(served).recipe
    assert recipe["prompt"]["face"] == 0 and recipe["options"]["nose_width"] == 0.0
    assert Path(recipe["prompt"]["image"]).is_relative_to(served[1].folder / "page" / "uploads")


def test_quick_forms_are_ready_and_slow_ones_made_when_asked(page, served):
    for form in ("mp4", "csv", "json"):
        with page.expect_download() as download:
            page.click(f"#portrait-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")
    written = served[1].folder / "page" / "results" / newest(served).id
    assert not list(written.glob("*.gif")) and not page.is_visible("#portrait-download-gif")
    for button in ("#portrait-make-gif", "#portrait-download-gif"):
        with page.expect_download() as download:
            page.click(button)
        assert download.value.suggested_filename.endswith(".gif")
    assert not page.is_visible("#portrait-make-gif") and page.is_visible("#portrait-make-webm")


def test_settings_reach_the_backend(page, served):
    set_number(page, "portrait-pose-scale", 0.5)
    pick(page, "portrait-mouth-from", "Nothing")
    pick(page, "portrait-size", "upright")
    unfold(page, "Movement")
    keys = ("ArrowRight", "ArrowRight", "ArrowDown")
    press(
        page, "#portrait-gaze .gaze", keys, lambda: "10° right, 5° down" in page.inner_text("#portrait-gaze")
    )
    set_number(page, "portrait-blink-rate", 30)
    choose(page, "portrait-head-motion", "Lively")
    unfold(page, "Picture")
    choose(page, "portrait-background", "Colour")
    page.wait_for_timeout(300)  # what was dragged or typed last is still on its way
    generate(page, "portrait")
    recipe = newest(served).recipe
    expected = {"pose_scale": 0.5, "gaze_yaw": 10.0, "gaze_pitch": -5.0, "blink_rate": 30.0}
    expected |= {"head_motion": "lively", "width": 576, "height": 1024}
    assert {name: recipe["options"][name] for name in expected} == expected
    assert recipe["prompt"]["mouth_from"] == "nothing" and recipe["prompt"]["background"] == "#d9dee4"


def test_a_source_without_its_file_is_refused(page):
    assert not page.is_visible("#portrait-driving")
    pick(page, "portrait-pose-from", "A driving file")
    page.wait_for_selector("#portrait-driving")
    page.click("#portrait-generate")
    wait_for(lambda: "expected a driving file" in page.inner_text("#portrait-progress"))
    pick(page, "portrait-pose-from", "The voice")
    type_into(page, "portrait-size", "wide")
    page.keyboard.press("Tab")
    page.click("#portrait-generate")
    wait_for(lambda: "expected a size such as 512 x 512, got 'wide'" in page.inner_text("#portrait-progress"))
    pick(page, "portrait-size", "512")


def test_a_text_is_said(page, served):
    choose(page, "portrait-said", "A text")
    page.wait_for_selector("#portrait-text textarea")
    assert not page.is_visible("#portrait-audio")
    type_into(page, "portrait-text", "So you came.")
    generate(page, "portrait")
    prompt = newest(served).recipe["prompt"]
    assert prompt["text"] == "So you came." and Path(prompt["audio"]).parent.name == "inputs"


def test_two_feelings_with_one_seed_play_together(page, served):
    choose(page, "portrait-said", "A recording")
    unfold(page, "Compare two")
    pick(page, "portrait-a-feeling", "happy")
    type_into(page, "portrait-b-feeling", "bitter longing")
    page.keyboard.press("Tab")
    wait_for(lambda: page.input_value("#portrait-a-intensity input[type=number]") == "1")
    assert not page.is_visible("#portrait-in-step")
    page.click("#portrait-compare")
    page.wait_for_selector("#portrait-b-picture video.film")
    wait_for(lambda: page.is_enabled("#portrait-compare"))
    second, first = (entry.recipe for entry in served[1].list(limit=2))
    assert first["options"] == second["options"] and first["prompt"] == second["prompt"]
    assert page.inner_text("#portrait-a-title h2") == "joy"
    assert page.inner_text("#portrait-b-title h2") == "bitter longing"
    page.click("#portrait-in-step .play-both")
    wait_for(lambda: page.evaluate(f"{FILMS}.every((film) => film.currentTime > 0.1)"))
    times, muted = (page.evaluate(f"{FILMS}.map((film) => film.{what})") for what in ("currentTime", "muted"))
    assert abs(times[0] - times[1]) < 0.5 and muted == [False, True]
    page.locator("#portrait-in-step [data-side]").nth(1).click()
    wait_for(lambda: page.inner_text("#portrait-in-step .play-both") == "Play both")
    assert page.evaluate(f"{FILMS}.every((film) => film.paused && !film.muted)")


@pytest.mark.thorough
def test_settings_come_back_from_the_library(page, served, files):
    entry = next(entry for entry in served[1].list() if entry.recipe["prompt"]["face"] == 1)
    page.get_by_role("tab", name="Library").click()
    page.locator(f'.tile[data-entry="{entry.id}"]').click()
    page.wait_for_selector("#library-picture video.film")
    assert page.is_visible("#library-make-webm") and not page.is_visible("#library-download-mid")
    page.click("#use-recipe")
    page.wait_for_selector("#portrait-generate")
    wait_for(lambda: "2 faces found; number 1 is taken" in page.inner_text(TOLD))
    wait_for(lambda: page.input_value("#portrait-mouth-from input") == "The voice")
    assert "straight ahead" in page.inner_text("#portrait-gaze")
    wait_for(lambda: page.is_visible("#portrait-audio audio"))
    assert page.is_checked("#portrait-background input[value='Keep']")


def test_every_control_has_a_name(page):
    assert nameless(page) == []


@pytest.mark.thorough
def test_a_narrow_page_does_not_scroll_sideways(served, browser, files):
    page = open_page(browser, served[0], TAB, width=400, color_scheme="dark")
    tabs = page.get_by_role("tab").all()
    assert all(tab.evaluate("node => node.scrollWidth <= node.clientWidth") for tab in tabs)
    give(page, files / "two.png", "2 faces found")
    give_sound(page, files / "take.wav")
    generate(page, "portrait")
    page.wait_for_selector("#portrait-picture video.film")
    for section in ("Movement", "Picture", "Compare two"):
        unfold(page, section)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    for dial in page.locator(".dial").all():
        box = dial.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 400
    page.context.close()
