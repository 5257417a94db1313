"""Refusals of carts."""

from __future__ import annotations

from tillvault.core.errors import BadRequest, Conflict, NotFound


class CartNotFound(NotFound):
    code = "CART_NOT_FOUND"
    message = "There is no such cart."


class CartLineNotFound(NotFound):
    code = "CART_LINE_NOT_FOUND"
    message = "There is no such line in this cart."


class CartNotOpen(Conflict):
    code = "CART_NOT_OPEN"
    message = "This cart is parked, sold or abandoned."


class CartIdTaken(Conflict):
    code = "CART_ID_TAKEN"
    message = "Another cart was started under this id."


class CartFull(BadRequest):
    code = "CART_FULL"
    message = "A cart has 200 lines at most."
