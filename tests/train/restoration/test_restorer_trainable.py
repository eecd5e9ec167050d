from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from rainmer_analysis.model.encoder import EncoderOutput, RainmerEncoder
from rainmer_analysis.model.restorer import VARIANTS, Prompts
from rainmer_analysis.train.compiled import encode_with_gradients
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast.momentum_contrast import contrast_loss, view_cosines
from rainmer_analysis.train.data import Pool
from rainmer_analysis.train.restoration import RestorerTrainable
from rainmer_analysis.train.restoration import joint_training as joint
from rainmer_analysis.train.restoration.pixel_losses import pixel_loss
from rainmer_analysis.train.restoration.restoration_crops import Crop, Pairs, cut_crops, image_sheet

Restoring = Callable[..., TrainConfig]


def test_the_loss_is_restoration_and_weighted_contrast(pool: Pool, restoring: Restoring) -> None:
    weights = {"weight_chromatic": 0.1, "weight_degradation": 0.3, "every": 1}
    config = restoring(objective=weights)
    objective = RestorerTrainable(config, pool)
    task = objective.make_batch(0)
    assert task.views is not None
    loss, numbers = objective.module(task)
    network, pairs = objective.network, task.pairs
    query, key = network.disentangle.encoder_q, network.disentangle.encoder_k
    restored = network(pairs.degraded, Prompts.from_encoder_output(query(pairs.whole)))
    pixels = pixel_loss(restored, pairs.clean)
    contrast, _ = contrast_loss(
        view_cosines(query(task.views.query), key, task.views.views), config.objective
    )
    assert loss.item() == pytest.approx((pixels + contrast).item(), rel=1e-5)
    assert float(numbers["pixels"]) == pytest.approx(pixels.item(), rel=1e-5)
    expected = 0.1 * numbers["chromatic"] + 0.3 * numbers["degradation"]
    assert contrast.item() == pytest.approx(float(expected), rel=1e-5)


def test_views_are_compared_in_one_of_so_many_batches(pool: Pool, restoring: Restoring) -> None:
    objective = RestorerTrainable(restoring(objective={"every": 3}), pool)
    compared = [objective.make_batch(number).views is not None for number in range(7)]
    assert compared == [True, False, False, True, False, False, True]
    never = RestorerTrainable(restoring(objective={"every": 0}), pool)
    assert never.make_batch(0).views is None
    assert "chromatic" not in never.module(never.make_batch(0))[1]


def test_whole_queries_are_encoded_once(
    pool: Pool, restoring: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With views of whole images the published single pass gives the loss of two."""
    own = {"objective": {"every": 1, "crop": 128}}
    shared = RestorerTrainable(restoring(**own), pool)
    apart = RestorerTrainable(restoring(**own, restorer={"prompts": "given"}), pool)
    calls: list[int] = []

    def counted(encoder: RainmerEncoder, images: Tensor) -> EncoderOutput:
        calls.append(len(images))
        return encode_with_gradients(encoder, images)

    with monkeypatch.context() as patched:
        patched.setattr(joint, "encode_with_gradients", counted)
        loss = shared.module(shared.make_batch(0))[0]
    assert calls == [2]
    assert loss.item() == pytest.approx(apart.module(apart.make_batch(0))[0].item(), rel=1e-5)


def test_given_prompts_teach_the_encoder_nothing(pool: Pool, restoring: Restoring) -> None:
    reached = {}
    for prompts in ("learnt", "given"):
        config = restoring(objective={"every": 0}, restorer={"prompts": prompts})
        objective = RestorerTrainable(config, pool)
        objective.module(objective.make_batch(0))[0].backward()
        encoder = objective.network.disentangle.encoder_q
        reached[prompts] = {
            name for name, p in encoder.named_parameters() if p.grad is not None and p.grad.any()
        }
    assert any(name.startswith("Atom.") for name in reached["learnt"])
    # What is left comes through local knowledge, which has no projectors.
    assert reached["given"]
    assert not any(name.startswith("Atom.") for name in reached["given"])


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_trains(variant: str, pool: Pool, restoring: Restoring) -> None:
    objective = RestorerTrainable(restoring(restorer={"variant": variant}), pool)
    loss, _ = objective.module(objective.make_batch(0))
    loss.backward()
    assert torch.isfinite(loss)
    first, own = objective.parameter_groups()
    assert any(p.grad is not None for p in own.parameters)
    assert not {id(p) for p in first.parameters} & {id(p) for p in own.parameters}
    count = sum(p.requires_grad for p in objective.network.parameters())
    assert len(first.parameters) + len(own.parameters) == count


def test_the_momentum_copy_follows_and_has_no_gradient(pool: Pool, restoring: Restoring) -> None:
    objective = RestorerTrainable(restoring(objective={"every": 1, "momentum": 0.75}), pool)
    query, key = objective.query_and_key_encoders
    with torch.no_grad():
        for parameter in query.parameters():
            parameter.add_(1.0)
    before = [p.clone() for p in key.parameters()]
    objective.before_micro_batch()
    for old, new in zip(before, key.parameters(), strict=True):
        torch.testing.assert_close(new, old + 0.25)
    objective.module(objective.make_batch(0))[0].backward()
    assert all(p.grad is None for p in key.parameters())


def test_validation_changes_nothing_and_repeats(pool: Pool, restoring: Restoring) -> None:
    objective = RestorerTrainable(restoring(), pool)
    before = {k: v.clone() for k, v in objective.module.state_dict().items()}
    first, second = objective.validate(), objective.validate()
    assert first == second
    assert {"psnr", "gain", "pixels"} <= set(first)
    after = objective.module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert objective.module.training


def test_examples_show_degraded_restored_and_clean(pool: Pool, restoring: Restoring) -> None:
    objective = RestorerTrainable(restoring(), pool)
    shown = objective.render_example_sheet()
    assert shown is not None
    assert shown.dtype == np.uint8
    assert shown.shape == (3, 4 * 18 - 2, 3 * 18 - 2)
    rows, drawn = objective._evenly_chosen_rows_and_crops(4)
    first = Pairs.from_8bit_parts(cut_crops(pool, rows, drawn))
    laid = image_sheet([first.degraded, first.clean])
    assert np.array_equal(shown[:, :16, :16], laid[:, :16, :16])
    assert np.array_equal(shown[:, :16, 36:], laid[:, :16, 18:])


def test_degraded_and_clean_are_cut_at_the_same_place(pool: Pool, restoring: Restoring) -> None:
    rng = np.random.default_rng(0)
    drawn = [Crop.draw((128, 128), 16, rng) for _ in range(8)]
    twins = Pool(
        pool.degraded, pool.degraded, pool.degraded_native, pool.degraded_native,
        pool.datasets, pool.scene_of_each_row, pool.digest,
    )  # fmt: skip
    cut = cut_crops(twins, np.arange(8), drawn)
    assert torch.equal(cut["degraded"], cut["clean"])
    assert {crop.axis for crop in (Crop.draw((16, 16), 16, rng) for _ in range(60))} == {
        None,
        -1,
        -2,
    }
