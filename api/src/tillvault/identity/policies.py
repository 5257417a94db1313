"""Branch policies (domain.md, "Cash sessions", the table of policies): what a branch has decided, over the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from tillvault.core.money import Cash, from_minor, to_wire

ReceiptLanguage = Literal["en", "fr", "es", "km"]
ByHand = Literal["PAID_IN", "PAID_OUT", "ADJUSTMENT", "SAFE_DROP"]
"""The movements that are made by hand (domain.md, "Cash sessions")."""


class RoundingMode(StrEnum):
    NEAREST = "NEAREST"
    """Half up."""
    UP = "UP"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True)
class Rounding:
    step_minor: int
    mode: RoundingMode


def _frozen(values: dict[str, Any]) -> Any:
    return field(default_factory=lambda: MappingProxyType(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchPolicies:
    """All policies of a branch. Money in minor units; a threshold that is not set is 0, a limit that is not set is
    none."""

    cash_require_session_for_sales: bool = True
    cash_allow_paid_out: bool = True
    cash_allow_negative_drawer: bool = False
    cash_blind_close: bool = False
    cash_require_refund_approval: bool = False
    cash_variance_thresholds: Mapping[str, int] = _frozen({"USD": 500, "EUR": 500, "KHR": 20_000})
    cash_movement_approval_limits: Mapping[str, int] | None = _frozen({"USD": 10_000, "EUR": 10_000, "KHR": 400_000})
    cash_movement_reasons: Mapping[ByHand, tuple[str, ...]] = _frozen({})
    """What the till offers as a reason; a kind that is not named has the till's own."""
    fx_rates: Mapping[str, Decimal] = _frozen({})
    """Units of a currency per unit of the branch's base currency."""
    cash_rounding: Mapping[str, Rounding] = _frozen({"KHR": Rounding(100, RoundingMode.NEAREST)})
    business_day_cutoff_hour: int = 4
    receipt_language: ReceiptLanguage = "en"
    receipt_header: str = ""
    """Lines below the name of the branch: address, tax number."""
    receipt_footer: str = ""

    def is_within_threshold(self, variance: Mapping[str, int]) -> bool:
        """Exactly at the threshold is within; a shortage in one currency never offsets a surplus in another."""
        return all(abs(minor) <= self.cash_variance_thresholds.get(currency, 0) for currency, minor in variance.items())

    def needs_approval(self, amounts: Cash) -> bool:
        limits = self.cash_movement_approval_limits
        return limits is not None and any(
            currency in limits and abs(minor) > limits[currency] for currency, minor in amounts.items()
        )


DEFAULTS = BranchPolicies()


def from_stored(stored: Mapping[str, Any] | None) -> BranchPolicies:
    """The policies of a branch from what it has decided (`to_stored`), over the defaults."""
    if not stored:
        return DEFAULTS
    known = {name: stored[name] for name in _NAMES if name in stored}
    if "cash_movement_reasons" in known:
        known["cash_movement_reasons"] = {kind: tuple(each) for kind, each in known["cash_movement_reasons"].items()}
    if "fx_rates" in known:
        known["fx_rates"] = {currency: Decimal(rate) for currency, rate in known["fx_rates"].items()}
    if "cash_rounding" in known:
        known["cash_rounding"] = {
            currency: Rounding(item["step_minor"], RoundingMode(item["mode"]))
            for currency, item in known["cash_rounding"].items()
        }
    return replace(DEFAULTS, **known)


def to_stored(decided: Mapping[str, Any]) -> dict[str, Any]:
    """The counterpart of `from_stored`: decided policies by name, as JSON can keep them.

    Rates are kept as text, because a JSON number would come back as a float.
    """
    stored = {name: decided[name] for name in _NAMES if name in decided}
    if "fx_rates" in stored:
        stored["fx_rates"] = {currency: format(rate, "f") for currency, rate in stored["fx_rates"].items()}
    if "cash_rounding" in stored:
        stored["cash_rounding"] = {
            currency: {"step_minor": rounding.step_minor, "mode": rounding.mode.value}
            for currency, rounding in stored["cash_rounding"].items()
        }
    return stored


def described(policies: BranchPolicies) -> dict[str, Any]:
    """The policies as the API and the audit trail show them: camelCase names, money in major units."""
    limits = policies.cash_movement_approval_limits
    shown: dict[str, Any] = {_camel(name): getattr(policies, name) for name in _NAMES}
    return shown | {
        "cashVarianceThresholds": to_wire(policies.cash_variance_thresholds),
        "cashMovementApprovalLimits": None if limits is None else to_wire(limits),
        "cashMovementReasons": {kind: list(each) for kind, each in policies.cash_movement_reasons.items()},
        "fxRates": dict(policies.fx_rates),
        "cashRounding": {
            currency: {"step": from_minor(rounding.step_minor, currency), "mode": rounding.mode.value}
            for currency, rounding in policies.cash_rounding.items()
        },
    }


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


_NAMES = tuple(item.name for item in fields(BranchPolicies))
