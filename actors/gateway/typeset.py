"""Papers of the bank as PDF: contracts (合同) and e-vouchers (电子凭证), in Chinese, with their fonts embedded so that they look
the same on any machine. Pure functions of what they say: the same paper twice is the same file. Setting one takes the better
part of a second, so it is done by a worker process (`set_in_type`)."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import segno
from anyio import CapacityLimiter, to_process
from fpdf import FPDF
from fpdf.enums import TextMode
from pylopdf_fonts_zh_cn import serif_path

_AT_ONCE = CapacityLimiter(2)
_INK, _FAINT, _BLUE, _RED, _PALE = (34, 34, 34), (120, 120, 120), (26, 54, 104), (200, 30, 40), (226, 229, 236)
_A5 = (210.0, 148.0)
"""Lying, in millimetres."""
_SIGNING = 90.0
"""Millimetres that the last clause and the record of the signature take."""
_CLINGS = frozenset("，。；：、！？）》」』”’％%")
"""What never begins a line (避头标点)."""
_OPENS = "（《「『“‘"
"""What never ends one (避尾标点)."""
Paper = TypeVar("Paper", bound=NamedTuple)


class Signature(NamedTuple):
    """How a contract was signed; times as they are printed."""

    mode: str
    confirmed_at: str
    signed_at: str


class ContractPaper(NamedTuple):
    """A contract: its text, title first, and its signature; without one it is a preview (待签署)."""

    lender: str
    number: str
    text: str
    digest: str
    """SHA-256 of the text, in hexadecimal digits."""
    made_on: dt.datetime
    signature: Signature | None


class VoucherPaper(NamedTuple):
    """A payment's e-voucher. `rows`: what it says, label and value; `address`: where a reader of its QR code is led."""

    lender: str
    rows: tuple[tuple[str, str], ...]
    code: str
    address: str
    made_on: dt.datetime


async def set_in_type(setter: Callable[[Paper], bytes], paper: Paper) -> bytes:
    """A paper as PDF, by a worker process."""
    return await to_process.run_sync(setter, paper, limiter=_AT_ONCE)


class _Sheet(FPDF):
    """A page with the bank's head and foot."""

    def __init__(self, lender: str, foot: str, made_on: dt.datetime, form: str | tuple[float, float] = "A4") -> None:
        super().__init__(format=form)
        self._lender, self._foot, self._mark = lender, foot, ""
        self.add_font("serif", fname=serif_path())
        self.set_creation_date(made_on)
        self.set_lang("zh-CN")
        self.set_author(lender)
        self.set_margins(24, 27, 24)
        self.set_auto_page_break(True, 24)
        self.c_margin = 0

    def header(self) -> None:
        self._write(9, _BLUE, self.l_margin, 16, self._lender)
        self.set_draw_color(*_BLUE)
        self.set_line_width(0.4)
        self.line(self.l_margin, 19, self.w - self.r_margin, 19)
        if self._mark:
            with self.rotation(38, self.w / 2, self.h / 2):
                self._write(64, _PALE, self.w / 2, self.h / 2, self._mark, middle=True)
        self.set_y(self.t_margin)

    def footer(self) -> None:
        self.set_draw_color(*_PALE)
        self.set_line_width(0.2)
        self.line(self.l_margin, self.h - 17, self.w - self.r_margin, self.h - 17)
        self._write(7.5, _FAINT, self.l_margin, self.h - 12.5, self._foot)
        pages = f"第 {self.page_no()} 页　共 "
        self.set_xy(self.w - self.r_margin - self.get_string_width(f"{pages}0 页"), self.h - 15.3)
        self.cell(0, 4, f"{pages}{{nb}} 页")

    def _write(
        self, size: float, ink: tuple[int, int, int], x: float, y: float, text: str, *, middle: bool = False
    ) -> None:
        """Text at a place, not on the running line."""
        self.set_font("serif", size=size)
        self.set_text_color(*ink)
        self.text(x - self.get_string_width(text) / 2 if middle else x, y, text)

    def heading(self, text: str, size: float, after: float) -> None:
        """A line in the middle, in heavier strokes."""
        self.set_draw_color(*_INK)
        with self.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.12):
            self._write(size, _INK, self.w / 2, self.get_y() + size * 0.35, text, middle=True)
        self.set_y(self.get_y() + size * 0.35 + after)

    def paragraph(self, text: str, size: float = 10.5, leading: float = 6.4, heavy: bool = False) -> None:
        """A paragraph, two characters in."""
        self.set_font("serif", size=size)
        self.set_text_color(*_INK)
        self.set_draw_color(*_INK)
        for line in self._lines(text if heavy else f"　　{text}"):
            if self.will_page_break(leading):
                self.add_page()
                self.set_font("serif", size=size)
                self.set_text_color(*_INK)
            mode = TextMode.FILL_STROKE if heavy else TextMode.FILL
            with self.local_context(text_mode=mode, line_width=0.1):
                self.cell(self.epw, leading, line, new_x="LMARGIN", new_y="NEXT")

    def _lines(self, text: str) -> list[str]:
        """The text in lines of the page's width; numbers stay whole, punctuation stays where it may."""
        found, line, width = [], "", 0.0
        for word in _words(text):
            wide = self.get_string_width(word)
            if line and width + wide > self.epw and word not in _CLINGS:
                kept = line.rstrip(_OPENS)
                found.append(kept)
                line = line[len(kept) :]
                width = self.get_string_width(line)
            line, width = line + word, width + wide
        return [*found, line]

    def seal(self, x: float, y: float, below: str, radius: float = 17.0) -> None:
        """The bank's electronic seal (电子印章), round about a place."""
        self.set_draw_color(*_RED)
        self.set_line_width(0.9)
        self.circle(x, y, radius)
        self.set_fill_color(*_RED)
        self.star(x, y - 1.5, 2.1, 5.4, 5, 180, "F")
        names = self._lender.replace(" ", "")
        step = min(22.0, 250.0 / max(1, len(names) - 1))
        for place, character in enumerate(names):
            turn = (place - (len(names) - 1) / 2) * step
            with self.rotation(-turn, x, y):
                self._write(9.5, _RED, x, y - radius + 5.0, character, middle=True)
        self._write(7.5, _RED, x, y + 10.5, below, middle=True)


