"""Make roots.json, what mctx's gumbel_muzero_policy finds: python tests/games/search/mctx/make_roots.py.

Needs mctx and jax; nothing else does. mctx searches the whole game tree below a position as a table; the numbers of
each position are those of `search_evaluators.waves`.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mctx
import numpy as np

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[2] / "support"))

from search_evaluators import waves  # noqa: E402

from marl.envs.games.quarto import Quarto  # noqa: E402
from marl.envs.games.tic_tac_toe import TicTacToe  # noqa: E402

SETTINGS = ((8, 4), (16, 16), (32, 4), (50, 16))  # simulations, considered actions


def tree_of(root: Any) -> dict[str, Any]:
    """The game tree below a position, as arrays with a row for each position; a finished one leads to itself."""
    games, places, children, rewards, discounts = [root], {root: 0}, [], [], []
    for game in games:  # which grows
        child, reward, discount = (np.zeros(game.num_actions) for _ in range(3))
        child[:] = places[game]
        for action in game.legal:
            after = game.play(action)
            if after not in places:
                places[after] = len(games)
                games.append(after)
            child[action] = places[after]
            reward[action] = after.returns[game.mover]
            discount[action] = 0 if after.over else 1 if after.mover == game.mover else -1
        children.append(child)
        rewards.append(reward)
        discounts.append(discount)
    seen = np.array([game.observe(game.mover).ravel() for game in games])
    movers = np.array([game.mover for game in games])
    logits, values = waves(seen, movers, root.num_actions, root.num_players)
    legal = np.array([[action in game.legal for action in range(root.num_actions)] for game in games])
    over = np.array([game.over for game in games])
    return {
        "child": jnp.array(children, jnp.int32),
        "reward": jnp.array(rewards, jnp.float32),
        "discount": jnp.array(discounts, jnp.float32),
        "logits": jnp.where(legal | over[:, None], logits, -1e9).astype(jnp.float32),
        "value": jnp.where(over, 0, values[np.arange(len(games)), movers]).astype(jnp.float32),
        "legal": legal[0],
    }


def step(tree: Any, key: Any, action: Any, place: Any) -> Any:
    after = tree["child"][place, action]
    output = mctx.RecurrentFnOutput(
        reward=tree["reward"][place, action],
        discount=tree["discount"][place, action],
        prior_logits=tree["logits"][after],
        value=tree["value"][after],
    )
    return output, after


def searched(root: Any, simulations: int, considered: int, seed: int) -> dict[str, Any]:
    """Findings of mctx from a position."""
    tree = tree_of(root)
    begin = mctx.RootFnOutput(
        prior_logits=tree["logits"][:1], value=tree["value"][:1], embedding=jnp.zeros(1, jnp.int32)
    )
    output = mctx.gumbel_muzero_policy(
        params=tree,
        rng_key=jax.random.PRNGKey(seed),
        root=begin,
        recurrent_fn=step,
        num_simulations=simulations,
        invalid_actions=jnp.array(~tree["legal"][None]),
        max_num_considered_actions=considered,
    )
    summary = output.search_tree.summary()
    legal = np.flatnonzero(tree["legal"])

    def of_legal(row: Any) -> list[float]:
        return [round(float(number), 7) for number in np.asarray(row)[0][legal]]

    return {
        "noise": of_legal(output.search_tree.extra_data.root_gumbel),
        "visits": [int(number) for number in of_legal(summary.visit_counts)],
        "values": of_legal(summary.qvalues),
        "target": of_legal(output.action_weights),
        "root_value": round(float(summary.value[0]), 7),
        "action": int(output.action[0]),
    }


def main() -> None:
    draw, rows = random.Random(1), []
    for number in range(28):
        root: Any = TicTacToe() if number % 3 else Quarto()
        plies = 2 + number % 5 if number % 3 else 24 + number % 4
        moves: list[int] = []
        while len(moves) < plies:
            moves.append(draw.choice(root.legal))
            root = root.play(moves[-1])
            if root.over:
                root, moves = type(root)(), []
        simulations, considered = SETTINGS[number % len(SETTINGS)]
        found = searched(root, simulations, considered, number)
        rows.append({"game": root.name, "moves": moves, "simulations": simulations, "considered": considered, **found})
    text = ",\n".join(json.dumps(row) for row in rows)
    (HERE / "roots.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
