"""Numbers in bodies, before it is known what they are worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tillvault.core.http.fields import Number
from tillvault.core.jsontext import dumps
from tillvault.sales.schemas import Percent

NUMBER: TypeAdapter[Any] = TypeAdapter(Number)


@pytest.mark.parametrize("text", ["0", "-0", "1000000000000", "-1000000000000", "0.5", "1E+12", "1." + "0" * 390])
def test_a_number_that_can_be_an_amount_is_kept_as_it_is(text: str) -> None:
    found = NUMBER.validate_python(Decimal(text))

    assert found.as_tuple() == Decimal(text).as_tuple()
    assert len(dumps(found)) < 500


@pytest.mark.parametrize("text", ["1E+999999999", "-1E+999999999", "1E-999999999", "0E-999999999", "1000000000000.1"])
def test_a_number_whose_digits_would_fill_the_memory_is_refused_before_it_is_written(text: str) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_python(Decimal(text))


def test_no_percentage_is_long_either() -> None:
    with pytest.raises(ValidationError, match="has too many decimals"):
        TypeAdapter[Any](Percent).validate_python(Decimal("0E-999999999"))
