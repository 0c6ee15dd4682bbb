"""The page in a real headless browser: hear a piece, cancel, recall, refuse, the pad, library, API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from page_driver import (
    choose,
    generate,
    message,
    nameless,
    needs_browser,
    open_page,
    set_number,
    type_into,
    wait_for,
)

from studio import JobQueue, Library, Studio

pytestmark = needs_browser


@pytest.fixture(scope="module")
def page(served, browser):
    opened = open_page(browser, served[0], "Music")
    set_number(opened, "music-length", 2)
    yield opened
    assert opened.problems == []


def test_a_piece_is_made_and_can_be_heard(page, served):
    generate(page, "music")
    page.wait_for_selector("#music-sound audio", state="attached")
    duration = "document.querySelector('#music-sound audio').duration"
    wait_for(lambda: page.evaluate(f"{duration} > 0"))
    assert 2 < page.evaluate(duration) < 20
    assert page.inner_text("#music-title h2") == "admiration"
    assert page.locator("#music-picture svg path").count() >= 2
    assert served[1].count() == 1
    for form in ("mid", "musicxml", "wav", "png"):
        with page.expect_download() as download:
            page.click(f"#music-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")


def test_cancel_takes_effect_within_a_step(page, served):
    before = served[1].count()
    set_number(page, "music-length", 500)
    page.click("#music-generate")
    page.wait_for_selector("#music-progress [role=progressbar]")
    wait_for(
        lambda: "Step" in page.inner_text("#music-progress") and "left" in page.inner_text("#music-progress")
    )
    page.click("#music-cancel")
    wait_for(lambda: "Cancelled" in page.inner_text("#music-progress"))
    wait_for(lambda: page.is_enabled("#music-generate") and not page.is_enabled("#music-cancel"))
    assert served[1].count() == before
    set_number(page, "music-length", 2)


@pytest.mark.thorough
def test_a_seed_is_kept_and_an_earlier_one_recalled(page):
    generate(page, "music")
    seed = page.input_value("#music-seed input")
    roll = page.inner_html("#music-picture")
    generate(page, "music")
    assert page.input_value("#music-seed input") != seed
    page.click("#music-recall input")
    page.locator("[role=option]", has_text=seed).click()
    wait_for(lambda: page.input_value("#music-seed input") == seed)
    assert page.is_checked("#music-lock input")
    generate(page, "music")
    assert page.input_value("#music-seed input") == seed and page.inner_html("#music-picture") == roll
    page.uncheck("#music-lock input")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "got empty text"),
        ("60% sadd, 40% angry", "did you mean"),
        ("a" * 1200, "1000 characters"),
        ("song.mid", "got a file name"),
    ],
)
def test_bad_words_show_what_was_expected(page, words, expected):
    choose(page, "mode", "Words")
    type_into(page, "words", words)
    wait_for(lambda: expected in page.inner_text("#feeling-now"))
    page.click("#music-generate")
    wait_for(lambda: expected in page.inner_text("#music-progress"))
    assert page.is_enabled("#music-generate")
    choose(page, "mode", "Name")
    wait_for(lambda: "admiration" in page.inner_text("#feeling-now"))


def test_bad_settings_show_what_was_expected(page):
    type_into(page, "music-tempo-min", "fast")
    page.click("#music-generate")
    wait_for(lambda: "tempo_min, got 'fast'" in page.inner_text("#music-progress"))
    type_into(page, "music-tempo-min", "")
    set_number(page, "music-length", 0)
    page.click("#music-generate")
    wait_for(lambda: "from 1 to 4096 bars for bars, got 0" in page.inner_text("#music-progress"))
    set_number(page, "music-length", 2)


def test_the_pad_by_keyboard(page):
    pad = page.locator("#pad .pad")
    pad.focus()
    pad.press("Home")
    for _ in range(4):
        pad.press("ArrowRight")
    pad.press("ArrowDown")
    wait_for(lambda: "valence 0.20 · arousal −0.05" in page.inner_text("#feeling-now"))
    assert pad.get_attribute("aria-valuetext") == "valence 0.20, arousal −0.05"
    assert page.is_checked("#mode input[value=Point]")
    assert page.evaluate("document.activeElement.classList.contains('pad')")


def test_the_pad_by_drag(page):
    box = page.locator("#pad .pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.25, steps=6)
    page.mouse.up()
    wait_for(lambda: "valence −0.67 · arousal 0.56" in page.inner_text("#feeling-now"))
    wait_for(lambda: page.input_value("#valence input[type=number]").startswith("-0.67"))
    choose(page, "mode", "Name")


def test_keyframes_draw_a_route(page):
    choose(page, "mode", "Over time")
    wait_for(lambda: "calm → joy" in page.inner_text("#feeling-now"))
    points = page.get_attribute("#pad polyline.route", "points").split(" ")
    assert len(points) > 10 and points[0] != points[-1]
    choose(page, "mode", "Name")


def test_radio_buttons_answer_to_arrow_keys(page):
    page.locator("#music-length-in input[value=bars]").focus()
    page.keyboard.press("ArrowRight")
    wait_for(lambda: page.is_checked("#music-length-in input[value=seconds]"))
    page.keyboard.press("ArrowLeft")
    wait_for(lambda: page.is_checked("#music-length-in input[value=bars]"))


def test_a_preset_brings_the_settings_back(page, served):
    page.locator("button.label-wrap:visible", has_text="Presets").click()
    set_number(page, "music-register", 1.5)
    type_into(page, "music-preset-name", "../up")
    page.click("#music-preset-save")
    assert "expected a preset name" in message(page, "music-preset-note")
    type_into(page, "music-preset-name", "high")
    page.click("#music-preset-save")
    wait_for(lambda: "Saved" in page.inner_text("#music-preset-note"))
    saved = json.loads((served[1].folder / "presets" / "music" / "high.json").read_text())
    assert saved["options"]["register"] == 1.5 and saved["emotion"]["weights"] == {"admiration": 1.0}
    set_number(page, "music-register", -2)
    page.click("#music-preset-load")
    wait_for(lambda: page.input_value("#music-register input[type=number]") == "1.5")


def test_the_library_shows_tags_restores_and_deletes(page, served):
    library = served[1]
    page.get_by_role("tab", name="Library").click()
    page.wait_for_selector(".tile")
    count = library.count()
    assert page.locator(".tile").count() == count
    page.locator(".tile").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#library-sound audio", state="attached")
    newest = library.list(limit=1)[0]
    type_into(page, "tags", "evening")
    page.click("#save-tags")
    wait_for(lambda: library.get(newest.id).tags == ("evening",))
    page.click("#favourite")
    wait_for(lambda: library.get(newest.id).favourite)
    page.check("#favourites-only input")
    wait_for(lambda: page.locator(".tile").count() == 1)
    page.uncheck("#favourites-only input")
    type_into(page, "search", "nothing is called this")
    wait_for(lambda: "Nothing matches" in page.inner_text("#gallery"))
    type_into(page, "search", "evening")
    wait_for(lambda: page.locator(".tile").count() == 1)
    page.click("#use-recipe")
    page.wait_for_selector("#music-generate")
    wait_for(lambda: page.input_value("#music-seed input") == str(newest.recipe["options"]["seed"]))
    page.get_by_role("tab", name="Library").click()
    page.click("#delete")
    page.click("#delete-sure")
    wait_for(lambda: library.count() == count - 1)
    page.get_by_role("tab", name="Music").click()


@pytest.mark.parametrize(("look", "tab"), [("light", "Speech"), ("dark", "Music")])
def test_a_narrow_page_does_not_scroll_sideways(served, browser, look, tab):
    page = open_page(browser, served[0], tab, width=400, color_scheme=look)
    for mode in ("Words", "Mix", "Point", "Over time"):
        choose(page, "mode", mode)
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, mode
    assert page.evaluate("document.body.classList.contains('dark')") == (look == "dark")
    page.get_by_label("Switch between light and dark").click()
    assert page.evaluate("document.body.classList.contains('dark')") == (look != "dark")
    assert page.problems == []
    page.context.close()


def test_every_control_has_a_name(page):
    assert nameless(page) == []


def test_the_api(served):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(served[0], verbose=False, httpx_kwargs={"timeout": 120})
    read = client.predict("60% sad, 40% angry", 0.5, api_name="/read_emotion")
    assert read["emotion"]["intensity"] == 0.5 and read["valence"] < 0
    arguments = {"emotion": "0:calm, 2:joyful", "intensity": 1, "bars": 2, "seed": 7, "source": None}
    options = {"num_inference_steps": 1, "register": 1.0}
    sound, score, recipe = client.predict(**arguments, options=options, api_name="/generate_music")
    assert Path(sound).read_bytes()[:4] == b"RIFF" and Path(score).read_bytes()[:4] == b"MThd"
    assert recipe["options"]["seed"] == 7 and recipe["options"]["register"] == 1.0
    assert client.predict("calm", 5, api_name="/list_library")[0]["recipe"]["options"]["seed"] == 7
    for wrong, expected in (
        ({"intensity": 9}, "intensity as a number from 0 to 1.5"),
        ({"emotion": "/etc/hostname.mid"}, "got a file name"),
        ({"bars": 0}, "from 1 to 4096"),
        ({"options": {"tempo": 3}}, "tempo"),
        ({"options": {"source": "/etc/hostname"}}, "no 'source' among the options"),
    ):
        with pytest.raises(AppError, match=expected):
            client.predict(**{**arguments, "options": options, **wrong}, api_name="/generate_music")


def test_only_the_pages_own_files_are_served(served):
    import httpx

    address, library = served
    for path in (library.folder / "library.sqlite", "/etc/hostname", library.list(limit=1)[0].path):
        assert httpx.get(f"{address}/gradio_api/file={path}", timeout=60).status_code in (403, 404)
    answer = httpx.get(address, timeout=60)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_upload_that_is_too_large_is_refused(tmp_path, monkeypatch):
    import httpx

    from studio.ui import launch

    monkeypatch.setattr(launch, "MAX_UPLOAD", "1mb")
    with Library(tmp_path) as library, Studio("cpu") as studio, JobQueue(studio, library) as queue:
        page, address = launch.start(queue, library)
        try:
            files = {"files": ("big.mid", b"\0" * 2**21, "audio/midi")}
            assert httpx.post(f"{address}gradio_api/upload", files=files, timeout=60).status_code == 413
        finally:
            page.close(verbose=False)
