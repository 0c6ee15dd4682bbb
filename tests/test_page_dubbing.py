"""The dubbing tab in a real headless browser: files, rows, timeline, plan, lines that are made and made again."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import soundfile
from film_material import film, tone
from page_driver import (
    choose,
    generate,
    message,
    nameless,
    needs_browser,
    newest,
    open_page,
    wait_for,
)
from standin_speech import SAMPLE_RATE, hum

pytestmark = needs_browser
TAB = "Dubbing"
SCRIPT = """1
00:00:00,500 --> 00:00:02,900
<v Anna>[sad 0.7] You came back to me

2
00:00:03,000 --> 00:00:04,500
<v Ben>I hate what they did to her!

3
00:00:06,000 --> 00:00:05,000
<v Ben>Backwards

4
00:00:06,000 --> 00:00:07,000
<v Anna>One two three four five six seven eight
"""
ROWS = "#dubbing-desk .desk-lines li"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "talk.vtt").write_text("WEBVTT\n\n" + SCRIPT.replace(",", "."), encoding="utf-8")
    (folder / "talk.yaml").write_text(
        "Anna: kathleen\nBen: {voice: ben.wav, gain_db: -3}\n", encoding="utf-8"
    )
    (folder / "broken.json").write_text("{not a script", encoding="utf-8")
    soundfile.write(folder / "ben.wav", hum("so you came", 140.0, (0.0, 0.0)).samples[0], SAMPLE_RATE)
    shutil.copyfile(film(200, 25.0, tone(8.0)).file, folder / "film.mp4")
    return folder


def dub_of(served):
    entry = newest(served)
    return json.loads(entry.path.with_suffix(".json").read_text())


def row(page, number):
    return page.locator(ROWS).nth(number - 1)


def give(page, *paths):
    remove = page.locator("#dubbing-script button[aria-label='Clear']")
    if remove.count():
        remove.click()
    page.set_input_files("#dubbing-script input[type=file]", [str(path) for path in paths])


def set_field(page, number, name, value):
    field = row(page, number).locator(name)
    field.fill(value)
    field.press("Tab")


def states(page):
    return [
        row(page, number + 1).locator(".state").inner_text() for number in range(page.locator(ROWS).count())
    ]


def test_no_script_and_a_broken_one_say_what_was_expected(page, files):
    page.click("#dubbing-generate")
    wait_for(lambda: "expected" in message(page, "dubbing-progress"))
    give(page, files / "broken.json")
    assert "expected" in message(page, "dubbing-script-told")
    assert page.locator(ROWS).count() == 0


def test_files_become_rows_and_speakers(page, files):
    give(page, files / "talk.vtt", files / "talk.yaml", files / "ben.wav")
    page.wait_for_selector(ROWS)
    assert page.locator(ROWS).count() == 4
    first, second = row(page, 1), row(page, 2)
    assert first.locator(".at").first.input_value() == "0:00.500"
    assert first.locator(".feeling-box input").input_value() == "sad"
    assert first.locator("input[type=range]").input_value() == "0.7"
    assert not first.locator(".suggested").is_visible() and second.locator(".suggested").is_visible()
    assert second.locator(".feeling-box input").input_value() == "anger"
    assert "expected an end after the start" in row(page, 3).locator(".problem").inner_text()
    assert page.locator("#dubbing-cast li b").all_inner_texts() == ["Anna", "Ben"]
    assert "ben.wav" in page.locator("#dubbing-cast li").nth(1).locator("option:checked").inner_text()
    assert page.locator("#dubbing-desk .cue").count() == 3 and page.locator(".cue.conflict").count() == 0


def test_a_line_that_cannot_be_dubbed_does_not_stop_the_plan(page):
    page.click("#dubbing-plan")
    wait_for(lambda: "1 cannot be dubbed" in page.inner_text("#dubbing-plan-told"))
    assert page.locator("#dubbing-desk .cue .said").count() == 3
    assert "expected an end after the start" in row(page, 3).locator(".problem").inner_text()


def test_suggestions_go_and_come_back(page):
    choose(page, "dubbing-unsaid", "As the panel says")
    wait_for(lambda: row(page, 2).locator(".feeling-box input").input_value() == "")
    assert row(page, 1).locator(".feeling-box input").input_value() == "sad"
    choose(page, "dubbing-unsaid", "As their words read")
    wait_for(lambda: row(page, 2).locator(".feeling-box input").input_value() == "anger")


def test_a_row_is_changed_and_a_bad_feeling_told_at_once(page):
    colour = row(page, 1).evaluate("node => node.style.getPropertyValue('--feeling')")
    set_field(page, 1, ".feeling-box input", "{sad")
    wait_for(lambda: "expected" in row(page, 1).locator(".problem").inner_text())
    set_field(page, 1, ".feeling-box input", "furious rage")
    wait_for(
        lambda: row(page, 1).evaluate("node => node.style.getPropertyValue('--feeling')") not in ("", colour)
    )
    assert row(page, 1).locator(".problem").inner_text() == ""
    set_field(page, 3, ".at >> nth=1", "7.9")
    wait_for(lambda: "expected" not in row(page, 3).locator(".problem").inner_text())
    assert row(page, 3).locator(".at").nth(1).input_value() == "0:07.900"
    set_field(page, 3, ".who", "Cleo")
    wait_for(lambda: page.locator("#dubbing-cast li b").all_inner_texts() == ["Anna", "Ben", "Cleo"])
    assert page.locator("#dubbing-desk .times-names span").all_inner_texts() == ["Anna", "Ben", "Cleo"]


def test_lines_are_added_and_removed(page):
    row(page, 4).locator(".act.add").click()
    assert page.locator(ROWS).count() == 5
    assert page.evaluate("document.activeElement.className").startswith("field words")
    row(page, 5).locator(".act.gone").click()
    wait_for(lambda: page.locator(ROWS).count() == 4)


def test_the_plan_names_what_does_not_fit(page):
    page.click("#dubbing-plan")
    wait_for(lambda: "4 lines planned" in page.inner_text("#dubbing-plan-told"))
    assert "1 in conflict" in page.inner_text("#dubbing-plan-told")
    assert re.search(r"said in 1\.\d\d s of 2\.40 s", row(page, 1).locator(".fit").inner_text())
    assert (
        row(page, 4).locator(".problem").inner_text()
        and page.locator("#dubbing-desk .cue .said").count() == 4
    )
    page.locator("#dubbing-desk .only input").check()
    assert page.locator(ROWS).count() == 1
    page.locator("#dubbing-desk .only input").uncheck()


def test_the_timeline_is_walked_with_keys(page):
    scroller = page.locator("#dubbing-desk .times-scroll")
    scroller.focus()
    for key in ("Home", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.value") == "I hate what they did to her!"
    wide = page.locator("#dubbing-desk .times-scroll svg").get_attribute("width")
    page.locator("#dubbing-desk [data-zoom='2']").click()
    assert int(page.locator("#dubbing-desk .times-scroll svg").get_attribute("width")) > 1.5 * int(wide)
    page.locator("#dubbing-desk [data-zoom='0']").click()


def test_every_line_is_made_and_heard(page, served):
    generate(page, "dubbing")
    wait_for(lambda: states(page) == ["made"] * 4)
    assert page.inner_text("#dubbing-title h2") == "Anna, Ben and Cleo"
    assert page.locator("#dubbing-picture .dub .heard").count() == 4
    found = dub_of(served)
    assert [line["state"] for line in found["lines"]] == ["done"] * 4
    assert [line["speaker"] for line in found["lines"]] == ["Anna", "Ben", "Cleo", "Anna"]
    assert found["lines"][1]["voice"].endswith("voice-2.wav") and found["lines"][1]["gain_db"] == -3.0
    page.wait_for_selector("#dubbing-sound audio", state="attached")
    row(page, 2).locator(".act.play").click()
    wait_for(lambda: page.evaluate("document.querySelector('#dubbing-desk audio').currentTime > 0.05"))
    assert row(page, 2).locator(".act.play").get_attribute("aria-pressed") == "true"
    row(page, 2).locator(".act.play").click()
    assert page.evaluate("document.querySelector('#dubbing-desk audio').paused")


def test_one_line_is_said_another_way_and_the_others_are_kept(page, served):
    row(page, 1).locator(".act.again").click()
    wait_for(lambda: states(page) == ["made", "kept", "kept", "kept"])
    # The rows say so a moment before the library has it.
    wait_for(lambda: [line["take"] for line in dub_of(served)["lines"]] == [1, 0, 0, 0])


def test_everything_can_be_taken_away(page):
    for form in ("wav", "mp3", "srt", "vtt", "ass", "json", "png"):
        with page.expect_download() as download:
            page.click(f"#dubbing-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")
    with page.expect_download() as download:
        page.click("#dubbing-make-zip")
    assert download.value.suggested_filename.endswith(".zip")
    page.click("#dubbing-save-form input")
    page.locator("[role=option]", has_text="VTT").click()
    with page.expect_download() as download:
        page.click("#dubbing-save")
    text = download.value.path().read_text()
    assert "furious rage" in text and "Cleo" in text and "One two three" in text


def test_a_film_gets_its_new_sound(page, served, files):
    page.set_input_files("#dubbing-video input[type=file]", str(files / "film.mp4"))
    wait_for(lambda: "film.mp4" in page.inner_text("#dubbing-video"))
    generate(page, "dubbing")
    ready = "document.querySelector('#dubbing-picture video')?.duration > 7"
    wait_for(lambda: page.evaluate(ready))
    assert states(page) == ["kept"] * 4 and newest(served).recipe["prompt"]["video"].endswith("film.mp4")
    wait_for(lambda: page.is_visible("#dubbing-download-mp4"))


@pytest.mark.thorough
def test_settings_come_back_from_the_library(page, served, browser):
    fresh = open_page(browser, served[0], TAB)
    fresh.get_by_role("tab", name="Library").click()
    fresh.locator(f'.tile[data-entry="{newest(served).id}"]').click()
    fresh.wait_for_selector("#library-picture video")
    fresh.click("#use-recipe")
    fresh.wait_for_selector(ROWS)
    assert row(fresh, 1).locator(".feeling-box input").input_value() == "furious rage"
    assert row(fresh, 1).locator(".state").inner_text() == "take 2"
    assert fresh.locator("#dubbing-cast li b").all_inner_texts() == ["Anna", "Ben", "Cleo"]
    generate(fresh, "dubbing")
    assert states(fresh) == ["kept"] * 4 and fresh.problems == []
    fresh.context.close()


def test_every_control_has_a_name(page):
    assert nameless(page) == []


@pytest.mark.thorough
def test_a_narrow_dark_page_takes_a_long_script(served, browser, tmp_path):
    lines = [
        {"start": 2.0 * at, "end": 2.0 * at + 1.5, "text": f"Line {at}", "emotion": "calm"}
        for at in range(300)
    ]
    (tmp_path / "long.json").write_text(json.dumps({"lines": lines}))
    page = open_page(browser, served[0], TAB, width=400, color_scheme="dark")
    give(page, tmp_path / "long.json")
    page.wait_for_selector(ROWS)
    assert page.locator(ROWS).count() == 50
    page.locator("#dubbing-desk .desk-foot [data-page='1']").click()
    assert "51 to 100 of 300" in page.inner_text("#dubbing-desk .desk-foot")
    assert row(page, 1).locator(".words").input_value() == "Line 50"
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.problems == []
    page.context.close()
