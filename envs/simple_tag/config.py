"""Settings of simple_tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from marl.core.composition import parse_team
from marl.core.config import Config
from marl.core.limits import MOST_AGENTS, Count
from marl.core.wording import argument
from marl.envs.simple_tag.known_opponents import check_known, resolved
from marl.envs.simple_tag.sides import OPPONENTS, Side
from marl.envs.simple_tag.teams import Teams, read_teams, teams_of
from marl.wrappers.rules.settings import check_links, check_outage, check_prey_noise
from marl.wrappers.rules.sights import Frame, check_classes, read_sight

__all__ = ["CommunicationConfig", "CurriculumConfig", "SimpleTagConfig", "StageConfig"]


class CommunicationConfig(Config):
    """Message links between the agents that learn."""

    range: float | None = Field(1.5, ge=0)
    """Largest distance of two agents that hear each other; None for unlimited."""
    nearest: int | None = Field(None, ge=1)
    """Largest number of agents that one hears, the nearest within the range; None for all."""
    link_loss: float | tuple[float, float] = 0.0
    """Probability that a pair cannot hear each other at a step of training, or bounds, drawn for each episode."""
    training_range: tuple[float, float] | None = None
    """Bounds of the range that is drawn for each training episode; None for the range above."""
    outage: float = 0.0
    """Share of the time that a pair cannot hear each other, in training and in play; 0 for links that always hold."""
    outage_steps: float = 10.0
    """Mean number of steps until such a pair can hear each other again."""

    @model_validator(mode="after")
    def _graph_can_be_made(self) -> CommunicationConfig:
        check_links(self.range, self.nearest, self.link_loss, self.training_range)
        check_outage(self.outage, self.outage_steps)
        return self


class StageConfig(Config):
    """One stage of a curriculum."""

    prey_speed: float = Field(1.0, gt=0)
    """Factor on acceleration and largest speed of the prey."""
    teams: Teams | None = None
    """Teams that episodes of this stage draw from, as training_teams; None for those of training_teams."""
    until: float | None = Field(None, ge=0)
    """Mean contacts per episode at which the next stage begins; None in the last stage."""

    _teams_as_text = field_validator("teams", mode="before")(read_teams)


class CurriculumConfig(Config):
    """Stages of training, from easy to hard."""

    stages: tuple[StageConfig, ...] = Field(min_length=2)
    """The stages in order."""
    episodes: int = Field(256, ge=1)
    """Number of latest episodes of a stage over which its contacts are averaged."""

    @model_validator(mode="after")
    def _all_but_the_last_end(self) -> CurriculumConfig:
        wrong = [i for i, stage in enumerate(self.stages, 1) if (stage.until is None) != (i == len(self.stages))]
        if wrong:
            raise ValueError(
                f"curriculum stage {wrong[0]}: every stage but the last needs until, and the last has none"
            )
        return self


class SimpleTagConfig(Config):
    """Settings of simple_tag: predators chase prey among obstacles, and one side learns, or both."""

    name: Literal["simple_tag"] = "simple_tag"
    """Name of the task."""
    backend: Literal["batched", "pettingzoo"] = "batched"
    """The simulator on tensors, or mpe2 through PettingZoo wrappers."""
    side: Side = "predators"
    """Side that learns; team, classes and communication are those of this side."""
    sides: dict[str, tuple[str, ...]] | None = None
    """Classes of each side where both are agents, as a run's sides say: prey, and by any other name predators. Team,
    classes and communication are then those of both; None where one side plays by itself."""
    classes: dict[str, tuple[str, ...]] = {"A": ("landmarks",), "B": ("prey",)}
    """Things that each class sees beside itself: landmarks, prey (or predators), teammates, any mix; teammates:2
    for the nearest two, so that the class plays among any number; prey:1@0.8 for the nearest within 0.8."""
    team: dict[str, Count] = {"A": 2, "B": 2}
    """Number of agents of each class; at most 4,096 in all."""
    training_teams: Teams | None = None
    """Teams that training episodes draw from: bounds for each class (a class left out does not play), or a list;
    None for the team above."""
    arena: float = Field(1.0, gt=0)
    """Half the width of the square in which episodes begin and that prey keep to; 1 in mpe2."""
    curriculum: CurriculumConfig | None = None
    """Stages of slower prey and smaller teams at the start of training; None for none."""
    frame: Frame = "relative"
    """Frame of what agents see: relative to the agent, or absolute."""
    velocities: bool = True
    """False hides velocities: agents see and send 0 in their place, so that only memory tells how things move."""
    communication: CommunicationConfig | None = Field(default_factory=CommunicationConfig)
    """Message links of the side that learns; None for no messages."""
    prey: str = "random"
    """Rule or policy of the prey: random, still, flee, held_out_prey, or the folder of a run that trained prey."""
    training_prey: tuple[str, ...] = ()
    """Prey that training draws from, one for each episode; empty for the prey above."""
    prey_noise: tuple[float, float] = (0.0, 0.0)
    """Bounds of the probability, drawn for each training episode, that a prey moves at random at a step."""
    num_prey: int = Field(1, ge=1, le=MOST_AGENTS)
    """Number of prey, where predators learn."""
    predators: str = "chase"
    """Rule or policy of the predators where prey learn: chase, random, still, predator_team, memory_team, or
    the folder of a run that trained predators."""
    training_predators: tuple[str, ...] = ()
    """Predators that training draws from, one for each episode; empty for the predators above."""
    num_predators: int = Field(4, ge=1, le=MOST_AGENTS)
    """Number of predators, where prey learn."""
    training_num_predators: tuple[Count, Count] | None = None
    """Bounds of the number of predators, drawn for each training episode; None for the number above."""
    num_obstacles: Count = 2
    """Number of obstacles."""
    max_cycles: int = Field(100, ge=1)
    """Number of steps of an episode."""
    continuous_actions: bool = False
    """True for actions of five numbers in [-1, 1], False for one action of five."""

    @field_validator("team", mode="before")
    @classmethod
    def _read_team(cls, value: Any, info: ValidationInfo) -> Any:
        return parse_team(value, tuple(info.data.get("classes", ()))) if isinstance(value, str) else value

    _teams_as_text = field_validator("training_teams", mode="before")(read_teams)

    @field_validator("curriculum", mode="before")
    @classmethod
    def _read_stages(cls, value: Any, info: ValidationInfo) -> Any:
        stages = value.get("stages") if isinstance(value, Mapping) else None
        if not isinstance(stages, list | tuple):
            return value
        named = [isinstance(stage, Mapping) and "teams" in stage for stage in stages]
        read = [
            {**stage, "teams": read_teams(stage["teams"], info)} if teams else stage
            for stage, teams in zip(stages, named, strict=True)
        ]
        return {**value, "stages": read}

    @field_validator("prey", "predators")
    @classmethod
    def _known_opponents(cls, value: str, field: ValidationInfo) -> str:
        side: Side = "prey" if field.field_name == "prey" else "predators"
        check_known(side, value, side)
        return resolved(value, side)

    @field_validator("training_prey", "training_predators")
    @classmethod
    def _resolved_opponents(cls, value: tuple[str, ...], field: ValidationInfo) -> tuple[str, ...]:
        """Make folders absolute; they need to exist only when training begins, for a policy outlives its opponents."""
        side: Side = "prey" if field.field_name == "training_prey" else "predators"
        return tuple(resolved(name, side) for name in value)

    @model_validator(mode="after")
    def _classes_play(self) -> SimpleTagConfig:
        check_classes(self.classes, self.team)
        if unknown := [name for names in (self.sides or {}).values() for name in names if name not in self.classes]:
            declared = ", ".join(self.classes)
            raise ValueError(f"sides have the class {unknown[0]!r}, which is not declared; declared are {declared}")
        for side, own in OPPONENTS.items():
            if self.both and not self.classes_of(side):
                raise ValueError(f"sides are {self.sides}, which leaves no class for the {side}; give them one")
            for name, sights in self.classes_of(side).items():
                if side in {read_sight(sight).name for sight in sights}:
                    does = f"is one of the {side}" if self.both else f"{side} learn"
                    raise ValueError(f"class {name!r} sees {side!r}, but {does}; their opponents are {own!r}")
        if self.backend == "pettingzoo" and (self.both or self.side == "prey"):
            told = "sides are predators and prey" if self.both else "side is 'prey'"
            raise ValueError(f"{told} and backend 'pettingzoo'; prey learn in the batched simulator only")
        check_prey_noise(*self.prey_noise)
        if self.backend == "pettingzoo" and self.arena != 1:
            raise ValueError(f"arena is {self.arena} and backend 'pettingzoo'; mpe2's arena is 1")
        return self

    @model_validator(mode="after")
    def _training_teams_play(self) -> SimpleTagConfig:
        teams = [self.team]
        for drawn in self.drawn_teams:
            if not drawn:
                raise ValueError(
                    "training_teams (or a stage's teams) is empty; name at least one team, or leave it out"
                )
            teams += drawn
        for team in teams:
            check_classes(self.classes, team)
        for side, opponents in OPPONENTS.items():
            own, others = (
                [sum(team.get(n, 0) for n in self.classes_of(each)) for team in teams] for each in (side, opponents)
            )
            if self.both and not min(own):
                raise ValueError(f"a team has no {side}; give at least one, e.g. {next(iter(self.classes_of(side)))}=1")
            seen = {sight for sights in self.classes_of(side).values() for sight in sights}
            for thing, numbers in (("teammates", own), (opponents, others)):
                if thing in seen and len(set(numbers)) > 1:
                    raise ValueError(
                        f"training_teams draws teams of several sizes, but a class sees each of its {thing}; "
                        f"let it see the nearest few, e.g. {thing}:2"
                    )
        return self

    @model_validator(mode="after")
    def _of_the_side_that_learns(self) -> SimpleTagConfig:
        """Refuse settings for training the other side, and of one that plays by itself: they would have no effect."""
        for_predators = ("training_prey", "prey_noise", "curriculum")
        for_prey = ("training_predators", "training_num_predators")
        inside = (*for_predators[:2], *for_prey, "prey", "predators", "num_prey", "num_predators")
        for name in inside if self.both else for_predators if self.side == "prey" else for_prey:
            if getattr(self, name) == type(self).model_fields[name].default:
                continue
            if self.both:
                another = argument("play", "prey=flee", "{'prey': 'flee'}")
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, but both sides are agents: team has their numbers, and "
                    f"sides.prey.fixed (in an evaluation {another}) lets another play one"
                )
            raise ValueError(
                f"{name} is {getattr(self, name)!r}, but {self.side} learn; it is for where {OPPONENTS[self.side]} do"
            )
        return self

    @model_validator(mode="after")
    def _training_numbers_play(self) -> SimpleTagConfig:
        if self.training_num_predators is None:
            return self
        low, high = self.training_num_predators
        if not 1 <= low <= high:
            raise ValueError(f"training_num_predators is {[low, high]}; give two numbers from 1, the smaller first")
        if any("predators" in sights for sights in self.classes.values()):
            raise ValueError(
                "training_num_predators draws several numbers, but a class sees each of the predators; "
                "let it see the nearest few, e.g. predators:4"
            )
        return self

    @property
    def both(self) -> bool:
        """True if both sides are agents."""
        return self.side == "predators" and {"prey"} < set(self.sides or ())

    def classes_of(self, side: Side) -> dict[str, tuple[str, ...]]:
        """Things that each class of a side sees; none if that side plays by itself."""
        if not self.both:
            return self.classes if side == self.side else {}
        prey = (self.sides or {})["prey"]
        return {name: sights for name, sights in self.classes.items() if (name in prey) == (side == "prey")}

    @property
    def drawn_teams(self) -> list[list[dict[str, int]]]:
        """Teams that episodes draw from, for each stage of the curriculum; one list without a curriculum."""
        always = [self.team] if self.training_teams is None else teams_of(self.training_teams)
        if self.curriculum is None:
            return [always]
        return [always if stage.teams is None else teams_of(stage.teams) for stage in self.curriculum.stages]
