"""Text in bulk. A text column is held as a matrix of code points (one row a person, one column a character, zeros at the
end), because numpy's own string functions loop over rows. A matrix becomes text by being looked at differently,
never by being copied character by character."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Texts = npt.NDArray[np.str_]


def codes_of(words: Sequence[str], width: int) -> Codes:
    """Code points of `words`, one row each, zero-filled to `width`; a longer word raises ValueError."""
    too_long = [word for word in words if len(word) > width]
    if too_long:
        raise ValueError(f"{too_long[0]!r} is longer than {width} characters")
    return np.array(words, dtype=f"U{width}").view(np.uint32).reshape(len(words), width)


def texts_of(codes: Codes) -> Texts:
    """The text of a matrix of code points, as wide as the matrix."""
    whole = np.ascontiguousarray(codes)
    return whole.view(f"U{whole.shape[1]}").reshape(len(whole))


def joined(width: int, parts: Sequence[Codes]) -> Codes:
    """Rows of `parts` written one after the other without gaps, zero-filled to `width` (all must fit)."""
    rows = len(parts[0])
    out = np.zeros((rows, width), dtype=np.uint32)
    column = np.zeros(rows, dtype=np.int64)
    row = np.arange(rows)
    for part in parts:
        for position in range(part.shape[1]):
            character = part[:, position]
            present = character != 0
            out[row[present], column[present]] = character[present]
            column += present
    return out
