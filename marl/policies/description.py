"""Description of a policy in its file: everything that its networks are made from, checked before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, model_validator

from marl.core.config import Config
from marl.core.limits import MOST_CLASSES, MOST_PARAMETERS, MOST_WIDTH, Count
from marl.core.roster import ActionSpec, AgentClass, ImageSpec, Plane, Roster
from marl.policies.configs import ActorCriticConfig, QNetworkConfig, SavedPolicyConfig, with_plain_gcn
from marl.policies.kinds import make_policy
from marl.policies.policy import Policy

__all__ = ["Description", "check_size"]

Size = Annotated[int, Field(ge=0, le=MOST_PARAMETERS)]
"""Width of an input or an output; all layers together are bounded by `check_size`."""


MOST_IMAGES = 64
"""Images of one agent."""


Side = Annotated[int, Field(ge=1, le=MOST_WIDTH)]
"""Channels, height or width of an image."""


class ActionDescription(Config):
    """Actions; see `ActionSpec`."""

    kind: Literal["discrete", "continuous"]
    size: Annotated[Size, Field(ge=1)]


class ImageDescription(Config):
    """An image; see `ImageSpec`."""

    shape: tuple[Side, Side, Side]
    dtype: Literal["bool", "uint8", "int8", "int16", "float32"] = "uint8"


class ClassDescription(Config):
    """A class; see `AgentClass`."""

    name: str
    feature_size: Size
    action: ActionDescription
    categories: tuple[Annotated[Size, Field(ge=1)], ...] = Field((), max_length=MOST_WIDTH)
    images: tuple[ImageDescription, ...] = Field((), max_length=MOST_IMAGES)

    @model_validator(mode="before")
    @classmethod
    def _with_images(cls, values: Any) -> Any:
        """The same, of a class that could have but one image, in today's terms."""
        if not isinstance(values, Mapping) or "image" not in values:
            return values
        shape, dtype = values["image"], values.get("image_dtype", "uint8")
        left = {name: value for name, value in values.items() if name not in ("image", "image_dtype")}
        return left if shape is None else {**left, "images": [{"shape": shape, "dtype": dtype}]}


class PlaneDescription(Config):
    """Coordinates; see `Plane`."""

    position: Annotated[Size, Field(ge=1)] = 2
    kinematics: Annotated[Size, Field(ge=1)] = 4


class Description(Config):
    """Description of a policy.

    Format 1 knew one plane alone, which is today's default. Until format 2 actions had bounds, and each value of a
    category was a feature. Until format 3 ``gcn`` was today's ``plain_gcn``.
    """

    format: Annotated[int, Field(ge=1)]
    classes: tuple[ClassDescription, ...] = Field(max_length=MOST_CLASSES)
    counts: tuple[Count, ...] = Field(max_length=MOST_CLASSES)
    plane: PlaneDescription | None = Field(default_factory=PlaneDescription)
    networks: SavedPolicyConfig
    entity_size: Size
    auxiliary_size: Size
    state: tuple[Annotated[Size, Field(ge=1)], ...] = Field((), max_length=3)
    environment: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _upgraded(cls, values: Any) -> Any:
        """The same, if it is of an earlier format, in today's terms."""
        try:
            if values["format"] < 4:
                values = {**values, "networks": with_plain_gcn(values["networks"])}
            if values["format"] >= 3:
                return values
            given_states = values["networks"].get("kind") == "table" and values["networks"]["bins"] == "one_hot"
            return {**values, "classes": [_upgraded_class(each, given_states) for each in values["classes"]]}
        except (AttributeError, KeyError, TypeError):
            return values  # what is wrong with it is told by its fields

    @property
    def roster(self) -> Roster:
        """Roster of the policy.

        Raises:
            ValueError: if the parts do not fit each other.
        """
        classes = tuple(
            AgentClass(
                c.name,
                c.feature_size,
                ActionSpec(c.action.kind, c.action.size),
                c.categories,
                images=tuple(ImageSpec(image.shape, image.dtype) for image in c.images),
            )
            for c in self.classes
        )
        plane = None if self.plane is None else Plane(**self.plane.model_dump())
        return Roster(classes, self.counts, plane, self.entity_size, self.auxiliary_size, state=self.state)

    def policy(self, stored: int) -> Policy:
        """Make the policy, with weights that are drawn.

        Args:
            stored: number of stored tensors; a policy has at least one for each set of parameters.

        Raises:
            ValueError: if it cannot be made, or would be larger than what is stored.
        """
        roster = self.roster
        if isinstance(self.networks, ActorCriticConfig | QNetworkConfig):
            sets = roster.size if self.networks.encoder.sharing == "agent" else len(roster.classes)
            if sets > stored:
                raise ValueError(f"it describes {sets:,} sets of parameters and has {stored:,} tensors")
        check_size(roster, self.networks)
        return make_policy(roster, self.networks)


def _upgraded_class(values: dict[str, Any], given_states: bool) -> dict[str, Any]:
    """A class of format 1 or 2.

    Raises:
        ValueError: for bounds in which today's policies do not act.
    """
    action = {name: value for name, value in values["action"].items() if name not in ("low", "high")}
    low, high = values["action"]["low"], values["action"]["high"]
    if action["kind"] == "continuous" and (low, high) != (-1, 1):
        raise ValueError(
            f"class {values['name']!r} acts between {low} and {high}, as policies of earlier versions did; today they "
            "act between -1 and 1: train it again"
        )
    states = {"feature_size": 1, "categories": [values["feature_size"]]} if given_states else {}
    return {**values, "action": action, **states}


def check_size(roster: Roster, config: Config) -> None:
    """Refuse a policy of more than 50 million parameters before it takes memory.

    Raises:
        ValueError: if it is larger, or cannot be made as described.
    """
    one_each, repeated = _sizes(replace(roster, counts=tuple(min(count, 1) for count in roster.counts)), config)
    number = one_each * (max(roster.counts) if repeated else 1)
    if number > MOST_PARAMETERS:
        raise ValueError(
            f"networks have some {number:,} parameters and may have {MOST_PARAMETERS:,}; give fewer or narrower ones"
        )


@lru_cache(maxsize=64)
def _sizes(roster: Roster, config: Config) -> tuple[int, bool]:
    """Number of parameters and buffers, and True if there are as many for each agent."""
    with torch.device("meta"):  # shapes alone: nothing is allocated, and nothing drawn
        policy = make_policy(roster, config)
    return sum(tensor.numel() for tensor in policy.state_dict().values()), policy.has_parameters_for_each_agent
