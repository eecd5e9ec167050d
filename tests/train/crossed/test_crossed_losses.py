from __future__ import annotations

import numpy as np
import pytest
import torch

from rainmer_analysis.train.crossed.crossed_losses import (
    centring_loss,
    mean_cosine,
    neighbour_accuracy,
    ordering_loss,
    soft_contrastive_loss,
)


def _features(n: int = 8, d: int = 5) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _all_pairs(n: int) -> torch.Tensor:
    return torch.ones(n, n, dtype=torch.bool)


def test_classes_give_the_supervised_contrastive_loss_less_its_bound() -> None:
    features, labels = _features().numpy(), np.array([0, 0, 1, 1, 1, 2, 2, 2])
    z = features / np.linalg.norm(features, axis=1, keepdims=True)
    expected = []
    for i in range(8):
        others = [j for j in range(8) if j != i]
        exponents = np.array([z[i] @ z[j] / 0.2 for j in others])
        logs = exponents - np.log(np.exp(exponents).sum())
        positives = [k for k, j in enumerate(others) if labels[j] == labels[i]]
        expected.append(-np.mean(logs[positives]) - np.log(len(positives)))
    same = torch.from_numpy(labels[:, None] == labels)
    distances = torch.where(same, 0.0, 1e6).double()
    loss = soft_contrastive_loss(
        torch.from_numpy(features), distances, _all_pairs(8), bandwidth=1.0, temperature=0.2
    )
    assert float(loss) == pytest.approx(np.mean(expected), rel=1e-9)


def test_the_loss_vanishes_where_cosines_fall_with_the_distance() -> None:
    z = torch.nn.functional.normalize(_features(), dim=1)
    bandwidth, temperature = 0.3, 0.5
    distances = bandwidth * (1 - z @ z.T) / temperature
    loss = soft_contrastive_loss(
        3 * z,
        distances,
        _all_pairs(8),
        bandwidth=bandwidth,
        temperature=temperature,
    )
    assert float(loss) == pytest.approx(0.0, abs=1e-9)


def test_far_images_leave_no_nan_and_the_nearest_counts() -> None:
    features = _features().requires_grad_()
    distances = torch.cdist(_features(8, 2), _features(8, 2)) * 1e4
    loss = soft_contrastive_loss(
        features, distances, _all_pairs(8), bandwidth=0.01, temperature=0.1
    )
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(features.grad).all()
    assert float(loss.detach()) > 0


def test_forbidden_pairs_are_negatives_and_rows_without_partner_do_not_count() -> None:
    features = _features(4)
    allowed = torch.zeros(4, 4, dtype=torch.bool)
    allowed[0, 1] = allowed[1, 0] = True
    distances = torch.zeros(4, 4, dtype=torch.float64)
    found = soft_contrastive_loss(features, distances, allowed, bandwidth=1.0, temperature=1.0)
    z = torch.nn.functional.normalize(features, dim=1)
    cosines = (z @ z.T).fill_diagonal_(-torch.inf)
    expected = -(cosines.log_softmax(1)[0, 1] + cosines.log_softmax(1)[1, 0]) / 2
    assert float(found) == pytest.approx(float(expected))


def test_ordering_is_one_plus_the_correlation_of_allowed_pairs() -> None:
    features, remembered = _features(6), torch.nn.functional.normalize(_features(4), dim=1)
    z = torch.nn.functional.normalize(features, dim=1)
    cosines = (z @ torch.cat([z, remembered]).T).numpy()
    rng = np.random.default_rng(0)
    distances, allowed = rng.random((6, 10)), rng.random((6, 10)) < 0.7
    expected = [
        1 + np.corrcoef(cosines[i][allowed[i]], distances[i][allowed[i]])[0, 1] for i in range(6)
    ]
    found = ordering_loss(
        features, torch.from_numpy(distances), torch.from_numpy(allowed), remembered=remembered
    )
    assert float(found) == pytest.approx(np.mean(expected))


def test_ordering_vanishes_along_a_line_and_takes_rows_without_partner() -> None:
    features = _features(6).requires_grad_()
    z = torch.nn.functional.normalize(features.detach(), dim=1)
    allowed = ~torch.eye(6, dtype=torch.bool)
    assert float(ordering_loss(features, 5 - 3 * (z @ z.T), allowed).detach()) == pytest.approx(0.0)
    allowed[0] = False
    loss = ordering_loss(features, torch.cdist(z, z), allowed)
    loss.backward()
    assert torch.isfinite(features.grad).all()


def test_centring_vanishes_for_centred_channels_and_ignores_scale() -> None:
    features = _features(200)
    centred = features - features.mean(dim=0)
    assert float(centring_loss(centred)) == pytest.approx(0.0, abs=1e-12)
    shifted = centred + 3.0
    assert float(centring_loss(shifted)) == pytest.approx(float(centring_loss(7 * shifted)))
    assert float(centring_loss(shifted)) > 1.0


def test_mean_cosine_is_that_of_all_pairs() -> None:
    features = _features()
    z = torch.nn.functional.normalize(features, dim=1)
    assert float(mean_cosine(features, torch.ones(8).double())) == pytest.approx(
        float((z @ z.T).mean())
    )


def test_mean_cosine_counts_images_by_their_weights() -> None:
    features = _features(3)
    twice = torch.cat([features, features[:1]])
    weights = torch.tensor([2.0, 1.0, 1.0]).double()
    assert float(mean_cosine(features, weights)) == pytest.approx(
        float(mean_cosine(twice, torch.full((4,), 0.3).double()))
    )


def test_a_long_vector_balances_the_mean_and_not_the_mean_cosine() -> None:
    narrow = 0.01 * _features(200) + torch.eye(5)[0]
    balanced = torch.cat([narrow, -narrow.sum(dim=0, keepdim=True)])
    assert float(centring_loss(balanced)) == pytest.approx(0.0, abs=1e-9)
    assert float(mean_cosine(balanced, torch.ones(201).double())) == pytest.approx(
        (199 / 201) ** 2, abs=0.02
    )


def test_neighbour_accuracy_skips_forbidden_neighbours() -> None:
    features = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.6, 1.0]])
    labels = torch.tensor([0, 1, 1, 0])
    allowed = ~torch.eye(4, dtype=torch.bool)
    assert float(neighbour_accuracy(features, labels, allowed)) == 0.0
    allowed[0, 1] = allowed[1, 0] = False
    assert float(neighbour_accuracy(features, labels, allowed)) == 0.25
