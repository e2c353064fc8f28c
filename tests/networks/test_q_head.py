from __future__ import annotations

import torch
from torch.testing import assert_close

from marl.networks.configs import QHeadConfig
from marl.networks.q_head import QHead, dueling


def test_dueling_in_numbers() -> None:
    value, advantage = torch.tensor([[10.0], [20.0]]), torch.tensor([[1.0, 2.0, 6.0], [0.0, -3.0, 3.0]])
    assert_close(dueling(value, advantage, None), torch.tensor([[8.0, 9.0, 13.0], [20.0, 17.0, 23.0]]))


def test_dueling_takes_the_mean_over_legal_actions() -> None:
    value, advantage = torch.tensor([[10.0]]), torch.tensor([[1.0, 2.0, 6.0]])
    mask = torch.tensor([[True, True, False]])
    assert_close(dueling(value, advantage, mask)[..., :2], torch.tensor([[9.5, 10.5]]))


def test_advantages_of_a_dueling_head_are_seen_only_against_each_other() -> None:
    head, embedding = QHead(4, 3, QHeadConfig(dueling=True, hidden=(8,))), torch.randn(5, 2, 4)
    assert head.value is not None
    before = head(embedding, None)
    assert before.shape == (5, 2, 3)
    assert_close(before.mean(-1, keepdim=True), head.value(embedding))
    with torch.no_grad():
        head.advantage[-1].bias += 7.0
    assert_close(head(embedding, None), before)
