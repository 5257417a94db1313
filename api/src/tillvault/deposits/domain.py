"""Deposits: their states, categories and events, and how what came in is counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tillvault.events.domain import Event

EEE_CATEGORIES = tuple(f"EEE-{number}" for number in range(1, 9))
"""Categories of electrical and electronic equipment (domain.md, "Re-use shops")."""

LANGUAGES = ("en", "fr", "es")

LABELS: Mapping[str, Mapping[str, str]] = {
    "EEE-1": {
        "en": "Large appliances and dispensers",
        "fr": "Gros électroménager et distributeurs",
        "es": "Grandes electrodomésticos y expendedoras",
    },
    "EEE-2": {"en": "Small appliances", "fr": "Petit électroménager", "es": "Pequeños electrodomésticos"},
    "EEE-3": {
        "en": "IT, telecoms and screens",
        "fr": "Informatique, télécommunications et écrans",
        "es": "Informática, telecomunicaciones y pantallas",
    },
    "EEE-4": {"en": "Lighting", "fr": "Éclairage", "es": "Iluminación"},
    "EEE-5": {"en": "Tools", "fr": "Outils", "es": "Herramientas"},
    "EEE-6": {
        "en": "Toys, leisure, sound and image",
        "fr": "Jouets, loisirs, son et image",
        "es": "Juguetes, ocio, sonido e imagen",
    },
    "EEE-7": {"en": "Medical devices", "fr": "Dispositifs médicaux", "es": "Aparatos médicos"},
    "EEE-8": {
        "en": "Monitoring, control and other",
        "fr": "Surveillance, contrôle et autres",
        "es": "Vigilancia, control y otros",
    },
}

DESCRIPTION_LENGTH_MAX = 500
QUANTITY_MAX = 10_000
WEIGHT_GRAMS_MAX = 100_000_000


class Channel(StrEnum):
    """By which way a deposit was told."""

    WEB = "web"
    BOT = "bot"


class DepositStatus(StrEnum):
    """What a deposit is worth now. Only `validated` ones are reported."""

    PENDING_VALIDATION = "pending_validation"
    VALIDATED = "validated"
    REJECTED = "rejected"
    CORRECTED = "corrected"
    """Another deposit stands in its place, and this one counts no more."""


class StatisticsBy(StrEnum):
    """One line of the answer per …"""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    CATEGORY = "category"
    BRANCH = "branch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A category with the share of cases, 0 to 1, in which a classification this sure is right."""

    category: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What a text is taken for, likeliest first."""

    suggestions: tuple[Suggestion, ...]
    needs_choice: bool
    """Too unsure to decide without a person."""
    provider: str
    """`local`, or `remote` for the endpoint that the settings name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What came in: the part of a deposit that a correction may change."""

    description: str
    quantity: int
    weight_grams: int
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositRecorded(Event):
    """Something came in; also a correction, which names what it `supersedes`."""

    type = "deposit.recorded"

    deposit_id: UUID
    channel: str
    category: str
    quantity: int
    weight_grams: int
    recorded_by: UUID
    supersedes: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositValidated(Event):
    """A deposit was looked at and will be reported."""

    type = "deposit.validated"

    deposit_id: UUID
    category: str
    quantity: int
    weight_grams: int
    validated_by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsLine:
    """Deposits of one key; weight in grams."""

    key: str
    label: str | None
    pending_count: int
    validated_count: int
    rejected_count: int
    quantity: int
    """Things in validated deposits."""
    weight_grams: int
    """Of validated deposits."""


def deposit_key(deposit_id: UUID) -> str:
    """Events of one deposit are delivered in order."""
    return f"deposit:{deposit_id}"
