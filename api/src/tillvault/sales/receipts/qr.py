"""The QR code of a receipt, as a matrix of modules; each form draws it in its own way."""

from __future__ import annotations

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

QUIET_MODULES = 4
"""White margin that scanners need (ISO/IEC 18004, 5.3.8)."""


def matrix(url: str) -> list[list[bool]]:
    """Dark modules are true; without the margin. Level M survives a crease in the paper."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(url)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]
