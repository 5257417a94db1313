"""Wire shapes of imports."""

from __future__ import annotations

from tillvault.core.http.answers import Wire
from tillvault.sales.catalogue.transfer.service import Imported


class LineErrorAnswer(Wire):
    line: int
    column: str | None
    """The column's title as the file has it; null for the line as a whole."""
    message: str


class ImportAnswer(Wire):
    created: int
    updated: int
    unchanged: int
    errors: list[LineErrorAnswer]
    """At most 200 of them."""
    error_count: int
    dry_run: bool

    @classmethod
    def of(cls, imported: Imported) -> ImportAnswer:
        return cls(
            created=imported.created,
            updated=imported.updated,
            unchanged=imported.unchanged,
            errors=[
                LineErrorAnswer(line=error.line, column=error.column, message=error.message)
                for error in imported.errors
            ],
            error_count=imported.error_count,
            dry_run=imported.dry_run,
        )
