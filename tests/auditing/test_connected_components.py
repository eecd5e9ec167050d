"""What is connected, against a search by hand."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.auditing.connected_components import first_member_of_component


def test_the_first_of_each_component_stands_for_it() -> None:
    generator = np.random.default_rng(3)
    pairs = [(int(one), int(other)) for one, other in generator.integers(0, 60, (35, 2))]
    known = list(range(60))
    for _ in range(60):  # labels sink until nothing changes
        for one, other in pairs:
            known[one] = known[other] = min(known[one], known[other])
    assert first_member_of_component(60, pairs).tolist() == known


def test_nothing_is_connected_to_itself_alone() -> None:
    assert first_member_of_component(3, []).tolist() == [0, 1, 2]
    assert first_member_of_component(0, []).tolist() == []
