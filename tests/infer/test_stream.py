"""What a run says it waited for: the encoder, or its images."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.images import map_ahead_in_threads, write_png
from rainmer_analysis.infer.extraction import stream_encoded_images as stream
from rainmer_analysis.infer.extraction.stream_encoded_images import ImageJob, stream_encoded_images

PAUSE = 0.02
Make = Callable[..., object]


def slow(work: Callable[..., object]) -> Callable[..., object]:
    def later(*args: object, **named: object) -> object:
        time.sleep(PAUSE)
        return work(*args, **named)

    return later


@pytest.mark.parametrize("slower", ["reading", "the network"])
@pytest.mark.parametrize("lanes", [1, 2])
def test_the_log_names_what_bounds_a_run(
    slower: str,
    lanes: int,
    plain: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    encoder = plain()
    encoder.concurrent = lanes > 1
    monkeypatch.setattr(stream.torch, "get_num_threads", lambda: lanes)
    monkeypatch.setattr(stream.torch, "set_num_threads", lambda _: None)
    if slower == "reading":
        monkeypatch.setattr(stream, "read_hashed_image", slow(stream.read_hashed_image))
    else:
        encoder.encode = slow(encoder.encode)
    jobs = []
    for index in range(12):
        path = tmp_path / f"{index}.png"
        write_png(np.full((3, 8, 9), index / 20, np.float32), path)
        jobs.append(ImageJob(index, str(path), "whole"))
    found = list(stream_encoded_images(jobs, encoder, rule="bilinear-128", batch_size=1, workers=1))
    assert [outcome.index for outcome in found] == list(range(12))
    (message,) = [text for text in caplog.messages if text.startswith("bound by")]
    assert message.startswith(f"bound by {slower}: ")


def test_nothing_to_do_bounds_nothing(plain: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert (
        list(stream_encoded_images([], plain(), rule="bilinear-128", batch_size=1, workers=1)) == []
    )
    assert not caplog.messages


@pytest.mark.parametrize("encoding", [1, 2])
def test_as_many_threads_read_as_the_caller_asks_for(
    encoding: int, plain: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def recording(*args: object, workers: int, ahead: int) -> object:
        asked.append((workers, ahead))
        return map_ahead_in_threads(*args, workers=workers, ahead=ahead)

    encoder = plain()
    encoder.concurrent = encoding > 1
    monkeypatch.setattr(stream.torch, "get_num_threads", lambda: encoding)
    monkeypatch.setattr(stream.torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(stream, "map_ahead_in_threads", recording)
    assert (
        list(stream_encoded_images([], encoder, rule="bilinear-128", batch_size=4, workers=3)) == []
    )
    in_threads = [(encoding, encoding + 1)] if encoding > 1 else []
    assert sorted(asked) == sorted([(3, (encoding + 1) * 4 + 3), *in_threads])