def _words(text: str) -> list[str]:
    """Characters, and runs of letters and figures as one."""
    found: list[str] = []
    for character in text:
        plain = character.isascii() and not character.isspace()
        if found and plain and found[-1].isascii() and not found[-1].isspace():
            found[-1] += character
        else:
            found.append(character)
    return found


def contract_pdf(paper: ContractPaper) -> bytes:
    """CON-11: a contract to be read before it is signed; or, signed, with its signature and the bank's seal."""
    title, _, rest = paper.text.partition("\n")
    sheet = _Sheet(paper.lender, f"合同编号 {paper.number}　校验值 {paper.digest[:16].upper()}", paper.made_on)
    sheet.set_title(f"{title} {paper.number}")
    if paper.signature is None:
        sheet._mark = "预览　未签署"
    sheet.add_page()
    sheet.heading(title, 19, 8)
    lines = [line for line in map(str.strip, rest.splitlines()) if line]
    headings = [place for place, line in enumerate(lines) if line.startswith("第") and "条　" in line[:6]]
    for place, line in enumerate(lines):
        if place in headings:
            if paper.signature is not None and place == headings[-1] and sheet.will_page_break(_SIGNING):
                sheet.add_page()  # a signature never stands on a page without a clause
            sheet.ln(2.2)
            sheet.paragraph(line, 11, 7, heavy=True)
        else:
            sheet.paragraph(line)
    if paper.signature is not None:
        _sign(sheet, paper.signature)
    return bytes(sheet.output())


def _sign(sheet: _Sheet, signature: Signature) -> None:
    """The record of the signature, and the seal over it."""
    sheet.ln(6)
    top = sheet.get_y()
    rows = (
        ("签署方式", signature.mode),
        ("客户确认时间", signature.confirmed_at),
        ("签署生效时间", signature.signed_at),
        ("签署状态", "双方已签署，合同生效并归档"),
    )
    _table(sheet, rows, 36, 8)
    sheet.seal(sheet.w - sheet.r_margin - 22, top + 16, "合同专用章")


def _table(
    sheet: _Sheet, rows: tuple[tuple[str, str], ...], label_width: float, height: float, width: float = 0
) -> None:
    """Labels and values, ruled."""
    width = width or sheet.epw
    sheet.set_draw_color(*_PALE)
    sheet.set_line_width(0.25)
    for label, value in rows:
        sheet.set_fill_color(245, 247, 250)
        sheet.set_font("serif", size=9)
        sheet.set_text_color(*_FAINT)
        sheet.cell(label_width, height, label, border=1, fill=True, align="C")
        sheet.set_font("serif", size=10.5)
        sheet.set_text_color(*_INK)
        sheet.cell(width - label_width, height, f"  {value}", border=1, new_x="LMARGIN", new_y="NEXT")


def voucher_pdf(paper: VoucherPaper) -> bytes:
    """DIS-10, DIS-11: amount, time, account, the bank's seal, the code under which it is verified, a QR code that leads there."""
    sheet = _Sheet(paper.lender, "本凭证由系统生成，凭验证码或扫描二维码核验真伪，重复打印无效", paper.made_on, _A5)
    sheet.set_title("贷款发放电子凭证")
    sheet.set_auto_page_break(False)
    sheet.add_page()
    sheet.heading("贷款发放电子凭证", 17, 5)
    top = sheet.get_y()
    _table(sheet, paper.rows, 30, 8.4, sheet.epw - 44)
    picture = io.BytesIO()
    segno.make(paper.address, error="m").save(picture, kind="png", scale=8, border=2)
    left = sheet.w - sheet.r_margin - 38
    sheet.image(picture, left, top - 2, 38, 38, link=paper.address)
    sheet._write(8, _FAINT, left + 19, top + 40, "扫码核验", middle=True)
    sheet.seal(left + 19, top + 58, "业务凭证章", 14.5)
    sheet.set_y(top + 8.4 * len(paper.rows) + 6)
    sheet._write(8, _FAINT, sheet.l_margin, sheet.get_y(), "验证码")
    sheet._write(9.5, _INK, sheet.l_margin + 12, sheet.get_y(), paper.code)
    return bytes(sheet.output())
