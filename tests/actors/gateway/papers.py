"""Papers as customers send them, and what others send in their place; made here, so that no binary lies in the repository."""

from __future__ import annotations

import io
import zlib
from functools import cache

import pypdf
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pylopdf_fonts_zh_cn import sans_path
from pypdf.actions import JavaScript

TEXT = "收入证明 兹证明张建国系我单位员工 月收入人民币壹万捌仟元整 特此证明"


@cache
def page(width: int = 1_240, height: int = 1_754, blur: float = 0.0) -> Image.Image:
    """A page of print, as a scanner sees it at 150 dots an inch; out of focus by so many pixels."""
    image = Image.new("L", (width, height), 250)
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(str(sans_path()), max(8, width // 40))
    for line in range(18):
        draw.text((width // 12, height // 12 + line * height // 22), TEXT, fill=30, font=font)
    return image.filter(ImageFilter.GaussianBlur(blur)) if blur else image


def jpg(image: Image.Image | None = None) -> bytes:
    """A JPEG of a page."""
    out = io.BytesIO()
    (image or page()).save(out, "JPEG", quality=80)
    return out.getvalue()


def pdf(pages: int = 1, password: str = "", script: str = "", attached: bytes = b"") -> bytes:
    """A PDF of empty pages."""
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    if script:
        writer.add_open_action(JavaScript(script))
    if attached:
        writer.add_attachment("more.bin", attached)
    if password:
        writer.encrypt(password)
    writer.write(out)
    return out.getvalue()


def padded(content: bytes, size: int, place: int) -> bytes:
    """A PDF of a size, its own for each place: a comment before its end."""
    at = content.rindex(b"startxref")
    return content[:at] + b"%" + str(place).encode().ljust(size - len(content) - 2, b"x") + b"\n" + content[at:]


def wide_jpg(width: int, height: int) -> bytes:
    """A small file that says it is a huge image."""
    small = bytearray(jpg(page(64, 64)))
    frame = small.index(b"\xff\xc0")
    small[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(small)


@cache
def bomb_pdf(unfolded: int = 1 << 28) -> bytes:
    """A PDF whose objects lie in a stream that unfolds to a thousand times its size."""
    packer = zlib.compressobj(9)
    step = b" " * (1 << 20)
    folded = b"".join(packer.compress(step) for _ in range(unfolded >> 20)) + packer.flush()
    stream = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
    catalog = b"<< /Type /Catalog /Pages 4 0 R >>"
    return _written({1: catalog, 2: stream % (len(folded), folded)}, {4: (2, 0)})


def with_entry(entry: bytes, folded: bool) -> bytes:
    """A PDF of one page whose catalog has one entry more; its objects lie openly, or in a compressed stream."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % entry,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    if not folded:
        return _written(dict(enumerate(objects, 1)), {})
    places = [sum(len(one) + 1 for one in objects[:n]) for n in range(len(objects))]
    head = b" ".join(b"%d %d" % (number, at) for number, at in enumerate(places, 1)) + b" "
    content = zlib.compress(head + b" ".join(objects))
    stream = b"<< /Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
    inside = {number: (4, place) for place, number in enumerate(range(1, len(objects) + 1))}
    return _written({4: stream % (len(objects), len(head), len(content), content)}, inside)


def _written(objects: dict[int, bytes], inside: dict[int, tuple[int, int]]) -> bytes:
    """A PDF of objects by their numbers, 1 its catalog, and of those that lie in a stream: its number, and their place in it."""
    body, rows = b"%PDF-1.5\n", {0: (0, 0, 65535)} | {number: (2, *where) for number, where in inside.items()}
    for number, one in objects.items():
        rows[number] = (1, len(body), 0)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start, own = len(body), max(rows) + 1
    rows[own] = (1, start, 0)
    free = (0, 0, 65535)
    table = b"".join(
        bytes([kind]) + at.to_bytes(4, "big") + of.to_bytes(2, "big")
        for kind, at, of in (rows.get(number, free) for number in range(own + 1))
    )
    return body + (
        b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        b"startxref\n%d\n%%%%EOF\n" % (own, own + 1, len(table), table, start)
    )
