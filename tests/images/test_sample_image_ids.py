"""A sample is fixed by its seed and ids alone."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.sample_image_ids import sample_ids, sampling_hash

ids = st.sets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), max_size=30)


def test_the_key_is_the_sha256_of_seed_slash_id() -> None:
    text = "42/straße/ein bild 🌧.png"
    assert sampling_hash(42, "straße/ein bild 🌧.png") == hashlib.sha256(text.encode()).hexdigest()


@given(ids, st.integers(1, 35), st.integers(-5, 2**40))
@settings(max_examples=60, deadline=None)
def test_a_sample_is_the_smallest_keys_in_id_order(names: set[str], n: int, seed: int) -> None:
    chosen = sample_ids(names, n, seed)
    assert chosen == sorted(chosen)
    assert len(chosen) == min(n, len(names))
    left_out = names - set(chosen)
    if chosen and left_out:
        limit = max(sampling_hash(seed, each) for each in chosen)
        assert all(sampling_hash(seed, each) > limit for each in left_out)


@given(ids, st.integers(1, 20), st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_samples_are_nested_and_ignore_order(names: set[str], n: int, more: int) -> None:
    assert set(sample_ids(names, n, 7)) <= set(sample_ids(names, n + more, 7))
    assert sample_ids(sorted(names), n, 7) == sample_ids(sorted(names, reverse=True), n, 7)


def test_seeds_differ_and_none_takes_all() -> None:
    names = [f"{i}.png" for i in range(100)]
    assert sample_ids(names, 10, 1) != sample_ids(names, 10, 2)
    assert sample_ids(names, None, 1) == sorted(names)


@pytest.mark.parametrize("n", [0, -3])
def test_fewer_than_one_is_refused(n: int) -> None:
    with pytest.raises(ParameterError, match="ask for at least 1"):
        sample_ids(["a"], n, 0)
