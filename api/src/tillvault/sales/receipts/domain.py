"""What a receipt says, and which copy of it this is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from tillvault.cash.takings.domain import Sale
from tillvault.vault.domain import Document


class Form(StrEnum):
    """How a receipt is brought out."""

    HTML = "html"
    PDF = "pdf"
    ESCPOS = "escpos"


class Language(StrEnum):
    EN = "en"
    FR = "fr"
    ES = "es"
    KM = "km"


class Paper(IntEnum):
    """Width of the roll in millimetres."""

    WIDE = 80
    NARROW = 58


class Mark(StrEnum):
    """Which copy this is. Only an original carries no word."""

    ORIGINAL = "ORIGINAL"
    DUPLICATE = "DUPLICATE"
    """Printed again; its number says how often."""
    PREVIEW = "PREVIEW"
    """Looked at by the shop, nothing to hand out."""
    ELECTRONIC = "ELECTRONIC"
    """What the customer sees behind the QR code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """One printing of a receipt; the first is the original."""

    number: int
    printed_at: datetime
    printed_by: UUID
    printed_by_name: str
    form: Form
    language: Language
    paper: Paper

    @property
    def mark(self) -> Mark:
        return Mark.ORIGINAL if self.number == 1 else Mark.DUPLICATE

    @property
    def duplicate_number(self) -> int | None:
        return None if self.number == 1 else self.number - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The word on the paper, and the number of a duplicate."""

    mark: Mark
    duplicate_number: int | None = None
    printed_at: datetime | None = None

    @classmethod
    def of(cls, made: Print) -> Copy:
        return cls(mark=made.mark, duplicate_number=made.duplicate_number, printed_at=made.printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Whose receipt it is."""

    organisation_name: str
    timezone: str
    language: Language = Language.EN
    legal_identity: str = ""
    """Lines of the organisation: legal form, seat, tax number."""
    header: str = ""
    """Lines of the branch's own: address, tax number."""
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """All facts of a receipt; how they are laid out is decided elsewhere."""

    shop: Shop
    sale: Sale
    refunded_number: int | None
    """Of a refund: the receipt number of the sale whose goods came back."""
    ticket: Document | None
    """Its place in the ledger; None for the moment in which it is not there yet."""
    proof_url: str
    """Where anyone who holds the receipt finds the proof."""

    def local(self, moment: datetime) -> datetime:
        """On the wall clock of the branch."""
        return moment.astimezone(ZoneInfo(self.shop.timezone))
