"""Workbooks for tests, written by hand as their format (ECMA-376) has them: no library of ours writes .xlsx."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

Cell = str | int | float | None | tuple[str, str]
"""A text, a number, nothing, or (formula, its value)."""
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def write_workbook(
    path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]], merged: Sequence[str] = (), dates: str = ""
) -> Path:
    """Write the sheets; `merged` are ranges of the first one, `dates` the letter of its column of dates."""
    with zipfile.ZipFile(path, "w") as archive:
        rels, entries, types = "", "", ""
        for number, (name, rows) in enumerate(sheets.items(), 1):
            first = number == 1
            sheet = _sheet(rows, merged if first else (), dates if first else "")
            archive.writestr(f"xl/worksheets/sheet{number}.xml", sheet)
            rels += f'<Relationship Id="r{number}" Type="{_REL}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            entries += f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"/>'
        rels += f'<Relationship Id="s" Type="{_REL}/styles" Target="styles.xml"/>'
        book = f'<workbook {_MAIN} xmlns:r="{_REL}"><sheets>{entries}</sheets></workbook>'
        archive.writestr("xl/workbook.xml", book)
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}">{rels}</Relationships>'
        )
        office = f'<Relationship Id="b" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}">{office}</Relationships>')
        xfs = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs>'
        archive.writestr("xl/styles.xml", f"<styleSheet {_MAIN}>{xfs}</styleSheet>")
        types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        archive.writestr("[Content_Types].xml", types)
    return path


def _sheet(rows: Sequence[Sequence[Cell]], merged: Sequence[str], dates: str) -> str:
    body = ""
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{chr(64 + at)}{number}", cell, dates) for at, cell in enumerate(row, 1))
        body += f'<row r="{number}">{cells}</row>'
    ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    tail = f"<mergeCells>{ranges}</mergeCells>" if merged else ""
    return f"<worksheet {_MAIN}><sheetData>{body}</sheetData>{tail}</worksheet>"


def _cell(place: str, cell: Cell, dates: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return f'<c r="{place}" t="str"><f>{escape(cell[0])}</f><v>{escape(cell[1])}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    style = ' s="1"' if dates and place.startswith(dates) else ""
    return f'<c r="{place}"{style}><v>{cell}</v></c>'
