"""Animated pictures of episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marl.analysis.animation import Animation
from marl.analysis.game_render import render_game
from marl.core.environment import TaskEnvironment
from marl.core.errors import ConfigError, PictureError, UndrawableError
from marl.core.limits import SEED_BELOW, check_between, check_switches
from marl.core.scene import Picture
from marl.core.trust import trusting
from marl.evaluation.access import check_fit, plays_game, reference
from marl.evaluation.cast import cast, opponents_of
from marl.evaluation.episodes import MAX_STEPS, Deeds, EpisodePlayer, StoppedError, play_moments, score_name
from marl.networks.graph_processor import watched_attention
from marl.pictures.animation import check_path, save
from marl.pictures.episode import draw
from marl.pictures.recording import Recording
from marl.pictures.replay import deeds_panel, recording_panel, save_replay
from marl.policies.saved import load_policy
from marl.tasks.environment_config import make_environment
from marl.tasks.registry import find_policy

__all__ = ["Episode", "name_of", "record", "render", "stage"]


@dataclass(frozen=True)
class Episode:
    """Recorded episode.

    Args:
        recording: its scenes.
        scores: number beside each scene.
        score_name: name of the scores.
        classes: names of the classes, in the order of their colours.
        frames_per_second: speed at which it looks natural.
        name: of the task.
        attention: of the agents of each scene to each other, of row for column; None where it is not known.
        deeds: that led to each moment, in place of scenes that the task has none of.
        agents: their names, for the deeds.
    """

    recording: Recording
    scores: list[float]
    score_name: str
    classes: tuple[str, ...]
    frames_per_second: float
    name: str
    attention: Sequence[Sequence[Sequence[float]] | None] = ()
    deeds: Sequence[Deeds | None] = ()
    agents: Sequence[str] = ()

    def panel(self, name: str = "") -> dict[str, Any]:
        """Panel of a page that replays it; see `marl.pictures.replay`."""
        if self.deeds:
            words = [f"{self.score_name} {score:.6g}" for score in self.scores]
            return deeds_panel(self.agents, [None if each is None else each.rows for each in self.deeds], words, name)
        return recording_panel(self.recording, self.scores, self.score_name, self.classes, name, self.attention)

    def save(self, path: Path, watch: Callable[[int, int], object] = lambda done, total: None) -> Animation:
        """Draw it into a file, whole or not at all.

        Args:
            path: a ``.gif`` or ``.mp4``, or an ``.html`` page that replays it.
            watch: called with the number of frames that are drawn, and of all.

        Raises:
            ValueError: if it cannot be drawn; see `draw`.
            OSError: if the file cannot be written.
        """
        told = f"{len(self.scores) - 1} steps, {self.score_name} {self.scores[-1]:g}"
        if path.suffix.lower() == ".html":
            return Animation(save_replay([self.panel()], self.name, self.frames_per_second, path), told)
        frames = draw(self.recording, self.scores, self.score_name, self.classes)
        save(_counted(frames, len(self.scores), watch), path, self.frames_per_second)
        return Animation(path, told)


def render(
    run: str | Path | None = None,
    out: str | Path = "episode.gif",
    seed: int = 0,
    messages: bool = True,
    deterministic: bool = False,
    policy: str | None = None,
    settings: Mapping[str, Any] | None = None,
    trust: str | Iterable[str] = (),
    max_steps: int = MAX_STEPS,
    play: Mapping[str, str] | None = None,
    **overrides: Any,
) -> Animation:
    """Play one episode and draw it; of a game's network a game against itself, with what its searches found.

    Args:
        run: as for `load`.
        out: the picture, a ``.gif`` or ``.mp4``, or an ``.html`` page that replays it; one that is there is replaced.
        seed: of world and actions.
        messages: False switches them off.
        deterministic: take the most probable actions instead of drawing them.
        policy: reference to play instead of the run's policy, e.g. ``"random"`` or ``"chase"``.
        settings: of the environment, as a preset's ``env``; those of the run by default.
        trust: modules that may be imported where the run names them; those imported already may.
        max_steps: steps after which the episode is cut.
        play: others that play some of the agents, by the name of a side, a class or an agent; see `evaluate`.
        overrides: fields of the environment's settings, e.g. ``team="A=3,B=1", prey="flee"``.

    Raises:
        ConfigError: if a setting cannot be used, nobody plays, or the environment cannot be drawn.
        FileError: if the run cannot be used.
        UntrustedError: if the run names a module that is not trusted.
        OSError: if the file cannot be written.
    """
    check_between("seed", seed, 0, SEED_BELOW - 1)
    check_between("max_steps", max_steps, 1)
    check_switches(messages=messages, deterministic=deterministic)
    try:
        path = check_path(out)
    except ValueError as error:
        raise ConfigError(f"out is {error}") from error
    own = policy is None and settings is None and not (play or overrides)
    if own and run is not None and plays_game(run):
        return render_game(run, path, seed)
    with trusting(trust, typed=None if settings is None else settings.get("name")):
        environment, player = stage(run, policy, settings, overrides, play or {})
        limits = (messages, deterministic, max_steps)
        name, table = name_of(run, policy, environment, seed), path.suffix.lower() == ".html"
        episode = record(environment, player, path.parent, seed, *limits, name=name, table=table)
    return episode.save(path)


def stage(
    run: str | Path | None,
    policy: str | None,
    settings: Mapping[str, Any] | None,
    overrides: Mapping[str, Any],
    play: Mapping[str, str],
) -> tuple[TaskEnvironment, EpisodePlayer]:
    """Make one copy of an environment, and whoever plays in it; see `render`.

    Raises:
        ConfigError: if a setting cannot be used, nobody plays, or the policy cannot play this team.
        FileError: if the run cannot be used.
    """
    saved = None if run is None else load_policy(find_policy(run))
    settings = saved.environment if settings is None and saved is not None else settings
    if settings is None or (saved is None and policy is None):
        raise ConfigError("nobody plays; give a run, or settings of the environment and the name of a reference")
    task, config, others = opponents_of(settings, overrides, play)
    environment = make_environment(task, config, 1)
    player: EpisodePlayer
    if policy is not None:
        player = reference(policy, environment)
    else:
        assert saved is not None
        check_fit(saved.policy, environment)
        player = saved.policy
    return environment, cast(others, player, task, config, environment)[0] if others else player


def name_of(run: str | Path | None, policy: str | None, environment: TaskEnvironment, seed: int | None = None) -> str:
    """Name of an episode: who plays, in what team, and the seed if it is given."""
    team = ", ".join(f"{count} {name}" for name, count in environment.roster.team.items())
    return f"{policy or run} ({team})" + ("" if seed is None else f", seed {seed}")


def record(
    environment: TaskEnvironment,
    player: EpisodePlayer,
    folder: Path,
    seed: int,
    messages: bool = True,
    deterministic: bool = False,
    max_steps: int = MAX_STEPS,
    watch: Callable[[int], bool] | None = None,
    name: str = "episode",
    table: bool = False,
) -> Episode:
    """Play an episode and keep its scenes; the environment is closed.

    Args:
        environment: one copy.
        player: the policy.
        folder: folder for pictures, which have no names there.
        seed, messages, deterministic, max_steps, watch: see `record_episode`.
        name: of the episode, in words.
        table: True to keep what agents did and got, if the task cannot be drawn.

    Raises:
        UndrawableError: if the task cannot be drawn.
    """
    options = (seed, messages, deterministic, max_steps)
    try:
        return _played(environment, player, folder, options, watch, name)
    except PictureError:
        raise
    except UndrawableError:
        if not table:
            raise
        return _played(environment, player, folder, options, watch, name, drawn=False)
    finally:
        environment.close()


def _played(
    environment: TaskEnvironment,
    player: EpisodePlayer,
    folder: Path,
    options: tuple[int, bool, bool, int],
    watch: Callable[[int], bool] | None,
    name: str,
    drawn: bool = True,
) -> Episode:
    recording, scores = Recording(folder), list[float]()
    attention, deeds = list[Sequence[Sequence[float]] | None](), list[Deeds | None]()
    with watched_attention(player) as heeded:
        for number, moment in enumerate(play_moments(environment, player, *options, drawn=drawn)):
            scores.append(moment.score)
            deeds.append(moment.deeds)
            if moment.drawn is not None:
                recording.append(moment.drawn)
            if moment.deeds is not None:  # which say who was there before, and heeded whom to choose
                alive, weights = moment.deeds.alive.nonzero()[:, 0], heeded()
                attention.append(None if weights is None else weights[0][alive][:, alive].tolist())
            if number and not moment.over and watch is not None and not watch(number):
                raise StoppedError
    team = environment.roster.team
    told = (score_name(environment), tuple(team), environment.frames_per_second, name, attention)
    agents = [kind if count == 1 else f"{kind} {i + 1}" for kind, count in team.items() for i in range(count)]
    return Episode(recording, scores, *told, () if drawn else deeds, agents)


def _counted(frames: Iterator[Picture], total: int, watch: Callable[[int, int], object]) -> Iterator[Picture]:
    for number, frame in enumerate(frames, 1):
        yield frame
        watch(number, total)
