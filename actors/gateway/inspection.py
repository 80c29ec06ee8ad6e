"""Looks into files that strangers sent: that they are what they say, can be opened, and, of images, how large and sharp they
are (APP-11, APP-13). Everything is done in a worker process with bounds on memory and time (`inspected`), so that a file made to
hurt a parser hurts nobody else. What is legible enough is the bank's to say, not decided here."""

from __future__ import annotations

import io
import resource
import signal
import warnings
from typing import NamedTuple

import numpy as np
import pypdf
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process
from PIL import Image
from pypdf.generic import ArrayObject, DictionaryObject

from credit.codes import FileFormat

SECONDS_MAX = 20.0
"""How long a file may take; what takes longer is refused."""
_MEMORY_MAX = 2 << 30
_SHARPNESS_PX = 1_000
_BEGINS = {FileFormat.JPG: b"\xff\xd8\xff", FileFormat.PDF: b"%PDF-"}
_PDF_END, _PDF_TAIL = b"%%EOF", 2_048
_ACTIVE = (
    "/JavaScript",
    "/JS",
    "/Launch",
    "/EmbeddedFiles",
    "/EmbeddedFile",
    "/EF",
    "/RichMedia",
    "/OpenAction",
    "/AA",
)
"""What runs, or carries something else along, in a PDF; no paper of a customer needs it."""
_KINDS = ("/S", "/Type", "/Subtype")
_AT_ONCE = CapacityLimiter(2)


class Unfit(Exception):
    """A file that is not what it says, or can't be looked into; says what is wrong."""


class Seen(NamedTuple):
    """What was found: of an image the pixels of its shorter side, and the variance of the Laplacian of its grey values (0 to 255)
    with the longer side brought to 1,000 pixels; 0 of a document, which has pages."""

    short_side_px: int = 0
    sharpness: int = 0
    pages: int = 1

    def measured(self) -> dict[str, int]:
        """The measures of an image."""
        return {"short_side_px": self.short_side_px, "sharpness": self.sharpness}


async def inspected(
    content: bytes, said: FileFormat, pixels_max: int, pages_max: int, seconds: float = SECONDS_MAX
) -> Seen:
    """What a file is, looked into by a worker process. Unfit says what is wrong with it."""
    prove_begin(content, said)
    about = (content, said, pixels_max, pages_max, seconds)
    try:
        return await to_process.run_sync(look, *about, cancellable=True, limiter=_AT_ONCE)
    except BrokenWorkerProcess:
        raise Unfit(f"it could not be opened within {seconds:.0f} seconds") from None


def prove_begin(content: bytes, said: FileFormat) -> None:
    """Unfit where a file does not begin as files of its format do."""
    if not content.startswith(_BEGINS[said]):
        found = next((form.name for form, begin in _BEGINS.items() if content.startswith(begin)), "")
        is_ = f"it is a {found}" if found else "it begins otherwise"
        raise Unfit(f"it says that it is a {said.name}, but {is_}")


def look(content: bytes, said: FileFormat, pixels_max: int, pages_max: int, seconds: float) -> Seen:
    """The work itself, for a process of its own, which ends when the time is over."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, resource.getrlimit(resource.RLIMIT_AS)[1]))
    try:
        return _image(content, pixels_max) if said is FileFormat.JPG else _document(content, pages_max)
    except Unfit:
        raise
    except Exception as error:  # parsers raise whatever they like; none of it is the bank's fault
        raise Unfit(f"it is damaged and can't be opened as a {said.name} ({type(error).__name__})") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _image(content: bytes, pixels_max: int) -> Seen:
    Image.MAX_IMAGE_PIXELS = pixels_max
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content), formats=["JPEG"])
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise Unfit(f"the image has more than {pixels_max:,} pixels") from None
    with image:
        short, long = sorted(image.size)
        width, height = (max(1, round(side * _SHARPNESS_PX / long)) for side in image.size)
        image.draft("L", (width, height))  # which makes the image smaller as it is read, no smaller than that
        grey = np.asarray(image.convert("L").resize((width, height), Image.Resampling.BOX), dtype=np.int64)
    return Seen(short, _sharpness(grey))


def _sharpness(grey: np.ndarray) -> int:
    """Variance of the Laplacian."""
    if min(grey.shape) < 3:
        return 0
    inside = grey[1:-1, 1:-1]
    return int((grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inside).var())


def _document(content: bytes, pages_max: int) -> Seen:
    if _PDF_END not in content[-_PDF_TAIL:]:
        raise Unfit("the PDF is cut short")
    reader = pypdf.PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        raise Unfit("the PDF is encrypted; save it without a password")
    pages = len(reader.pages)
    if not 1 <= pages <= pages_max:
        raise Unfit(f"the PDF has {pages} pages; 1 to {pages_max} are taken")
    for number, page in enumerate(reader.pages, 1):
        if min(page.mediabox.width, page.mediabox.height) <= 0:
            raise Unfit(f"page {number} of the PDF has no size")
    names = _names(reader)
    if found := next((name for name in _ACTIVE if name in names), ""):
        raise Unfit(f"the PDF holds {found[1:]}: print it to a plain PDF first")
    return Seen(pages=pages)


def _names(reader: pypdf.PdfReader) -> set[object]:
    """The names of all entries of a PDF's objects, and what kind these say that they are, however deep inside one another and
    wherever in the file; as the parser reads them, which undoes `/J#53`."""
    numbers = {one for of_generation in reader.xref.values() for one in of_generation} | set(reader.xref_objStm)
    within: list[object] = [reader.get_object(number) for number in sorted(numbers)]
    names: set[object] = set()
    while within:
        found = within.pop()
        if isinstance(found, DictionaryObject):
            names.update(found, (found.raw_get(kind) for kind in _KINDS if kind in found))
            within += found.values()
        elif isinstance(found, ArrayObject):
            within += found
    return names
