"""`/v1/catalogue`: categories, products, and prices of branches."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import AwareDatetime, Limit, Plain
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import BranchForbidden, BranchNotFound, RoleForbidden
from tillvault.identity.schemas import REPEATABLE
from tillvault.sales.catalogue import cursors, service
from tillvault.sales.catalogue.errors import (
    BarcodeTaken,
    CategoryNameTaken,
    CategoryNotFound,
    ProductNotFound,
    SkuTaken,
)
from tillvault.sales.catalogue.schemas import (
    BranchPrice,
    CategoryAnswer,
    CategoryChange,
    NewCategory,
    NewProduct,
    ProductAnswer,
    ProductChange,
    ProductDetail,
)
from tillvault.sales.catalogue.transfer.routes import router as transfer

router = APIRouter(prefix="/v1/catalogue", tags=["catalogue"], route_class=StrictRoute)

_READ = (RoleForbidden, ValidationFailed, AUTHENTICATED)
_WRITE = (RoleForbidden, BODY, REPEATABLE, AUTHENTICATED)
_WRITE_PRODUCT = (*_WRITE, SkuTaken, BarcodeTaken, CategoryNotFound)
_WRITE_PRICE = (*_WRITE, ProductNotFound, BranchNotFound, BranchForbidden)

NameCursor = Annotated[str | None, Query(max_length=cursors.LENGTH_MAX, description="`nextCursor` of the page before.")]
Text = Annotated[str | None, Query(min_length=1, max_length=120), Plain]


@router.get(
    "/categories",
    response_model=Success[Page[CategoryAnswer]],
    responses=refusals(Dialect.ENVELOPE, *_READ),
)
async def list_categories(
    *,
    edge: Authorised,
    active: bool | None = None,
    cursor: NameCursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """The categories by name; `position` is the order in which a till shows them."""
    rows, following = await service.categories(edge.db, actor=edge.actor, is_active=active, cursor=cursor, limit=limit)
    return await edge.answer(Page(items=[CategoryAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "/categories",
    status_code=201,
    response_model=Success[CategoryAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, CategoryNameTaken),
)
async def create_category(edge: Authorised, body: NewCategory) -> Response:
    """Make a category."""
    row = await service.create_category(
        edge.db,
        actor=edge.actor,
        name=body.name,
        position=body.position,
        colour=body.colour,
        is_active=body.is_active,
    )
    return await edge.answer(CategoryAnswer.of(row), 201)


@router.patch(
    "/categories/{category_id}",
    response_model=Success[CategoryAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, CategoryNotFound, CategoryNameTaken),
)
async def change_category(edge: Authorised, category_id: UUID, body: CategoryChange) -> Response:
    """Change a category; what is left out stays."""
    row = await service.change_category(edge.db, actor=edge.actor, category_id=category_id, changes=body.changes())
    return await edge.answer(CategoryAnswer.of(row))


@router.get(
    "/products",
    response_model=Success[Page[ProductAnswer]],
    responses=refusals(Dialect.ENVELOPE, *_READ, BranchNotFound, BranchForbidden),
)
async def list_products(
    *,
    edge: Authorised,
    q: Annotated[Text, Query(description="Words of name, SKU and barcode; a whole barcode comes first.")] = None,
    barcode: Annotated[Text, Query(description="Exactly this one.")] = None,
    category_id: Annotated[UUID | None, Query(alias="categoryId")] = None,
    branch_id: Annotated[
        UUID | None, Query(alias="branchId", description="Whose prices. Left out: those of your branch.")
    ] = None,
    favourite: bool | None = None,
    active: bool | None = None,
    updated_since: Annotated[
        AwareDatetime | None,
        Query(alias="updatedSince", description="Changed at this moment or later, in that order; prices count too."),
    ] = None,
    cursor: NameCursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """The products by name, with what they cost in a branch.

    A till that keeps a copy loads all pages once, then those `updatedSince` a minute before it last asked: a change is
    seen when it is committed, which is a moment later than `updatedAt` says.
    """
    rows, following = await service.listed(
        edge.db,
        actor=edge.actor,
        branch_id=branch_id,
        text=q,
        updated_since=updated_since,
        filters={
            "barcode": barcode,
            "category_id": category_id,
            "is_favourite": favourite,
            "is_active": active,
        },
        cursor=cursor,
        limit=limit,
    )
    return await edge.answer(Page(items=[ProductAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "/products",
    status_code=201,
    response_model=Success[ProductDetail],
    responses=refusals(Dialect.ENVELOPE, *_WRITE_PRODUCT),
)
async def create_product(edge: Authorised, body: NewProduct) -> Response:
    """Make a product. Its price holds in every branch that has none of its own."""
    detail = await service.create(edge.db, actor=edge.actor, fields=body.fields())
    return await edge.answer(ProductDetail.with_prices(*detail), 201)


@router.get(
    "/products/{product_id}",
    response_model=Success[ProductDetail],
    responses=refusals(Dialect.ENVELOPE, *_READ, ProductNotFound),
)
async def read_product(edge: Authorised, product_id: UUID) -> Response:
    """One product: the organisation's price, and those of branches that have their own."""
    detail = await service.read(edge.db, actor=edge.actor, product_id=product_id)
    return await edge.answer(ProductDetail.with_prices(*detail))


@router.patch(
    "/products/{product_id}",
    response_model=Success[ProductDetail],
    responses=refusals(Dialect.ENVELOPE, *_WRITE_PRODUCT, ProductNotFound),
)
async def change_product(edge: Authorised, product_id: UUID, body: ProductChange) -> Response:
    """Change a product; what is left out stays. One that is no longer sold is made inactive, never deleted."""
    detail = await service.change(edge.db, actor=edge.actor, product_id=product_id, changes=body.changes())
    return await edge.answer(ProductDetail.with_prices(*detail))


@router.put(
    "/products/{product_id}/prices/{branch_id}",
    response_model=Success[ProductDetail],
    responses=refusals(Dialect.ENVELOPE, *_WRITE_PRICE),
)
async def set_price(edge: Authorised, product_id: UUID, branch_id: UUID, body: BranchPrice) -> Response:
    """Give a branch a price of its own, in its base currency."""
    detail = await service.set_price(
        edge.db, actor=edge.actor, product_id=product_id, branch_id=branch_id, price=body.price
    )
    return await edge.answer(ProductDetail.with_prices(*detail))


@router.delete(
    "/products/{product_id}/prices/{branch_id}",
    response_model=Success[ProductDetail],
    responses=refusals(Dialect.ENVELOPE, *_WRITE_PRICE),
)
async def remove_price(edge: Authorised, product_id: UUID, branch_id: UUID) -> Response:
    """Let the organisation's price hold in the branch again."""
    detail = await service.remove_price(edge.db, actor=edge.actor, product_id=product_id, branch_id=branch_id)
    return await edge.answer(ProductDetail.with_prices(*detail))


ROUTERS = (router, transfer)
