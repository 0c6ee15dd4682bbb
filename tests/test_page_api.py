"""The page as a service: the documented client, health without a password and nothing else, a queue with an end."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from page_driver import STANDINS, needs_browser, opened_browser

from generators import registry
from studio import JobQueue, Library, Studio
from studio.ui import health, launch

DOCS = Path(__file__).parent.parent / "docs" / "api.md"
TIMEOUT = {"timeout": 120}
LOGIN = {"username": "name", "password": "secret"}
LIMIT = 3


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Gives (address, queue) of a page on stand-ins that asks for a password and lets three results wait."""
    folder = tmp_path_factory.mktemp("library")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, target in STANDINS.items():
            patch.setitem(registry.BACKENDS, name, target)
        library, studio = stack.enter_context(Library(folder)), stack.enter_context(Studio("cpu"))
        queue = stack.enter_context(JobQueue(studio, library, limit=LIMIT))
        blocks, address = launch.start(queue, library, auth="name:secret")
        stack.callback(blocks.close, verbose=False)
        yield address.rstrip("/"), queue


@pytest.fixture(scope="module")
def friend(page):
    """A client of plain HTTP that has logged in."""
    with httpx.Client(base_url=page[0], **TIMEOUT) as client:
        assert client.post("/login", data=LOGIN).status_code == 200
        yield client


def test_the_documented_client_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    [example] = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    login = 'auth=("name", "secret")'
    assert f"with a password: {login}" in example
    example = example.replace("http://127.0.0.1:7860", page[0]).replace(
        "verbose=False", f"verbose=False, {login}"
    )
    exec(compile(example, DOCS.name, "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} == {
        "line.wav",
        "joyful.wav",
        "1.wav",
        "2.wav",
        "newest.srt",
    }
    assert all(path.read_bytes()[:4] == b"RIFF" for path in tmp_path.glob("*.wav"))
    assert (tmp_path / "newest.srt").read_text().startswith("1\n00:00:0")
    assert "calm results" in capsys.readouterr().out


def test_the_documented_requests_work(friend):
    sound = requested(friend, "speech", text="I am here.", emotion="sad", intensity=0.7)
    found = friend.get(f"/gradio_api/file={sound}").content
    assert found[:4] == b"RIFF"
    [path] = friend.post("/gradio_api/upload", files={"files": ("take.wav", found, "audio/wav")}).json()
    uploaded = {"path": path, "meta": {"_type": "gradio.FileData"}}
    assert requested(friend, "conversion", emotion="calm", audio=uploaded)


def requested(friend, modality, **named):
    """Makes a result by two requests; gives the path of what plays."""
    call = f"/gradio_api/call/v2/generate_{modality}"
    event = friend.post(call, json=named).json()["event_id"]
    with friend.stream("GET", f"{call}/{event}") as answer:
        told = "".join(answer.iter_text())
    assert "event: complete" in told, told
    return re.search(r'"path": ?"([^"]+)"', told)[1]


def test_health_tells_of_the_work_and_of_nobody(page):
    answer = httpx.get(f"{page[0]}/health", **TIMEOUT)
    found = answer.json()
    assert answer.status_code == 200 and set(found) == {"status", "version", "devices", "queue", "media"}
    assert found["queue"] == {"waiting": 0, "running": 0, "limit": LIMIT} and found["devices"] == ["cpu"]
    assert set(found["media"]) == set(registry.BACKENDS)
    assert answer.headers["cache-control"] == "no-store" and "content-security-policy" in answer.headers
    assert str(page[1].library.folder) not in answer.text
    assert httpx.head(f"{page[0]}/health", **TIMEOUT).status_code == 200
    assert httpx.post(f"{page[0]}/health", **TIMEOUT).status_code == 401


def test_health_names_media_without_weights(page, monkeypatch):
    monkeypatch.setattr(health, "weights_of_media", lambda: {"speech": {"speech-x"}, "none needed": set()})
    found = health.report(page[1])
    assert found["status"] == "incomplete" and found["media"] == {"speech": False, "none needed": True}


READ = ("config", "nothing", "gradio_api/info", "gradio_api/user", "gradio_api/app_id", "gradio_api/runs",
        "gradio_api/run-history/buckets", "gradio_api/openapi.json", "gradio_api/queue/data",
        "gradio_api/file=/etc/hostname", "gradio_api/heartbeat/x")  # fmt: skip
WRITTEN = ("upload", "call/generate_music", "call/v2/generate_music", "queue/join", "run-history/connect")


def test_the_password_covers_all_but_health(page, friend):
    with httpx.Client(base_url=page[0], **TIMEOUT) as stranger:
        for path in READ:
            assert stranger.get(f"/{path}").status_code == 401, path
        for path in WRITTEN:
            assert stranger.post(f"/gradio_api/{path}", json={"data": []}).status_code == 401, path
        shown = stranger.get("/")
        assert (
            shown.status_code == 200 and "auth_required" in shown.text and "generate_music" not in shown.text
        )
        wrong = stranger.post("/login", data={**LOGIN, "password": "wrong"})
        assert wrong.status_code == 400 and stranger.get("/config").status_code == 401
        assert stranger.get("/config", headers={"Cookie": "access-token-x=y"}).status_code == 401
    assert friend.get("/gradio_api/info").status_code == 200
    assert friend.get("/gradio_api/run-history/buckets").status_code == 404


def test_a_password_has_a_name():
    for wrong in ("name:", ":secret", "name", ("", "secret")):
        with pytest.raises(ValueError, match="USER:PASSWORD"):
            launch.split_auth(wrong)


@pytest.mark.slow
@needs_browser
def test_people_log_in(page):
    with opened_browser() as browser:
        opened = browser.new_page()
        opened.goto(page[0])
        opened.get_by_label("username").fill("name")
        opened.get_by_label("password").fill("secret")
        opened.get_by_role("button", name="Login").click()
        opened.wait_for_selector("#pad .names span", state="attached", timeout=60_000)


def test_a_full_queue_refuses_with_429_and_goes_on_reading(page, friend):
    address, queue = page
    client = Client(address, auth=("name", "secret"), verbose=False, httpx_kwargs=TIMEOUT)
    jobs = [queue.submit({"modality": "music", "bars": 4096})]
    end = time.monotonic() + 60
    while queue.get(jobs[0]).state == "queued":
        assert time.monotonic() < end
        time.sleep(0.02)
    jobs += [queue.submit({"modality": "music", "bars": 4096}) for _ in range(LIMIT)]
    for call in ("call", "call/v2"):
        refused = friend.post(f"/gradio_api/{call}/generate_music", json={"bars": 1})
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
        assert refused.json() == {"detail": "expected at most 3 waiting jobs, got one more"}
    with pytest.raises(AppError, match="nothing"):
        client.predict("nothing", "wav", api_name="/export")
    with pytest.raises(AppError, match="at most 3 waiting jobs"):
        client.predict(bars=1, api_name="/generate_music")
    assert friend.get("/health").json()["queue"] == {"waiting": LIMIT, "running": 1, "limit": LIMIT}
    assert isinstance(client.predict("calm", 5, api_name="/list_library"), list)
    for job in jobs:
        queue.cancel(job)
