"""Use cases of receipts: read the facts, print and count, and show to whoever holds the paper."""

from __future__ import annotations

from uuid import UUID

from tillvault.cash.takings import queries as takings
from tillvault.cash.takings.domain import Sale
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, require
from tillvault.sales.receipts import queries
from tillvault.sales.receipts.domain import Form, Language, Paper, Print, Receipt, Shop
from tillvault.sales.receipts.errors import ProofNotReady, ReceiptNotFound, TooManyPrints
from tillvault.sales.receipts.links import Links
from tillvault.sales.selling.service import read
from tillvault.sales.vaulting import documents
from tillvault.vault import service as vault
from tillvault.vault.keys import Signers

PRINTS_MAX = 1000
"""Of one sale; more is no shop, but a loop."""


async def previewed(db: Connection, *, actor: Actor, sale_id: UUID, links: Links) -> Receipt:
    """The facts of a receipt. Raises as reading the sale does."""
    return await _facts(db, await read(db, actor=actor, sale_id=sale_id), links)


async def printed(
    db: Connection, *, actor: Actor, sale_id: UUID, form: Form, language: Language | None, paper: Paper, links: Links
) -> tuple[Receipt, Print]:
    """Count a printing: the first is the original, every later one a duplicate with its number, on record.

    `language` left out is that of the branch. It takes a person (`sales:sell`): a machine may look at receipts, but
    nobody would answer for what it hands out. Raises SaleNotFound, RoleForbidden, BranchForbidden, TooManyPrints.
    """
    require(actor, Permission.SALES_SELL)
    sale = await read(db, actor=actor, sale_id=sale_id)
    receipt = await _facts(db, sale, links)
    number = await queries.hold_prints(db, sale_id) + 1
    if number > PRINTS_MAX:
        raise TooManyPrints
    made = Print(
        number=number,
        printed_at=utc_now(),
        printed_by=actor.id,
        printed_by_name=actor.name,
        form=form,
        language=language or receipt.shop.language,
        paper=paper,
    )
    await queries.insert_print(db, sale_id, made)
    if made.duplicate_number is not None:
        audit.record(
            db,
            actor,
            "RECEIPT_REPRINTED",
            resource_type="sale",
            resource_id=sale_id,
            branch_id=sale.branch_id,
            after={"receiptNumber": sale.receipt_number, "duplicateNumber": made.duplicate_number, "format": form},
        )
    return receipt, made


async def prints(db: Connection, *, actor: Actor, sale_id: UUID) -> list[Print]:
    """Every printing of a receipt. Raises as reading the sale does."""
    await read(db, actor=actor, sale_id=sale_id)
    return await queries.prints(db, sale_id, limit=PRINTS_MAX)


async def held_receipt(db: Connection, *, sale_id: UUID, links: Links) -> Receipt:
    """What whoever holds the paper sees behind its code. Raises ReceiptNotFound."""
    return await _facts(db, await _held(db, sale_id), links)


async def held_proof(db: Connection, signers: Signers, *, sale_id: UUID) -> tuple[Sale, bytes]:
    """The proof of the ticket (`tillvault-proof/1`). Raises ReceiptNotFound, ProofNotReady, VaultUnavailable."""
    sale = await _held(db, sale_id)
    ticket = (await documents(db, [sale])).get(sale.ticket_sha256)
    if ticket is None:
        raise ProofNotReady
    return sale, await vault.proof(db, signers, document_id=ticket.id)


async def _held(db: Connection, sale_id: UUID) -> Sale:
    sale = await takings.sale(db, sale_id)
    if sale is None:
        raise ReceiptNotFound
    return sale


async def _facts(db: Connection, sale: Sale, links: Links) -> Receipt:
    organisation_name, legal_identity, refunded_number = await queries.names(db, refunded_sale_id=sale.refunded_sale_id)
    found = await branches.branch_and_policies(db, sale.branch_id)
    assert found is not None  # noqa: S101  (the sale refers to its branch)
    branch, policies = found
    tickets = await documents(db, [sale])
    return Receipt(
        shop=Shop(
            organisation_name=organisation_name,
            legal_identity=legal_identity,
            timezone=branch.timezone,
            language=Language(policies.receipt_language),
            header=policies.receipt_header,
            footer=policies.receipt_footer,
        ),
        sale=sale,
        refunded_number=refunded_number,
        ticket=tickets.get(sale.ticket_sha256),
        proof_url=links.url(sale.organisation_id, sale.id),
    )
