from __future__ import annotations

import numpy as np
import pandas as pd

from rainmer_analysis.scores import relate
from rainmer_analysis.values import EmbeddingTable, Rows, Space, report_progress, report_progress_to


def test_only_who_listens_is_told() -> None:
    told: list[tuple[int, int, str]] = []
    report_progress(1, 2, "epoch")
    with report_progress_to(lambda *each: told.append(each)):
        report_progress(1, 2, "epoch")
        with report_progress_to(lambda *_: None):
            report_progress(2, 2, "epoch")
    report_progress(2, 2, "epoch")
    assert told == [(1, 2, "epoch")]


def test_relating_tells_of_every_pair() -> None:
    vectors = np.random.default_rng(0).normal(size=(12, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"{name}/{i}" for name in "abc" for i in range(4)]
    frame = pd.DataFrame({"image_id": ids, "dataset": [i[0] for i in ids], "group": ids})
    table = EmbeddingTable(vectors, Rows(frame), Space("e", "v", "0" * 64, "r", "exact"))
    told: list[tuple[int, int, str]] = []
    with report_progress_to(lambda *each: told.append(each)):
        heard = relate(table)
    assert told == [(finished, 6, "pair") for finished in range(1, 7)]
    assert heard.content_sha256 == relate(table).content_sha256
