"""The speech tab in a real headless browser: a text, its parts, a feeling for each sentence, A and B."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from page_driver import (
    choose,
    generate,
    needs_browser,
    newest,
    open_page,
    set_number,
    type_into,
    wait_for,
)

pytestmark = needs_browser
TEXT = "It was so kind of you to help me. I hate what they did to her!"


@pytest.fixture(scope="module")
def page(served, browser):
    opened = open_page(browser, served[0], "Speech")
    type_into(opened, "speech-text", TEXT)
    yield opened
    assert opened.problems == []


def test_a_text_is_said_and_can_be_had_in_every_form(page, served):
    generate(page, "speech")
    page.wait_for_selector("#speech-sound audio", state="attached")
    assert page.inner_text("#speech-title h2") == "admiration"
    assert "16 words" in page.inner_text("#speech-title .facts")
    assert page.locator("#speech-picture .line.f0").count() == 1
    assert "kind" in page.inner_text("#speech-picture .ruler")
    for form in ("wav", "flac", "mp3", "srt", "json", "png"):
        with page.expect_download() as download:
            page.click(f"#speech-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")
    recipe = newest(served).recipe
    assert recipe["prompt"]["text"] == TEXT and recipe["prompt"]["emotions"] == ""


def test_words_above_the_picture_never_lie_over_one_another(page):
    """In a window too narrow for all of them some are hidden, and come back in a wide one."""
    words, shown = page.locator("#speech-picture .ruler span"), {}
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        boxes = [word.bounding_box() for word in words.all() if word.is_visible()]
        ends = [box["x"] + box["width"] for box in boxes]
        assert all(box["x"] > end for box, end in zip(boxes[1:], ends, strict=False))
        shown[width] = len(boxes)
    assert 1 < shown[400] < shown[1280] <= words.count()


def test_finished_parts_can_be_heard_while_the_rest_is_made(page):
    type_into(page, "speech-text", " ".join([TEXT] * 10))
    page.click("#speech-generate")
    page.wait_for_selector("#speech-live .live:not([hidden])")
    page.click("#speech-live button")
    wait_for(lambda: page.get_attribute("#speech-live button", "aria-label") == "Pause")
    wait_for(lambda: "s ready" in page.inner_text("#speech-live [role=status]"))
    page.click("#speech-live button")
    page.click("#speech-cancel")
    wait_for(lambda: "Cancelled" in page.inner_text("#speech-progress"))
    wait_for(lambda: page.locator("#speech-live .live:not([hidden])").count() == 0)
    type_into(page, "speech-text", TEXT)


def test_every_sentence_has_a_feeling_that_can_be_changed(page, served):
    choose(page, "speech-feeling-from", "Each sentence")
    page.wait_for_selector("#speech-strip li:nth-child(2)")
    read = [page.locator("#speech-strip input[type=text]").nth(row).input_value() for row in (0, 1)]
    assert all(read) and read[0] != read[1]
    second = page.locator("#speech-strip input[type=text]").nth(1)
    second.fill("60% sadd, 40% angry")
    second.press("Tab")
    wait_for(lambda: "did you mean" in page.inner_text("#speech-strip li:nth-child(2) .problem"))
    page.click("#speech-generate")
    wait_for(lambda: "sentence 2" in page.inner_text("#speech-progress"))
    second.fill("calm")
    second.press("Tab")
    wait_for(lambda: not page.inner_text("#speech-strip li:nth-child(2) .problem"))
    type_into(page, "speech-text", f"{TEXT} Oh!")
    page.locator("#speech-text textarea").blur()
    page.wait_for_selector("#speech-strip li:nth-child(3)")
    assert second.input_value() == "calm"
    generate(page, "speech")
    pairs = json.loads(newest(served).recipe["prompt"]["emotions"])
    assert len(pairs) == 3 and pairs[0][0] == read[0] and pairs[1] == ["calm", pairs[1][1]]


def test_two_intensities_with_one_seed(page, served):
    choose(page, "speech-feeling-from", "The panel")
    page.locator("button.label-wrap:visible", has_text="Compare two intensities").click()
    set_number(page, "speech-a-intensity", 0.2)
    page.click("#speech-compare")
    page.wait_for_selector("#speech-b-sound audio", state="attached")
    wait_for(lambda: page.is_enabled("#speech-compare"))
    second, first = (entry.recipe for entry in served[1].list(limit=2))
    assert (first["emotion"]["intensity"], second["emotion"]["intensity"]) == (0.2, 1.0)
    assert first["options"] == second["options"] and first["prompt"] == second["prompt"]
    assert "(0.2)" in page.inner_text("#speech-a-title h2")


@pytest.mark.parametrize(
    ("text", "expected"), [("", "text"), ("?!…", "only symbols"), ("Привет, мир", "Latin")]
)
def test_bad_texts_show_what_was_expected(page, text, expected):
    type_into(page, "speech-text", text)
    page.click("#speech-generate")
    wait_for(lambda: expected in page.inner_text("#speech-progress .message"))
    assert page.is_enabled("#speech-generate")
    type_into(page, "speech-text", TEXT)


def test_a_length_in_seconds(page, served):
    choose(page, "speech-length-in", "seconds")
    wait_for(lambda: page.input_value("#speech-length input") == "4")
    generate(page, "speech")
    recipe = newest(served).recipe
    assert recipe["prompt"]["duration_s"] == 4.0 and recipe["options"]["speed"] == 1.0
    choose(page, "speech-length-in", "speed")


@pytest.mark.thorough
def test_settings_come_back_from_the_library(page, served):
    entry = next(entry for entry in served[1].list() if entry.recipe["prompt"]["emotions"])
    page.get_by_role("tab", name="Library").click()
    page.locator(f'.tile[data-entry="{entry.id}"]').click()
    page.wait_for_selector("#library-sound audio", state="attached")
    assert not page.is_visible("#library-download-mid") and page.is_visible("#library-download-srt")
    page.click("#use-recipe")
    page.wait_for_selector("#speech-strip li:nth-child(3)")
    assert page.input_value("#speech-text textarea") == f"{TEXT} Oh!"
    assert page.locator("#speech-strip input[type=text]").nth(1).input_value() == "calm"
    assert page.input_value("#speech-seed input") == str(entry.recipe["options"]["seed"])


def test_the_feeling_stays_when_another_medium_is_chosen(page):
    choose(page, "mode", "Words")
    type_into(page, "words", "quiet pride")
    wait_for(lambda: "quiet pride" in page.inner_text("#feeling-now"))
    page.get_by_role("tab", name="Music").click()
    page.wait_for_selector("#music-generate")
    assert page.locator("#pad").count() == 1 and "quiet pride" in page.inner_text("#feeling-now")
    assert page.locator("#music-seed").count() == page.locator("#speech-seed").count() == 1
    page.get_by_role("tab", name="Speech").click()


@pytest.mark.thorough
def test_words_and_voice_together_become_the_feeling(page, served, tmp_path):
    import soundfile
    from made_up_voice import RATE, make_voice

    soundfile.write(tmp_path / "take.wav", make_voice(), RATE)
    page.locator("#both button.label-wrap").click()
    assert page.is_disabled("#both-use")
    page.fill("#both-said textarea", "I am so happy that you came!")
    page.set_input_files("#both-take input[type=file]", tmp_path / "take.wav")
    wait_for(lambda: "The voice" in page.inner_text("#both-shown"))
    assert "joy" in page.inner_text("#both-shown .reading")
    set_number(page, "both-weight", 1)
    parts = page.locator("#both-shown .reading .place")
    wait_for(lambda: parts.last.inner_text() == parts.first.inner_text())
    page.click("#both-use")
    wait_for(lambda: "said in take.wav" in page.inner_text("#feeling-now"))
    assert page.is_checked("#mode input[value='A file']")
    choose(page, "speech-feeling-from", "The panel")
    generate(page, "speech")
    recipe = newest(served).recipe
    assert {"text-encoder", "speech-encoder"} <= set(recipe["weights"])
    assert "said in take.wav" in recipe["emotion"]["source"]
    page.locator("#both button.label-wrap").click()
    choose(page, "mode", "Words")


def test_the_speech_api(served):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(served[0], verbose=False, httpx_kwargs={"timeout": 120})
    sound, exact, recipe = client.predict(
        emotion="sad", text=TEXT, voice="kerstin", seed=3, options={"speed": 1.2}, api_name="/generate_speech"
    )
    assert Path(sound).read_bytes()[:4] == b"RIFF" and Path(exact).suffix == ".flac"
    assert recipe["prompt"]["voice"] == "kerstin" and recipe["options"]["speed"] == 1.2
    with pytest.raises(AppError, match="kathleen"):
        client.predict(text=TEXT, voice="kathlen", api_name="/generate_speech")
