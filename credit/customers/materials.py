"""Uploaded materials (上传资料; APP-10 to APP-13): what a file must be to count, which of them a case has, and until when
they are waited for. The content is the host's to keep; the bank knows its digest, size and kind."""

from __future__ import annotations

import numpy as np

from credit.codes import FileFormat, Material
from credit.customers.contract import Refusal
from credit.numbers import material_of
from credit.policies.materials import MaterialPolicy
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, Ints

_BITS = np.array([int(one) for one in Material])


class Materials:
    """The files of cases, under the policy."""

    def __init__(self, policy: MaterialPolicy, waiting: Table, files: Table) -> None:
        self.policy, self.waiting, self.files = policy, waiting, files
        self._formats = [int(FileFormat[name.upper()]) for name in policy.formats]

    def expire_at(self, at: Ints) -> Ints:
        """Until when the materials of a form that came at an instant may come."""
        return at + self.policy.wait_days * DAY_MS

    def faults(self, uploads: Rows, asked: Ints) -> Ints:
        """Why a file does not count, 0 where it does: rows of FileMaterial, at most one a case, whose cases take materials;
        `asked`: the material bits that the case's product speaks of."""
        policy, material, size = self.policy, uploads["material"], uploads["size"]
        one = (material > 0) & (material & (material - 1) == 0)
        image = uploads["format"] == FileFormat.JPG
        unclear = (uploads["short_side_px"] < policy.short_side_px_min) | (uploads["sharpness"] < policy.sharpness_min)
        checks = (
            (~one | ((material & asked) == 0), Refusal.MATERIAL_UNASKED),
            (~np.isin(uploads["format"], self._formats), Refusal.MATERIAL_FORMAT),
            ((size < 1) | (size > policy.file_bytes_max), Refusal.MATERIAL_SIZE),
            (image & unclear, Refusal.MATERIAL_UNCLEAR),
            (self._total_with(uploads) > policy.total_bytes_max, Refusal.MATERIAL_TOTAL),
        )
        faults = np.zeros(len(uploads), dtype=np.int64)
        for wrong, refusal in checks:
            faults[(faults == 0) & wrong] = refusal
        return faults

    def file(self, uploads: Rows) -> None:
        """Keeps files; a material that comes again takes the place of what came before."""
        number = material_of(uploads["case"], uploads["material"])
        before = self.files.find(number)
        self.files.drop(before[before >= 0])
        self.files.append(uploads, file=number, filed_at=uploads["at"])

    def of(self, case: Ints, since: Ints | int = 0) -> Ints:
        """The material bits that each case has, filed from an instant on."""
        rows = self._rows(case)
        filed = self.files.get("filed_at", rows.ravel(), -1).reshape(rows.shape)
        found: Ints = ((filed >= np.reshape(since, (-1, 1))) * _BITS).sum(axis=1)
        return found

    def forget(self, case: Ints) -> None:
        """Drops the files of cases that come to nothing."""
        rows = self._rows(case)
        self.files.drop(rows[rows >= 0])

    def _total_with(self, uploads: Rows) -> Ints:
        """Bytes of a case once an upload has taken the place of what came before."""
        rows = self._rows(uploads["case"])
        totals = self.files.get("size", rows.ravel()).reshape(rows.shape).sum(axis=1)
        before = self.files.find(material_of(uploads["case"], np.maximum(uploads["material"], 1)))
        total: Ints = totals + uploads["size"] - self.files.get("size", before)
        return total

    def _rows(self, case: Ints) -> Ints:
        """Each case's rows of the files: a row a case, a column a material, −1 where it has none."""
        numbers = material_of(case[:, None], _BITS)
        return self.files.find(numbers.ravel()).reshape(numbers.shape)
