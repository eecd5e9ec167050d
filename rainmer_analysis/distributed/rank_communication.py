"""The processes that torchrun started: which one this is, and what all of them agree on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from rainmer_analysis.errors import ProcessError, RainmerAnalysisError, SourceError

__all__ = [
    "Ranks",
    "all_agree",
    "broadcast_text",
    "launched_ranks",
    "process_group",
    "raise_everywhere_if_one_fails",
    "rank_device",
]

_PATIENCE = timedelta(days=30)  # until the slowest rank has finished
_LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")  # gloo's words
_SENTENCE = 2048  # bytes


@dataclass(frozen=True)
class Ranks:
    """The number of a process among `world`."""

    rank: int
    world: int

    @property
    def part_name(self) -> str:
        """Name of this rank's part, without suffix."""
        return f"part-{self.rank:05d}-of-{self.world:05d}"

    def row_range(self, row_count: int) -> range:
        """Return the rows of this rank: consecutive, and as many as any other's up to one."""
        return range(row_count * self.rank // self.world, row_count * (self.rank + 1) // self.world)


def launched_ranks() -> Ranks | None:
    """Return the place among the processes that torchrun started, or None where it started none."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world < 2 or "RANK" not in os.environ:
        return None
    return Ranks(int(os.environ["RANK"]), world)


def rank_device(device: str) -> str:
    """Turn ``auto`` and ``cuda`` into this rank's own CUDA device where there are some.

    More processes than devices share them.
    """
    if device not in ("auto", "cuda") or not torch.cuda.is_available():
        return device
    return f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"


@contextmanager
def process_group(
    place: Ranks, *, backend: str = "gloo", timeout: timedelta = _PATIENCE
) -> Iterator[None]:
    """Let the processes talk to each other meanwhile.

    Raises
    ------
    ProcessError
        Another of the processes has ended.
    """
    dist.init_process_group(backend, rank=place.rank, world_size=place.world, timeout=timeout)
    try:
        yield
    except RuntimeError as error:
        if not any(word in str(error) for word in _LOST):
            raise
        raise ProcessError(
            "another of the processes has ended before this one; its own message says why. What "
            "was finished is kept: start all of them again"
        ) from error
    finally:
        dist.destroy_process_group()


@contextmanager
def raise_everywhere_if_one_fails() -> Iterator[None]:
    """Do this rank's part; where one fails, every rank raises the first one's error message."""
    fault: RainmerAnalysisError | None = None
    try:
        yield
    except RainmerAnalysisError as error:
        fault = error
    said = [_zeroed_message_buffer() for _ in range(dist.get_world_size())]
    dist.all_gather(
        said,
        _zeroed_message_buffer()
        if fault is None
        else _message_cut_to_buffer(str(fault) or type(fault).__name__),
    )
    if fault is not None:
        raise fault
    for rank, sentence in enumerate(said):
        if sentence.any():
            raise SourceError(f"process {rank} ended: {_decode_message(sentence)}")


def _zeroed_message_buffer() -> torch.Tensor:
    return torch.zeros(_SENTENCE, dtype=torch.uint8)


def _message_cut_to_buffer(text: str) -> torch.Tensor:
    data = text.encode("utf-8", "backslashreplace")[:_SENTENCE]
    return torch.tensor(list(data.ljust(_SENTENCE, b"\0")), dtype=torch.uint8)


def _decode_message(sentence: torch.Tensor) -> str:
    return bytes(sentence.tolist()).rstrip(b"\0").decode("utf-8", "ignore")


def broadcast_text(make: Callable[[], str]) -> str:
    """Let the first rank make a short text, and give it to all."""
    said = _message_cut_to_buffer(make()) if dist.get_rank() == 0 else _zeroed_message_buffer()
    dist.broadcast(said, 0)
    return _decode_message(said)


def all_agree(mine: bool) -> bool:
    """Return whether all ranks say so."""
    said = torch.tensor([int(mine)])
    dist.all_reduce(said, op=dist.ReduceOp.MIN)
    return bool(said.item())
