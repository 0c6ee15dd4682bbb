"""The scene tab in a real headless browser: a script and its speakers, the film, its board, parts made again alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
from page_driver import (
    choose,
    generate,
    message,
    nameless,
    needs_browser,
    newest,
    type_into,
    wait_for,
)
from standin_speech import SAMPLE_RATE, hum

pytestmark = [needs_browser, pytest.mark.thorough]
TAB = "Scene"
SCRIPT = "ANNA: You came back to me.\nBEN (angry 0.7): I hate what they did to her!"
SEATS = "#scene-cast li"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    from PIL import Image

    folder = tmp_path_factory.mktemp("files")
    Image.new("RGB", (96, 96), "navy").save(folder / "anna.png")
    soundfile.write(folder / "ben.wav", hum("so you came", 140.0, (0.0, 0.0)).samples[0], SAMPLE_RATE)
    (folder / "play.txt").write_text("CLEO: Nobody told me.\n", encoding="utf-8")
    return folder


def names(page):
    return page.locator(f"{SEATS} b").all_inner_texts()


def write(page, text):
    type_into(page, "scene-text", text)
    page.keyboard.press("Tab")


def test_an_example_is_there_and_nothing_to_say_is_refused(page):
    assert names(page) == ["ANNA", "BEN"]
    write(page, "ANNA: ...")
    page.click("#scene-generate")
    wait_for(lambda: "expected" in message(page, "scene-progress"))


def test_who_speaks_gets_a_voice_a_photo_and_a_feeling(page, files):
    write(page, SCRIPT)
    wait_for(lambda: "2 lines, 2 speakers, 12 words" in page.inner_text("#scene-script-told"))
    with page.expect_file_chooser() as chooser:
        page.locator(f"{SEATS} .seat-photo").first.click()
    chooser.value.set_files(files / "anna.png")
    page.wait_for_selector(f"{SEATS} .seat-photo img")
    loaded = f"document.querySelector('{SEATS} .seat-photo img').naturalWidth"
    wait_for(lambda: page.evaluate(loaded) == 96)
    with page.expect_file_chooser() as chooser:
        page.locator(f"{SEATS} .voice").nth(1).select_option("recording")
    chooser.value.set_files(files / "ben.wav")
    wait_for(lambda: "ben.wav" in page.locator(f"{SEATS}").nth(1).locator("option:checked").inner_text())
    page.locator(f"{SEATS} .feels").first.fill("0:calm, 2:hopeful 0.8")
    page.keyboard.press("Tab")


def test_a_scene_is_made_with_its_board_and_parts(page, served):
    generate(page, "scene")
    page.wait_for_selector("#scene-picture video.film")
    assert (
        page.inner_text("#scene-title h2") == "admiration"
        and page.locator("#scene-picture .board li").count() == 2
    )
    assert "ANNA" in page.inner_text("#scene-picture .board") and "anger (0.7)" in page.inner_text(
        "#scene-picture .board"
    )
    assert page.locator("#scene-parts li").count() == 3
    prompt = newest(served).recipe["prompt"]
    felt = json.loads(prompt["speaker_emotions"])["ANNA"]["keyframes"]
    assert [time for time, _ in felt] == [0.0, 2.0] and prompt["text"] == SCRIPT
    voices = json.loads(Path(prompt["voices"]).read_text())
    assert voices["ANNA"]["image"] == "photo-1.png" and voices["BEN"]["voice"] == "voice-2.wav"
    for form in ("mp4", "srt", "png", "json"):
        with page.expect_download() as download:
            page.click(f"#scene-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")


def test_each_part_is_heard_or_seen_alone(page):
    for part, player in (("1 speech", "audio"), ("1 portrait", "video"), ("score", "audio")):
        page.click(f"#scene-parts [data-show='{part}']")
        page.wait_for_selector(f"#scene-part {player}", state="attached")
        wait_for(
            lambda player=player: page.evaluate(
                f"document.querySelector('#scene-part {player}').duration > 0.3"
            )
        )
    page.click("#scene-parts [data-show='2 gesture']")
    page.wait_for_selector("#scene-part .body-player")
    assert page.get_attribute("#scene-parts [data-show='2 gesture']", "aria-pressed") == "true"
    page.click("#scene-parts [data-show='2 gesture']")
    wait_for(lambda: page.locator("#scene-part .body-player").count() == 0)


def test_one_part_is_made_again_alone(page, served):
    before = scene_of(served)
    page.click("#scene-parts [data-again='2 speech']")
    wait_for(lambda: newest(served).recipe["options"]["takes"] == '{"2 speech": 1}')
    wait_for(lambda: page.is_enabled("#scene-generate"))
    after = scene_of(served)
    changed = [
        (shot["number"], name)
        for shot, old in zip(after["shots"], before["shots"], strict=True)
        for name in shot["parts"]
        if shot["parts"][name] != old["parts"][name]
    ]
    assert changed == [(2, "speech")] and after["score"] == before["score"]
    assert "take 2" in page.inner_text("#scene-parts [data-show='2 speech']")


def scene_of(served):
    return json.loads(newest(served).path.with_suffix(".json").read_text())


def test_the_feeling_changes_over_the_scene(page, served):
    page.click("#scene-curve")
    wait_for(lambda: page.is_visible("#keyframes"))
    wait_for(lambda: "calm" in page.inner_text("#feeling-now"))
    generate(page, "scene")
    assert "keyframes" in newest(served).recipe["emotion"]


def test_settings_come_back_from_the_library(page, served):
    page.get_by_role("tab", name="Library").click()
    page.locator(f'.tile[data-entry="{newest(served).id}"]').click()
    page.wait_for_selector("#library-picture .board")
    page.get_by_role("tab", name="Scene").click()
    write(page, "DORA: Who am I?")
    wait_for(lambda: names(page) == ["DORA"])
    page.get_by_role("tab", name="Library").click()
    page.click("#use-recipe")
    wait_for(lambda: names(page) == ["ANNA", "BEN"])
    assert page.input_value("#scene-text textarea") == SCRIPT
    assert page.locator(f"{SEATS} .feels").first.input_value() == "0:calm; 2:hope 0.8"
    page.wait_for_selector(f"{SEATS} .seat-photo img")


def test_a_script_comes_from_a_file(page, served, files):
    choose(page, "scene-script-from", "From a file")
    page.set_input_files("#scene-script input[type=file]", str(files / "play.txt"))
    wait_for(lambda: names(page) == ["CLEO"])
    generate(page, "scene")
    assert newest(served).recipe["prompt"]["script"].endswith("play.txt")


def test_every_control_has_a_name_and_a_narrow_page_does_not_scroll_sideways(page):
    assert nameless(page) == []
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
