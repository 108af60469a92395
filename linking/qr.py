"""QR codes of addresses, as shapes for an inline SVG element: no picture has to be fetched, and no style is set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# It has neither annotations nor stubs.
import qrcode  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class QRCode:
    """The dark modules of a QR code of `url`, as one SVG path in a square of `size` units (ISO/IEC 18004)."""

    url: str
    size: int
    path: str


@lru_cache(maxsize=8)
def qr_code(url: str) -> QRCode:
    """A QR code of `url` without the quiet zone: what is around it has to be light."""
    drawing = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    drawing.add_data(url)
    matrix: list[list[bool]] = drawing.get_matrix()
    return QRCode(url=url, size=len(matrix), path="".join(_row(y, row) for y, row in enumerate(matrix)))


def _row(y: int, row: list[bool]) -> str:
    """One rectangle for each run of dark modules."""
    shapes, start = [], None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            shapes.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            start = None
    return "".join(shapes)
