"""What the shops of the demo sell: a re-use shop's things, and a café's drinks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.ids import new_id
from tillvault.core.money import to_minor
from tillvault.sales.catalogue.domain import Category, Product, Unit, tax_rate_bp
from tillvault.sales.catalogue.transfer import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProduct:
    name: str
    price: str
    tax: str
    category: str
    eee: str | None = None
    grams: int | None = None
    open_price: bool = False
    favourite: bool = False
    by_weight: bool = False


def _of(category: str, *rows: tuple[str, str, str, str | None, int | None, str]) -> tuple[DemoProduct, ...]:
    """Rows of name, price, tax rate, EEE category, grams and marks: o open price, f favourite, k by the kilogram."""
    return tuple(
        DemoProduct(
            name=name,
            price=price,
            tax=tax,
            category=category,
            eee=eee,
            grams=grams,
            open_price="o" in marks,
            favourite="f" in marks,
            by_weight="k" in marks,
        )
        for name, price, tax, eee, grams, marks in rows
    )


REUSE_SHOP = (
    *_of(
        "Électroménager",
        ("Lave-linge reconditionné", "149.00", "20", "EEE-1", 65_000, ""),
        ("Réfrigérateur table top", "89.00", "20", "EEE-1", 28_000, ""),
        ("Bouilloire électrique", "8.00", "20", "EEE-2", 900, "f"),
        ("Grille-pain", "7.50", "20", "EEE-2", 1_200, ""),
        ("Fer à repasser", "9.00", "20", "EEE-2", 1_300, ""),
        ("Aspirateur traîneau", "25.00", "20", "EEE-2", 5_500, ""),
    ),
    *_of(
        "Informatique et luminaires",
        ("Ordinateur portable 14 pouces", "119.00", "20", "EEE-3", 1_900, ""),
        ("Écran 22 pouces", "35.00", "20", "EEE-3", 3_800, ""),
        ("Clavier USB", "3.00", "20", "EEE-3", 500, ""),
        ("Lampe de bureau", "6.50", "20", "EEE-4", 850, "f"),
        ("Perceuse filaire", "18.00", "20", "EEE-5", 1_700, ""),
        ("Console de jeux", "45.00", "20", "EEE-6", 2_600, ""),
    ),
    *_of(
        "Vélos et loisirs",
        ("Vélo adulte révisé", "85.00", "20", None, 14_000, "f"),
        ("Vélo enfant 16 pouces", "35.00", "20", None, 9_500, ""),
        ("Antivol en U", "6.00", "20", None, 1_100, ""),
        ("Puzzle complet", "2.50", "20", None, 600, ""),
    ),
    *_of(
        "Livres et disques",
        ("Livre de poche", "1.00", "5.5", None, 200, "f"),
        ("Bande dessinée", "3.00", "5.5", None, 500, ""),
        ("Beau livre", "5.00", "5.5", None, 1_500, "o"),
        ("Disque vinyle", "4.00", "20", None, 250, "o"),
    ),
    *_of(
        "Textile et divers",
        ("Vêtements au kilo", "6.00", "20", None, None, "kf"),
        ("Vaisselle à l'unité", "0.50", "20", None, 350, "f"),
        ("Objet à prix libre", "0.00", "20", None, None, "of"),
        ("Carte d'adhésion", "5.00", "0", None, None, ""),
    ),
)

CAFE = (
    *_of(
        "Drinks",
        ("Espresso", "1.50", "10", None, None, "f"),
        ("Iced coffee with milk", "2.00", "10", None, None, "f"),
        ("Lemon tea", "1.25", "10", None, None, ""),
    ),
    *_of(
        "Food",
        ("Num pang sandwich", "2.50", "10", None, None, "f"),
        ("Coconut cake", "1.75", "10", None, None, ""),
        ("Coffee beans", "14.00", "10", None, None, "k"),
    ),
)


def ean13(number: int) -> str:
    """An EAN-13 of the range that shops give out themselves (GS1 prefix 200), with its check digit."""
    digits = f"200{number:09d}"
    weighed = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


async def load(db: Connection, *, currency: str, sold: tuple[DemoProduct, ...]) -> None:
    """Fill the empty catalogue of the organisation that `db` is in."""
    now = utc_now()
    names = dict.fromkeys(product.category for product in sold)
    categories = {
        name: Category(id=new_id(), name=name, position=at, colour=None, is_active=True)
        for at, name in enumerate(names, start=1)
    }
    products = [
        Product(
            id=new_id(),
            name=demo.name,
            sku=f"DEMO-{at:03d}",
            barcode=ean13(at),
            category_id=categories[demo.category].id,
            tax_rate_bp=tax_rate_bp(Decimal(demo.tax)),
            eee_category=demo.eee,
            weight_grams=demo.grams,
            price_minor=to_minor(Decimal(demo.price), currency),
            currency=currency,
            is_open_price=demo.open_price,
            unit=Unit.KILOGRAM if demo.by_weight else Unit.PIECE,
            is_favourite=demo.favourite,
        )
        for at, demo in enumerate(sold, start=1)
    ]
    await queries.insert_categories(db, categories.values(), now)
    await queries.insert_products(db, products, now)
