"""Refusals of the catalogue."""

from __future__ import annotations

from tillvault.core.errors import AppError, BadRequest, Conflict, NotFound


class ProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"
    message = "There is no such product."


class CategoryNotFound(NotFound):
    code = "CATEGORY_NOT_FOUND"
    message = "There is no such category."


class CategoryNameTaken(Conflict):
    code = "CATEGORY_NAME_TAKEN"
    message = "There is a category with this name already."


class SkuTaken(Conflict):
    code = "SKU_TAKEN"
    message = "Another product has this SKU already."


class BarcodeTaken(Conflict):
    code = "BARCODE_TAKEN"
    message = "Another product has this barcode already."


class ImportInvalid(BadRequest):
    code = "IMPORT_INVALID"
    message = "The file has lines that cannot be imported. Nothing was changed."
    example_extra = {  # noqa: RUF012  (read only)
        "details": [{"line": 7, "column": "price", "message": "EUR has 2 decimals at most"}],
        "errorCount": 1,
    }


class FileUnreadable(BadRequest):
    code = "FILE_UNREADABLE"
    message = "This is not a CSV file in UTF-8 or an XLSX workbook that can be read."


class FileTypeUnknown(AppError):
    status = 415
    code = "FILE_TYPE_UNKNOWN"
    message = "Send the file as text/csv or as the type of XLSX workbooks."
