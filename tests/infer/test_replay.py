from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from torch import Tensor

from rainmer_analysis.infer import load_encoder
from rainmer_analysis.infer.execution.cuda_graph import (
    CudaGraphRunner,
    EncodeFunction,
    capture_cuda_graph,
)


class Recorder:
    """Records as a CUDA graph does: one place for images, one for answers, written anew."""

    def __init__(self) -> None:
        self.examples: list[torch.Size] = []
        self.replays = 0

    def __call__(self, work: EncodeFunction, example: Tensor) -> EncodeFunction:
        self.examples.append(example.shape)
        place = example.clone()
        answers = work(place)

        def replayed(images: Tensor) -> dict[str, Tensor]:
            self.replays += 1
            place.copy_(images)
            for view, rows in work(place).items():
                answers[view].copy_(rows)
            return answers

        return replayed


def means(images: Tensor) -> dict[str, Tensor]:
    return {"mean": images.mean(dim=(2, 3))}


def batch(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_a_shape_that_recurs_is_replayed_and_others_are_done_as_they_come() -> None:
    recorder = Recorder()
    replay = CudaGraphRunner(means, recorder)
    found, expected = [], []
    for seed, count in enumerate([3, 4, 4, 4, 2, 2, 4]):
        images = batch(count, seed)
        found.append(replay(images)["mean"])
        expected.append(means(images)["mean"])
    assert recorder.examples == [torch.Size([4, 3, 8, 8])]
    assert recorder.replays == 3
    # answers outlive the calls that come after them
    for a, b in zip(found, expected, strict=True):
        assert torch.equal(a, b)


def test_what_cannot_be_recorded_is_told_once_and_encoded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = []

    def refuse(work: EncodeFunction, example: Tensor) -> EncodeFunction:
        asked.append(example.shape)
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    replay = CudaGraphRunner(means, refuse)
    with caplog.at_level(logging.WARNING, logger="rainmer_analysis"):
        for seed in range(4):
            assert torch.equal(replay(batch(5, seed))["mean"], means(batch(5, seed))["mean"])
    assert len(asked) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "batches of 5 images cannot be recorded as a CUDA graph (operation not permitted when "
        "stream is capturing); they are encoded operator by operator, which is slower and gives "
        "the same vectors"
    ]


def test_no_cuda_device_is_no_reason_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    replay = CudaGraphRunner(means, capture_cuda_graph)
    with caplog.at_level(logging.WARNING, logger="rainmer_analysis"):
        for seed in range(3):
            assert torch.equal(replay(batch(2, seed))["mean"], means(batch(2, seed))["mean"])
    assert len(caplog.records) == 1


def test_what_is_wrong_with_the_work_is_not_hidden() -> None:
    replay = CudaGraphRunner(lambda images: means(images[:, 0]), capture_cuda_graph)
    for _ in range(3):
        with pytest.raises(IndexError):
            replay(batch(2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_a_graph_gives_the_vectors_of_the_operators(precision: str) -> None:
    one, other = (load_encoder("untrained:0", device="cuda", precision=precision) for _ in range(2))
    for _ in range(4):  # the first is encoded by operators, the second recorded, then replayed
        images = torch.rand(6, 3, 64, 64).numpy()
        found, alone = one.encode(images), other.encode(images[:5])
        for view, rows in alone.items():
            near = 1e-5 if precision == "exact" else 1e-2
            np.testing.assert_allclose(found[view][:5], rows, atol=near)
        other.encode(images[:1])  # another shape in between, so that nothing recurs
