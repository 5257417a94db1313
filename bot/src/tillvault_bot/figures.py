"""/caisse and /stats: what stands open, and what was brought in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tillvault_bot.api import Api
from tillvault_bot.conversation import kilos
from tillvault_bot.shapes import Balance, Language, Link
from tillvault_bot.texts import say


async def open_drawers(api: Api, link: Link, language: Language) -> str:
    """What stands open where the person may look; what it should hold is for those who supervise."""
    drawers = await api.open_drawers(link.telegram_id)
    if not drawers:
        return say(language, "no_drawers")
    lines = [say(language, "drawers")]
    for drawer in drawers:
        line = say(
            language,
            "drawer",
            register=drawer.register_name or say(language, "no_register"),
            name=drawer.opened_by_name,
            since=_since(drawer.opened_at, language),
        )
        held = _expected(drawer.balances) if link.supervises else ""
        lines.append(f"{line}, {say(language, 'expected', amount=held)}" if held else line)
    return "\n".join(lines)


async def deposits_of_month(api: Api, link: Link, language: Language, labels: dict[str, str]) -> str:
    """This month's deposits by category, in the branches that the person may read."""
    today = datetime.now(UTC).date()
    first = today.replace(day=1)
    # Where the shop is, it may be tomorrow already.
    figures = await api.statistics(link.telegram_id, since=first, until=today + timedelta(days=1))
    if not figures:
        return say(language, "stats_none")
    lines = [say(language, "stats", since=first.isoformat())]
    lines += [
        say(
            language,
            "stats_line",
            category=labels.get(line.key, line.key),
            quantity=line.quantity,
            weight=kilos(line.weight_grams, language),
        )
        for line in figures
        if line.validated_count
    ]
    if waiting := sum(line.pending_count for line in figures):
        lines.append(say(language, "stats_pending", count=waiting))
    return "\n".join(lines)


def differences(balances: list[Balance]) -> str:
    """`-20.00 EUR`, of every currency with a difference."""
    shown = [f"{each.variance:+} {each.currency}" for each in balances if each.variance]
    return ", ".join(shown) or "0"


def _expected(balances: list[Balance]) -> str:
    return ", ".join(f"{each.expected_cash} {each.currency}" for each in balances if each.expected_cash is not None)


def _since(moment: datetime, language: Language) -> str:
    minutes = max(0, int((datetime.now(UTC) - moment).total_seconds() // 60))
    return say(language, "hours", hours=minutes // 60, minutes=minutes % 60)
