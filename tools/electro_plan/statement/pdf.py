# SPDX-License-Identifier: Apache-2.0
"""Write a statement as PDF, on A4, in Roboto, which has Latin and Cyrillic letters."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from electro_plan.errors import PlanError
from electro_plan.formats.extra import need
from electro_plan.sentence import sentence
from electro_plan.statement.words import LANGUAGES
from electro_plan.wording import instant

if TYPE_CHECKING:
    from electro_plan.statement.ledger import Line, Statement

_GREY = (110, 110, 110)
_COLUMNS_MM = (44, 106, 30)  # when, what for, amount: 180 of A4's 210


def statement_pdf(statement: Statement, language: str) -> bytes:
    """Return the file.

    Args:
        statement: what it says.
        language: a key of LANGUAGES.

    Raises:
        PlanError: there is no such language, or fpdf2 is not installed.
    """
    if language not in LANGUAGES:
        raise PlanError(
            sentence("there are no words in {0!r}", language), f"languages are {', '.join(LANGUAGES)}"
        )
    fpdf = need("fpdf", "a PDF statement")
    letters = files(need("font_roboto", "a PDF statement")) / "files"
    words = LANGUAGES[language]
    pdf = fpdf.FPDF(format="A4")
    pdf.set_margin(15)
    pdf.set_auto_page_break(True, margin=18)
    pdf.set_title(f"{words['title']} {statement.agreement_id}")
    pdf.set_lang(language)
    for style, name in (("", "Regular"), ("B", "Bold")):
        pdf.add_font("Roboto", style, str(letters / f"Roboto-{name}.ttf"))
    pdf.add_page()
    _head(pdf, statement, words)
    _lines(pdf, statement, words)
    _sums(pdf, statement, words)
    return bytes(pdf.output())


def told(line: Line, statement: Statement, words: dict[str, str]) -> str:
    """Return what a line says, its money in the statement's currency."""
    figures = {
        key: statement.currency.text(value)
        if key in ("rate", "flat", "event") and isinstance(value, int)
        else value
        for key, value in line.figures.items()
    }
    if "cause" in figures:
        figures["cause"] = words[f"cause {figures['cause']}"]
    text = words[line.kind].format(**figures)
    return f"{text} ({line.meter[:6]}…{line.meter[-4:]})" if line.meter else text


def _head(pdf: Any, statement: Statement, words: dict[str, str]) -> None:
    pdf.set_font("Roboto", "B", 16)
    pdf.cell(0, 10, words["title"], new_x="LMARGIN", new_y="NEXT")
    number = str(statement.agreement_id)
    zone = statement.zone
    for label, value in (
        (words["agreement"], f"{statement.name}, № {number}" if statement.name else number),
        (words["contract"], statement.contract),
        (words["consumer"], statement.consumer),
        (words["term"], f"{instant(statement.start_s, zone)} – {instant(statement.end_s, zone)} ({zone})"),
        (words["made"], instant(statement.at_s, zone)),
        (words["money"], statement.currency.name or words["minor"]),
    ):
        pdf.set_font("Roboto", "", 9)
        pdf.set_text_color(*_GREY)
        pdf.cell(32, 5.5, label)
        pdf.set_text_color(0)
        pdf.cell(0, 5.5, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)


def _lines(pdf: Any, statement: Statement, words: dict[str, str]) -> None:
    pdf.set_font("Roboto", "", 9)
    if not statement.lines:
        pdf.cell(0, 8, words["nothing"], new_x="LMARGIN", new_y="NEXT")
        return
    with pdf.table(
        col_widths=_COLUMNS_MM, text_align=("LEFT", "LEFT", "RIGHT"), borders_layout="HORIZONTAL_LINES",
        line_height=5, padding=1,
    ) as table:  # fmt: skip
        table.row((words["date"], words["what"], words["amount"]))
        for line in statement.lines:
            when = "" if line.at_s is None else instant(line.at_s, statement.zone)
            table.row((when, told(line, statement, words), statement.currency.text(-line.amount)))


def _sums(pdf: Any, statement: Statement, words: dict[str, str]) -> None:
    taken = sum(line.amount for line in statement.lines if line.amount > 0)
    given = -sum(line.amount for line in statement.lines if line.amount < 0)
    rows = [
        ("bonus", statement.bonus),
        ("penalties", -taken),
        ("given", given),
        ("remaining", statement.remaining),
    ]
    if statement.discount is not None:
        rows.append(("discount", statement.discount))
    pdf.ln(4)
    for key, amount in rows:
        pdf.set_font("Roboto", "B" if key in ("remaining", "discount") else "", 10)
        pdf.cell(120, 6, words[key])
        pdf.cell(0, 6, statement.currency.text(amount), align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    pdf.set_font("Roboto", "", 9)
    pdf.set_text_color(*_GREY)
    pdf.multi_cell(0, 5, words["checked" if statement.checked else "unchecked"])
