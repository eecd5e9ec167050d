"""The description for figure 1: it tells what the live module is."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from rainmer_analysis.model.encoder import WIDTHS, RainmerEncoder
from rainmer_analysis.model.encoder_description import Block, describe_encoder


@pytest.fixture(scope="module")
def full() -> Block:
    return describe_encoder(RainmerEncoder(), height=32, width=48)


def test_counts_every_parameter_once(full: Block) -> None:
    assert full.parameters == 941_536
    for block in full.walk():
        if block.children:
            assert block.parameters == sum(child.parameters for child in block.children)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("patch embedding", 1_344),
        ("gate", 5_216),
        ("preprocessing", 2_304),
        ("stage 1", 55_824),
        ("stage 4", 55_824),
        ("separable 1×1", 4_704),
        ("separable 7×7", 9_312),
        ("dilated 3×3", 2_736),
        ("dilated 7×7", 4_656),
        ("average 3×3", 0),
        ("fusion", 18_432),
        ("chromatic projector", 354_688),
        ("degradation projector", 354_688),
    ],
)
def test_parts_have_the_published_counts(full: Block, name: str, parameters: int) -> None:
    assert full.find(name).parameters == parameters


def test_shapes_are_those_of_the_pass(full: Block) -> None:
    assert full.shape == (3, 32, 48)
    assert full.find("gate").shape == (4, 8)
    assert full.find("stage 3").shape == (48, 32, 48)
    assert full.find("projection").shape == (128, 32, 48)
    assert full.find("chromatic z").shape == (128,)
    assert full.find("detail map").shape == (128, 4, 6)
    mean, squeeze, _, expand, gate = full.find("squeeze-excite 1").children
    assert (mean.shape, squeeze.shape) == ((128, 1, 1), (8, 1, 1))
    assert expand.shape == gate.shape == (128, 1, 1)


def test_operations_are_told_in_order(full: Block) -> None:
    assert [child.name for child in full.children] == [
        "patch embedding",
        "mixture of experts",
        "chromatic projector",
        "degradation projector",
    ]
    stage = full.find("stage 2")
    assert [child.kind for child in stage.children] == ["expert"] * 8 + ["group", "sum"]
    assert full.find("separable 5×5").operation == (
        "depthwise 5×5, conv 1×1, 48→48, ReLU, depthwise 5×5, conv 1×1, 48→48"
    )
    assert full.find("dilated 7×7").operation == "depthwise 7×7, dilation 2, conv 1×1, 48→48"
    assert full.find("average 3×3").operation == "mean 3×3"
    assert full.find("gate").operation == (
        "global mean, linear 48→64, ReLU, linear 64→32, softmax over 8 experts"
    )
    assert full.find("squeeze-excite 2").operation == (
        "global mean, conv 1×1, 128→8, ReLU, conv 1×1, 8→128, Sigmoid, scale"
    )


def test_follows_the_live_module_and_leaves_it_alone() -> None:
    torch.manual_seed(0)
    encoder = RainmerEncoder(WIDTHS["quarter"]).train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    block = describe_encoder(encoder, height=16, width=16)
    assert block.parameters == sum(p.numel() for p in encoder.parameters())
    assert block.find("stage 1").shape == (12, 16, 16)
    assert encoder.training
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert not any(layer._forward_hooks for layer in encoder.modules())
    encoder.conv.proj = nn.Conv2d(3, 12, 5, padding=2)
    assert describe_encoder(encoder).find("patch embedding").operation == "conv 5×5, 3→12"


def test_is_plain_data(full: Block) -> None:
    flat = dataclasses.asdict(full)
    assert flat["children"][0]["name"] == "patch embedding"
    assert all(
        type(value) in (str, int, tuple) for block in full.walk() for value in vars(block).values()
    )
    with pytest.raises(KeyError, match="no such block"):
        full.find("no such block")
