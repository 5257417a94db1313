"""Takings: the final sales and refunds of a drawer. They belong to the drawer because X and Z are sums of them; how a
sale comes about (catalogue, prices, carts) is the business of `tillvault.sales`."""
