"""The conversion tab in a real headless browser: give a recording, see and hear it before and after."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from page_driver import (
    choose,
    generate,
    nameless,
    needs_browser,
    newest,
    open_page,
    wait_for,
)
from standin_speech import SAMPLE_RATE, hum

pytestmark = [needs_browser, pytest.mark.thorough]
TAB = "Conversion"
PICTURE = "#conversion-picture"
DIVIDER = f"{PICTURE} input[type=range]"
AT = f"document.querySelector('{PICTURE} .before-after').style.getPropertyValue('--at')"


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    """Gives two recordings, one of them of two channels, and a file that is no sound."""
    folder = tmp_path_factory.mktemp("takes")
    sound = hum("so that is what they said to me", 140.0, (0.0, 0.0)).samples[0]
    soundfile.write(folder / "take.wav", sound, SAMPLE_RATE)
    soundfile.write(folder / "both sides.wav", np.stack([sound, 0.5 * sound], 1), SAMPLE_RATE)
    (folder / "broken.wav").write_bytes(b"RIFF and nothing more")
    return folder


def give(page, path, block="conversion-audio"):
    """Puts a file into the box, in place of the one there."""
    if page.locator(f"#{block} [aria-label='Clear']").count():
        page.click(f"#{block} [aria-label='Clear']")
        page.wait_for_selector(f"#{block} input[type=file]", state="attached")
    page.set_input_files(f"#{block} input[type=file]", str(path))
    page.wait_for_selector(f"#{block} audio", state="attached")


def test_nothing_given_shows_what_was_expected(page):
    page.click("#conversion-generate")
    wait_for(lambda: "audio" in page.inner_text("#conversion-progress .message"))
    assert page.is_enabled("#conversion-generate")


def test_a_recording_is_converted_and_shown_before_and_after(page, served, takes):
    give(page, takes / "take.wav")
    generate(page, "conversion")
    page.wait_for_selector(f"{PICTURE} .before-after")
    assert page.inner_text("#conversion-title h2") == "admiration"
    for side in ("before", "after"):
        assert page.locator(f"{PICTURE} .pane.{side} .line.f0").count() == 1
        style = page.get_attribute(f"{PICTURE} .pane.{side} .shade", "style")
        assert "mask-image" in style and "data:image/png;base64," in style
    legend = page.inner_text(f"{PICTURE} .legend")
    assert "before: " in legend and " Hz, 2.4 s" in legend and " Hz, 2.2 s" in legend
    assert page.locator("#conversion-title .warnings").count() == 0
    recipe = newest(served).recipe
    assert Path(recipe["prompt"]["audio"]).is_relative_to(served[1].folder / "page" / "uploads")


def test_it_can_be_had_in_every_form(page):
    assert page.locator("#conversion-download-srt").count() == 0
    for form in ("wav", "flac", "mp3", "json", "png"):
        with page.expect_download() as download:
            page.click(f"#conversion-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")


def test_the_divider_by_keyboard_and_by_drag(page):
    page.focus(DIVIDER)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(AT) == "51%" and "51" in page.get_attribute(DIVIDER, "aria-valuetext")
    page.keyboard.press("End")
    assert page.evaluate(AT) == "100%"
    box = page.locator(f"{PICTURE} .stack").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.9, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, middle, steps=5)
    page.mouse.up()
    assert page.evaluate(AT) == "25%"
    handle = page.locator(f"{PICTURE} .divider").bounding_box()
    assert abs(handle["x"] + handle["width"] / 2 - box["x"] - box["width"] * 0.25) < 5
    assert page.evaluate("document.querySelector('#conversion-sound audio').currentTime") == 0


def test_either_side_is_heard_and_never_both(page):
    before, after = (page.locator(f"{PICTURE} .hear[data-side={side}]") for side in ("before", "after"))
    paused = f"""() => ['{PICTURE} audio.before', '#conversion-sound audio'].map(
        (name) => document.querySelector(name).paused)"""
    before.click()
    wait_for(lambda: before.get_attribute("aria-pressed") == "true")
    assert page.evaluate(paused) == [False, True]
    after.click()
    wait_for(lambda: after.get_attribute("aria-pressed") == "true")
    assert page.evaluate(paused) == [True, False]
    before.click()
    wait_for(lambda: before.get_attribute("aria-pressed") == "true")
    page.evaluate("document.querySelector('#conversion-sound audio').play()")
    wait_for(lambda: page.evaluate(paused) == [True, False])
    after.click()
    wait_for(lambda: after.get_attribute("aria-pressed") == "false")


def test_settings_reach_the_backend_and_warnings_the_page(page, served, takes):
    give(page, takes / "both sides.wav")
    page.check("#conversion-keep-timing input")
    page.click("#conversion-source-emotion input")
    page.locator("[role=option]", has_text="Sadness").click()
    generate(page, "conversion")
    wait_for(lambda: page.locator("#conversion-title .warnings li").count() == 1)
    assert page.inner_text("#conversion-title .warnings") == "2 channels were mixed into one"
    prompt = newest(served).recipe["prompt"]
    assert prompt["keep_timing"] is True and prompt["source_emotion"] == "sadness"
    assert page.inner_text(f"{PICTURE} .legend").count("2.4 s") == 2


def test_a_broken_file_is_refused_in_words(page, takes):
    page.click("#conversion-audio [aria-label='Clear']")
    page.set_input_files("#conversion-audio input[type=file]", str(takes / "broken.wav"))
    page.wait_for_selector("#conversion-audio audio", state="attached")
    page.click("#conversion-generate")
    wait_for(lambda: "sound file, got 'broken.wav'" in page.inner_text("#conversion-progress"))


def test_two_intensities_of_one_recording(page, served, takes):
    give(page, takes / "take.wav")
    page.locator("button.label-wrap:visible", has_text="Compare two intensities").click()
    page.click("#conversion-compare")
    page.wait_for_selector("#conversion-b-picture .before-after")
    assert page.locator("#conversion-a-picture .before-after").count() == 1
    wait_for(lambda: page.is_enabled("#conversion-compare"))


def test_settings_come_back_from_the_library(page, served):
    page.uncheck("#conversion-keep-timing input")
    entry = next(entry for entry in served[1].list() if entry.recipe.get("warnings"))
    page.get_by_role("tab", name="Library").click()
    page.locator(f'.tile[data-entry="{entry.id}"]').click()
    page.wait_for_selector("#library-picture .before-after")
    assert "mixed into one" in page.inner_text("#library-title .warnings")
    page.click("#use-recipe")
    page.wait_for_selector("#conversion-generate")
    wait_for(lambda: page.input_value("#conversion-source-emotion input") == "Sadness")
    assert page.is_checked("#conversion-keep-timing input")
    source = page.get_attribute("#conversion-audio audio", "src")
    assert "both%20sides.wav" in source or "both sides.wav" in source


def test_a_result_whose_recording_is_gone_is_shown_alone(page, served):
    entry = served[1].list()[-1]
    Path(entry.recipe["prompt"]["audio"]).unlink()
    page.get_by_role("tab", name="Library").click()
    page.locator(f'.tile[data-entry="{entry.id}"]').click()
    page.wait_for_selector("#library-picture .picture.wave")
    assert page.locator("#library-picture audio.before").count() == 0
    page.get_by_role("tab", name="Conversion").click()


def test_a_recording_from_the_microphone(served, browser):
    page = open_page(browser, served[0], TAB, permissions=["microphone"])
    page.click("#conversion-audio [aria-label='Record audio']")
    page.locator("#conversion-audio button", has_text="Record").click()
    page.wait_for_timeout(1500)
    page.locator("#conversion-audio button:visible", has_text="Stop").first.click()
    page.wait_for_selector("#conversion-audio audio", state="attached")
    generate(page, "conversion")
    page.wait_for_selector(f"{PICTURE} .before-after")
    assert page.problems == []
    page.context.close()


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_narrow_page_does_not_scroll_sideways(served, browser, takes, look):
    page = open_page(browser, served[0], TAB, width=400, color_scheme=look)
    tabs = page.get_by_role("tab").all()
    assert all(tab.evaluate("node => node.scrollWidth <= node.clientWidth") for tab in tabs)
    give(page, takes / "take.wav")
    choose(page, "mode", "Name")
    generate(page, "conversion")
    page.wait_for_selector(f"{PICTURE} .before-after")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.context.close()


def test_every_control_has_a_name(page):
    assert nameless(page) == []


def test_the_conversion_api(served, takes):
    from gradio_client import Client, handle_file
    from gradio_client.exceptions import AppError

    client = Client(served[0], verbose=False, httpx_kwargs={"timeout": 120})
    sound, exact, recipe = client.predict(
        emotion="sad", audio=handle_file(takes / "take.wav"), seed=3, api_name="/generate_conversion"
    )
    assert Path(sound).read_bytes()[:4] == b"RIFF" and Path(exact).suffix == ".flac"
    assert recipe["options"]["seed"] == 3 and list(recipe["inputs"]) == ["audio"]
    with pytest.raises(AppError, match="no 'audio' among the options"):
        client.predict(
            audio=handle_file(takes / "take.wav"),
            options={"audio": str(takes / "take.wav")},
            api_name="/generate_conversion",
        )
