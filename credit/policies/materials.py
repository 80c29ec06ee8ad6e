"""Policy on uploaded materials (资料政策): formats and sizes (APP-11, APP-12), how long they are waited for, and when an image is
legible (APP-13)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from credit.codes import FileFormat
from credit.policies.base import LIVE, PolicyModel


class MaterialPolicy(PolicyModel):
    """All that uploads are judged by. Sizes in bytes."""

    formats: list[str] = Field(min_length=1)
    """The whitelist (白名单), by the names of `FileFormat`."""
    file_bytes_max: int = Field(ge=1, le=16_000_000)
    """Largest file (APP-11)."""
    total_bytes_max: int = Field(ge=1, le=1 << 32)
    """Largest sum of an application's files (APP-12)."""
    wait_days: int = Field(ge=1, le=366)
    """Calendar days from the form, or from being sent back, within which materials must come."""
    short_side_px_min: Annotated[int, LIVE] = Field(ge=1, le=10_000)
    """An image whose shorter side is smaller is illegible (APP-13)."""
    sharpness_min: Annotated[int, LIVE] = Field(ge=0, le=100_000)
    """[variance] Least variance of an image's Laplacian, see `FileMaterial`."""
    pixels_max: Annotated[int, LIVE] = Field(ge=1, le=1 << 28)
    """A larger image is refused before it is unfolded."""
    pages_max: Annotated[int, LIVE] = Field(ge=1, le=10_000)
    """A longer document is refused."""

    @field_validator("formats")
    @classmethod
    def _known(cls, formats: list[str]) -> list[str]:
        for name in formats:
            if name.upper() not in FileFormat.__members__:
                allowed = ", ".join(FileFormat.__members__).lower()
                raise ValueError(f"formats: {name!r} is not one of {allowed}")
        return formats
