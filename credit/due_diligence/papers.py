"""Papers of a visit (走访资料; APP-21): the report and the photos, which belong to their case. The content is the
host's to keep; the bank knows its digest, size and kind, as of customers' materials."""

from __future__ import annotations

import numpy as np

from credit.codes import FileFormat
from credit.due_diligence.contract import Paper, Refusal
from credit.numbers import branch_of_case, paper_of
from credit.policies.due_diligence import DueDiligencePolicy
from credit.policies.materials import MaterialPolicy
from credit.room import Rows
from credit.rows import first_fault
from credit.table import Table
from credit.times import Ints


class Papers:
    """The papers of cases, under the policies on due diligence and on files."""

    def __init__(self, policy: DueDiligencePolicy, files: MaterialPolicy, table: Table) -> None:
        self._policy, self._files, self.table = policy, files, table

    def faults(self, uploads: Rows) -> Ints:
        """Why a paper does not count, 0 where it does: rows of FilePaper."""
        kind, nth, form, size = (uploads[name] for name in ("paper", "nth", "format", "size"))
        photo, report = kind == Paper.PHOTO, kind == Paper.REPORT
        placed = (report & (nth == 1)) | (photo & (nth >= 1) & (nth <= self._policy.photos_max))
        image, files = form == FileFormat.JPG, self._files
        unclear = (uploads["short_side_px"] < files.short_side_px_min) | (uploads["sharpness"] < files.sharpness_min)
        return first_fault(
            (~placed, Refusal.PAPER_UNKNOWN),
            (~image & ~(report & (form == FileFormat.PDF)), Refusal.PAPER_FORMAT),
            ((size < 1) | (size > files.file_bytes_max), Refusal.PAPER_SIZE),
            (image & unclear, Refusal.PAPER_UNCLEAR),
        )

    def file(self, uploads: Rows) -> None:
        """Keeps papers; one that comes again takes the place of what came before."""
        number = paper_of(uploads["case"], uploads["paper"], uploads["nth"])
        before = self.table.find(number)
        self.table.drop(before[before >= 0])
        self.table.append(uploads, number=number, branch=branch_of_case(uploads["case"]), filed_at=uploads["at"])

    def lacking(self, case: Ints) -> Ints:
        """What a visit may not end without: the reason, 0 where report and photos are there."""
        return first_fault(
            (self._count(case, Paper.PHOTO) < self._policy.photos_min, Refusal.PHOTOS_MISSING),
            (self._count(case, Paper.REPORT) < 1, Refusal.REPORT_MISSING),
        )

    def _count(self, case: Ints, kind: Paper) -> Ints:
        most = self._policy.photos_max if kind is Paper.PHOTO else 1
        numbers = paper_of(case[:, None], int(kind), np.arange(1, most + 1))
        found: Ints = (self.table.find(numbers.ravel()) >= 0).reshape(numbers.shape).sum(axis=1)
        return found
