"""UCT as first lessons write it: an object for each node, and a deepcopy of the board for each simulation."""

from __future__ import annotations

import copy
import math
import random

__all__ = ["lesson_search"]

LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))


class LessonState:
    """State of tic-tac-toe on one board of three by three cells, or on nine of them, as lists of lists."""

    def __init__(self, boards: int) -> None:
        self.boards = [[0] * 9 for _ in range(boards)]
        self.board, self.player, self.winner = 0, 1, 0

    def moves(self) -> list[int]:
        return [] if self.winner else [cell for cell, mark in enumerate(self.boards[self.board]) if mark == 0]

    def play(self, cell: int) -> None:
        cells = self.boards[self.board]
        cells[cell] = self.player
        if any(all(cells[i] == self.player for i in line) for line in LINES):
            self.winner = self.player
        self.player = 3 - self.player
        self.board = cell if len(self.boards) > 1 else 0


class LessonNode:
    """Node with its move, its children, and the moves that were not tried."""

    def __init__(self, state: LessonState, move: int = -1, parent: LessonNode | None = None) -> None:
        self.move, self.parent, self.untried = move, parent, state.moves()
        self.children: list[LessonNode] = []
        self.just_moved, self.visits, self.wins = 3 - state.player, 0, 0.0

    def select(self) -> LessonNode:
        log = math.log(self.visits)
        return max(self.children, key=lambda child: child.wins / child.visits + math.sqrt(2 * log / child.visits))


def lesson_search(boards: int, simulations: int, seed: int) -> int:
    """Search from the empty board; return the number of simulations done."""
    draw, start = random.Random(seed), LessonState(boards)
    root = LessonNode(start)
    for _ in range(simulations):
        node, state = root, copy.deepcopy(start)
        while not node.untried and node.children:
            node = node.select()
            state.play(node.move)
        if node.untried:
            move = node.untried.pop(draw.randrange(len(node.untried)))
            state.play(move)
            child = LessonNode(state, move, node)
            node.children.append(child)
            node = child
        while moves := state.moves():
            state.play(draw.choice(moves))
        back: LessonNode | None = node
        while back is not None:
            back.visits += 1
            back.wins += 0.5 if state.winner == 0 else float(state.winner == back.just_moved)
            back = back.parent
    return root.visits
