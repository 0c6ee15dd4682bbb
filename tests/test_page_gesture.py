"""The gesture tab in a real headless browser: sound or text, a body in 3D that is turned and played, its files."""

from __future__ import annotations

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

pytestmark = [needs_browser, pytest.mark.thorough]
TAB = "Gesture"
PLAYER = "#gesture-picture .body-player"
NO_WEBGL = """(() => {
    const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return kind === '2d' ? get.call(this, kind, ...more) : null;
    };
})()"""


@pytest.fixture(scope="module")
def take(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "take.wav"
    soundfile.write(path, hum("so you came", 140.0, (0.0, 0.0)).samples[0], SAMPLE_RATE)
    return path


def give_sound(page, path):
    if not page.locator("#gesture-audio audio").count():
        page.set_input_files("#gesture-audio input[type=file]", str(path))
        page.wait_for_selector("#gesture-audio audio", state="attached")


def known(page, name, player=PLAYER):
    return page.get_attribute(player, f"data-{name}")


def drawn(page, player=PLAYER):
    page.wait_for_selector(f"{player}[data-drawn]")
    wait_for(lambda: known(page, "at", player) is not None)


def shades(page, player=PLAYER):
    """Gives how many colours the player shows in its middle."""
    import io

    from PIL import Image

    picture = Image.open(io.BytesIO(page.locator(f"{player} .body-view").screenshot())).convert("RGB")
    width, height = picture.size
    middle = picture.crop((width // 3, height // 6, 2 * width // 3, height))
    return len(middle.getcolors(maxcolors=10**6))


def test_a_movement_is_asked_for_where_one_is_changed(page):
    assert not page.is_visible("#gesture-source")
    choose(page, "gesture-task", "Change a movement")
    page.wait_for_selector("#gesture-source")
    page.click("#gesture-generate")
    wait_for(lambda: "expected a source" in page.inner_text("#gesture-progress .message"))
    choose(page, "gesture-task", "New")
    wait_for(lambda: not page.is_visible("#gesture-source"))


def test_without_sound_the_body_moves_on_its_own_clock(page, served):
    generate(page, "gesture")
    drawn(page)
    assert page.locator(f"{PLAYER} audio").count() == 0 and "silent" in page.inner_text("#gesture-title")
    page.click(f"{PLAYER} .toggle")
    wait_for(lambda: float(known(page, "at")) > 0.2)
    page.click(f"{PLAYER} .toggle")
    wait_for(lambda: page.get_attribute(f"{PLAYER} .toggle", "aria-label") == "Play")
    assert newest(served).recipe["prompt"]["source"] == ""


def test_a_recording_moves_a_body(page, served, take):
    give_sound(page, take)
    generate(page, "gesture")
    drawn(page)
    assert known(page, "drawn") in ("webgl", "strokes") and shades(page) > 300
    assert page.inner_text("#gesture-title h2") == "admiration"
    assert newest(served).path.suffix == ".npz"


def test_the_body_moves_with_its_sound(page):
    page.wait_for_selector(f"{PLAYER} audio", state="attached")
    wait_for(lambda: page.evaluate(f"document.querySelector('{PLAYER} audio').duration > 0.5"))
    page.click(f"{PLAYER} .toggle")
    wait_for(lambda: float(known(page, "at")) > 0.2)
    wait_for(lambda: page.get_attribute(f"{PLAYER} .toggle", "aria-label") == "Play")  # it has ended
    heard = page.evaluate(f"document.querySelector('{PLAYER} audio').currentTime")
    assert abs(float(known(page, "at")) - heard) < 0.2


def test_the_bar_jumps_and_the_playhead_goes_along(page):
    page.locator(f"{PLAYER} .body-at").fill("0.3")
    wait_for(lambda: abs(float(known(page, "at")) - 0.3) < 0.06)
    wait_for(
        lambda: page.evaluate("document.querySelector('#gesture-picture .playhead').style.opacity") == "1"
    )


def test_keys_and_a_drag_turn_the_body(page):
    start = float(known(page, "turned"))
    view = f"{PLAYER} .body-view"
    press(page, view, ("ArrowRight", "ArrowRight"), lambda: float(known(page, "turned")) < start - 0.3)
    page.keyboard.press("Home")
    wait_for(lambda: float(known(page, "turned")) == start)
    box = page.locator(view).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 120, box["y"] + 100, steps=4)
    page.mouse.up()
    wait_for(lambda: float(known(page, "turned")) > start + 0.5)
    page.click(f"{PLAYER} .front")
    wait_for(lambda: float(known(page, "turned")) == start)


def test_quick_forms_are_ready_and_a_film_is_made_when_asked(page, served):
    for form in ("glb", "bvh", "json"):
        with page.expect_download() as download:
            page.click(f"#gesture-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")
    written = served[1].folder / "page" / "results" / newest(served).id
    assert not list(written.glob("*.mp4"))
    with page.expect_download() as download:
        page.click("#gesture-make-mp4")
    assert download.value.suggested_filename.endswith(".mp4")


def test_settings_reach_the_backend(page, served):
    set_number(page, "gesture-hand-scale", 1.5)
    page.wait_for_timeout(300)  # what was typed last is still on its way
    generate(page, "gesture")
    assert newest(served).recipe["options"]["hand_scale"] == 1.5


def test_a_text_is_said(page, served):
    choose(page, "gesture-said", "A text")
    page.wait_for_selector("#gesture-text textarea")
    type_into(page, "gesture-text", "So you came.")
    generate(page, "gesture")
    drawn(page)
    assert newest(served).recipe["prompt"]["text"] == "So you came."
    choose(page, "gesture-said", "A recording")


def test_two_feelings_play_together(page, served, take):
    give_sound(page, take)
    unfold(page, "Compare two")
    page.click("#gesture-compare")
    for side in ("a", "b"):
        drawn(page, f"#gesture-{side}-picture .body-player")
    wait_for(lambda: page.is_enabled("#gesture-compare"))
    page.click("#gesture-in-step .play-both")
    places = [f"#gesture-{side}-picture .body-player" for side in ("a", "b")]
    wait_for(lambda: all(float(known(page, "at", place)) > 0.2 for place in places))
    assert abs(float(known(page, "at", places[0])) - float(known(page, "at", places[1]))) < 0.4
    wait_for(lambda: page.inner_text("#gesture-in-step .play-both") == "Play both")


def test_the_library_shows_it_again(page, served):
    entry = next(entry for entry in served[1].list() if entry.recipe["prompt"]["text"])
    page.get_by_role("tab", name="Library").click()
    page.locator(f'.tile[data-entry="{entry.id}"]').click()
    drawn(page, "#library-picture .body-player")
    assert page.is_visible("#library-download-glb") and page.is_visible("#library-make-mp4")
    page.click("#use-recipe")
    page.wait_for_selector("#gesture-generate")
    wait_for(lambda: page.input_value("#gesture-text textarea") == "So you came.")


def test_every_control_has_a_name(page):
    assert nameless(page) == []


def test_a_narrow_page_without_webgl_draws_strokes(served, browser, take):
    page = open_page(browser, served[0], TAB, width=400, color_scheme="dark")
    page.evaluate(NO_WEBGL)
    give_sound(page, take)
    generate(page, "gesture")
    drawn(page)
    assert known(page, "drawn") == "strokes" and shades(page) > 50
    for section in ("Manner and body", "Compare two"):
        unfold(page, section)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.problems == []
    page.context.close()
