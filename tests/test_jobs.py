"""The job queue: states, progress, cancel within a step, bounded history, clean shutdown."""

from __future__ import annotations

import threading
import time

import pytest
import tiny_backend

from generators import registry
from studio import JobQueue, Library, Studio


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(registry.BACKENDS, "tiny", "tiny_backend:TinyBackend")


@pytest.fixture
def queue():
    with Studio("cpu") as opened, JobQueue(opened) as jobs:
        yield jobs


def request(**changes):
    return {"modality": "tiny", "emotion": "happy", "seed": 1, **changes}


def wait_for_step(queue, job_id, step=1):
    for job in queue.watch(job_id):
        if job.step >= step:
            return job
    raise AssertionError(f"finished without step {step}")


def test_a_job_runs_and_tells_its_progress(queue):
    job_id = queue.submit(request(delay_s=0.02, num_inference_steps=10))
    seen = list(queue.watch(job_id))
    assert seen[-1].state == "done" and seen[-1].result.media.num_notes == 10
    assert [job.step for job in seen] == sorted(job.step for job in seen)
    assert any(job.state == "running" and job.eta_s is not None for job in seen)
    assert seen[-1].progress == 1 and seen[-1].finished_at >= seen[-1].started_at >= seen[-1].submitted_at


def test_time_left_is_about_right(queue):
    job_id = queue.submit(request(delay_s=0.05, num_inference_steps=20))
    job = wait_for_step(queue, job_id, 10)
    assert 0.3 < queue.get(job.id).eta_s < 1.5
    queue.cancel(job_id)


def test_cancel_takes_effect_within_one_step(queue):
    job_id = queue.submit(request(delay_s=0.1, num_inference_steps=1000))
    wait_for_step(queue, job_id)
    before, started = queue.get(job_id).step, time.monotonic()
    queue.cancel(job_id)
    job = queue.wait(job_id, 5)
    assert job.state == "cancelled" and job.result is None
    assert job.step <= before + 1
    assert time.monotonic() - started < 1
    assert queue.wait(queue.submit(request()), 5).state == "done", "the queue goes on"


def test_a_waiting_job_is_cancelled_at_once(queue):
    running = queue.submit(request(delay_s=0.1, num_inference_steps=1000))
    wait_for_step(queue, running)
    waiting = [queue.submit(request()) for _ in range(2)]
    assert [queue.get(job_id).place for job_id in waiting] == [1, 2]
    assert queue.cancel(waiting[0]).state == "cancelled"
    assert queue.get(waiting[1]).place == 1
    queue.cancel(running)
    assert queue.wait(waiting[1], 5).state == "done"
    assert queue.cancel(waiting[1]).state == "done", "a finished job stays as it is"


def test_bad_requests_are_refused_when_submitted(queue):
    for bad in (None, {}, {"modality": "smell"}, request(bars=0), request(intensity=9), request(nothing=1),
                request(key="D", swing=True)):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            queue.submit(bad)
    with pytest.raises(ValueError, match="expected a job"):
        queue.get("none")


@pytest.mark.parametrize(
    ("error", "text"), [(ValueError("expected\nmore"), "expected more"), (KeyError("x"), "KeyError")]
)
def test_a_failure_is_told_and_the_worker_goes_on(queue, monkeypatch, error, text):
    def fail(*args, **kwargs):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(tiny_backend.TinyBackend, "generate", fail)
        job = queue.wait(queue.submit(request()), 5)
    assert job.state == "failed" and text in job.error and "\n" not in job.error
    assert queue.wait(queue.submit(request()), 5).state == "done"


def test_history_is_bounded():
    with Studio("cpu") as opened, JobQueue(opened, history=3) as queue:
        last = [queue.submit(request(seed=seed)) for seed in range(8)][-1]
        queue.wait(last, 10)
        assert len(queue.jobs()) == 3
        assert queue.jobs()[0].id == last


def test_a_full_queue_refuses():
    with Studio("cpu") as opened, JobQueue(opened, limit=1) as queue:
        wait_for_step(queue, queue.submit(request(delay_s=0.05, num_inference_steps=1000)))
        queue.submit(request())
        with pytest.raises(ValueError, match="at most 1 waiting"):
            queue.submit(request())


def test_shutdown_cancels_and_ends_the_workers():
    with Studio("cpu") as opened:
        queue = JobQueue(opened)
        ids = [queue.submit(request(delay_s=0.05, num_inference_steps=1000)) for _ in range(3)]
        wait_for_step(queue, ids[0])
        queue.shutdown()
        queue.shutdown()
        assert [queue.get(job_id).state for job_id in ids] == ["cancelled"] * 3
        assert not any(worker.is_alive() for worker in queue._workers)
        with pytest.raises(ValueError, match="shut down"):
            queue.submit(request())


def test_one_worker_for_each_device():
    with Studio("cpu") as one, Studio("cpu") as two, JobQueue([one, two]) as queue:
        ids = [queue.submit(request(delay_s=0.05, num_inference_steps=200)) for _ in range(2)]
        for job_id in ids:
            wait_for_step(queue, job_id)
        assert [queue.get(job_id).state for job_id in ids] == ["running"] * 2


def test_results_reach_the_library(tmp_path):
    with Studio("cpu") as opened, Library(tmp_path) as library, JobQueue(opened, library) as queue:
        job = queue.wait(queue.submit(request()), 10)
        assert library.show(job.entry_id).recipe["options"]["seed"] == 1
        assert job.result is None, "the library keeps the media, the queue does not keep them too"


def test_parts_are_handed_out_as_they_come(queue, monkeypatch):
    go_on = threading.Event()

    def generate(self, prompt, emotion, options, *, on_step=None, on_part=None):
        for name in "abc":
            on_part(name)
        go_on.wait(5)
        return make(self, prompt, emotion, options, on_step=on_step)

    make = tiny_backend.TinyBackend.generate
    monkeypatch.setattr(tiny_backend.TinyBackend, "generate", generate)
    job_id = queue.submit(request())
    for job in queue.watch(job_id):
        if job.num_parts == 3:
            assert queue.parts(job_id) == ["a", "b", "c"] and queue.parts(job_id, 2) == ["c"]
            go_on.set()
    assert job.state == "done" and queue.parts(job_id, 3) == []
    for seed in range(6):
        queue.wait(queue.submit(request(seed=seed)), 5)
    assert queue.parts(job_id) == [], "parts of old jobs are let go"


def test_submit_from_several_threads(queue):
    ids = []
    threads = [threading.Thread(target=lambda: ids.append(queue.submit(request()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 8
    assert all(queue.wait(job_id, 10).state == "done" for job_id in ids)
