"""The video tab in a real headless browser: words, a picture, a film to grade, models of one's own, files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from film_material import film, tone
from page_driver import (
    choose,
    generate,
    message,
    nameless,
    needs_browser,
    newest,
    open_page,
    type_into,
    unfold,
    wait_for,
)
from PIL import Image

pytestmark = [needs_browser, pytest.mark.thorough]
TAB = "Video"
PLAYER = "#video-picture video.film"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    Image.new("RGB", (200, 160), "navy").save(folder / "night.png")
    shutil.copyfile(film(40, 20.0, tone(2.0)).file, folder / "film.mp4")
    return folder


def give(page, block, path):
    page.set_input_files(f"#{block} input[type=file]", str(path))
    page.wait_for_selector(f"#{block} img, #{block}-seen video", state="attached")


def test_nothing_to_see_says_what_was_expected(page):
    page.click("#video-generate")
    wait_for(lambda: "expected a prompt or an image" in message(page, "video-progress"))


def test_words_make_a_film(page, served):
    type_into(page, "video-prompt", "a surprised cat\nof vivid colours, 驚いた猫")
    generate(page, "video")
    page.wait_for_selector(PLAYER)
    wait_for(lambda: page.evaluate(f"document.querySelector('{PLAYER}').duration > 2"))
    # A clip of an animation goes round, and is not blown up to the width of the page.
    assert page.evaluate(f"document.querySelector('{PLAYER}').loop")
    assert page.locator(PLAYER).bounding_box()["width"] <= 3 * 128
    assert page.inner_text("#video-title h2") == "admiration" and "silent" in page.inner_text("#video-title")
    recipe = newest(served).recipe
    assert recipe["prompt"]["prompt"].endswith("驚いた猫") and recipe["options"]["base"] == ""


def test_quick_forms_are_ready_and_slow_ones_made_when_asked(page):
    for form in ("mp4", "json", "png"):
        with page.expect_download() as download:
            page.click(f"#video-download-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")
    for form in ("webp", "gif", "webm"):
        with page.expect_download() as download:
            page.click(f"#video-make-{form}")
        assert download.value.suggested_filename.endswith(f".{form}")


def test_a_film_in_the_making_can_be_cancelled(page, served):
    before = served[1].count()
    unfold(page, "Sampling")
    type_into(page, "video-num-inference-steps", "250")
    page.wait_for_timeout(300)  # what was typed last is still on its way
    page.click("#video-generate")
    wait_for(lambda: page.locator("#video-progress [role=progressbar]").count())
    page.click("#video-cancel")
    wait_for(lambda: "Nothing was kept" in page.inner_text("#video-progress"))
    assert served[1].count() == before
    type_into(page, "video-num-inference-steps", "")


def test_a_picture_begins_it_and_settings_reach_the_backend(page, served, files):
    give(page, "video-image", files / "night.png")
    unfold(page, "Look of a new film")
    type_into(page, "video-hue", "200")
    unfold(page, "Size and length")
    type_into(page, "video-num-frames", "17")
    page.wait_for_timeout(300)  # what was typed last is still on its way
    generate(page, "video")
    recipe = newest(served).recipe
    assert recipe["prompt"]["image"].endswith(".png") and recipe["options"]["hue"] == 200
    assert recipe["options"]["num_frames"] == 17 and "1.1 s" in page.inner_text("#video-title")
    type_into(page, "video-num-frames", "18")
    page.wait_for_timeout(300)
    page.click("#video-generate")
    wait_for(lambda: "such as 17 or 21" in message(page, "video-progress"))
    type_into(page, "video-num-frames", "")


def test_without_models_of_its_own_the_page_says_where_they_go(page, served):
    unfold(page, "Models of your own")
    page.wait_for_selector("#video-base")
    assert page.input_value("#video-base input") == "The small model"
    assert str(served[1].folder / "models") in page.inner_text(".more:visible")


def test_a_film_is_graded(page, served, files):
    choose(page, "video-task", "Grade")
    page.wait_for_selector("#video-video")
    assert not page.is_visible("#video-prompt") and not page.is_visible("#video-image")
    page.click("#video-generate")
    wait_for(lambda: "expected a video to grade" in message(page, "video-progress"))
    give(page, "video-video", files / "film.mp4")
    generate(page, "video")
    recipe = newest(served).recipe
    # Words and a picture that were set for a new film are not in it.
    assert (recipe["prompt"]["prompt"], recipe["prompt"]["image"]) == ("", "")
    assert Path(recipe["prompt"]["video"]).is_relative_to(served[1].folder / "page" / "uploads")
    assert recipe["options"]["task"] == "grade" and recipe["options"]["hue"] is None
    page.wait_for_selector(PLAYER)
    page.click("#video-picture .before-film summary")
    page.wait_for_selector("#video-picture .before-film video")
    choose(page, "video-task", "A new film")
    page.wait_for_selector("#video-prompt textarea")


def test_two_feelings_side_by_side(page):
    unfold(page, "Compare two")
    page.click("#video-compare")
    for side in ("a", "b"):
        page.wait_for_selector(f"#video-{side}-picture video.film")
    wait_for(lambda: page.is_enabled("#video-compare"))


def test_the_library_shows_it_again(page, served):
    entry = next(entry for entry in served[1].list() if entry.recipe["options"]["task"] == "grade")
    page.get_by_role("tab", name="Library").click()
    page.locator(f'.tile[data-entry="{entry.id}"]').click()
    page.wait_for_selector("#library-picture video.film")
    assert page.is_visible("#library-make-webp")
    page.click("#use-recipe")
    page.wait_for_selector("#video-generate")
    wait_for(lambda: page.is_visible("#video-video-seen video"))
    choose(page, "video-task", "A new film")


def test_another_program_makes_one_but_opens_no_folder(served):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(served[0], verbose=False, httpx_kwargs={"timeout": 120})
    film_path, exact, recipe = client.predict(
        "awe", 0.8, prompt="a star", seed=3, options={"num_frames": 9}, api_name="/generate_video"
    )
    assert film_path.endswith(".mp4") and exact.endswith(".mp4") and recipe["options"]["num_frames"] == 9
    for name, value in {"base": "/etc", "adapter": "/etc", "download": True}.items():
        with pytest.raises(AppError, match=f"expected no '{name}' from another program"):
            client.predict("awe", 1.0, prompt="a star", options={name: value}, api_name="/generate_video")


def test_every_control_has_a_name(page):
    assert nameless(page) == []


def test_a_narrow_dark_page_does_not_scroll_sideways(served, browser, files):
    page = open_page(browser, served[0], TAB, width=400, color_scheme="dark")
    type_into(page, "video-prompt", "a star")
    generate(page, "video")
    page.wait_for_selector(PLAYER)
    for section in ("Look of a new film", "Size and length", "Models of your own", "Compare two"):
        unfold(page, section)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.problems == []
    page.context.close()
