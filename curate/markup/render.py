"""A tree of HTML as Markdown-flavoured plain text: what a reader of the page would have typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from curate.markup.code import Aside, fenced, inline
from curate.markup.entities import decode
from curate.markup.rules import Markup, markup

LINE, PARAGRAPH = "\x1d", "\x1e"
"""Signs between blocks while a tree is written: at least a line end, an empty line. `tidy` resolves them."""

_BREAKS = re.compile(r"[ \t]*[\x1d\x1e\n][ \t\x1d\x1e\n]*")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_LANGUAGE = re.compile(r"(?:language|lang|hljs)-([\w+#-]+)")
_UNSEEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)  # preview lines of mails, tracking texts
_SAFE_LINK = re.compile(r"(?:https?|ftp|mailto|tel):", re.IGNORECASE)


@dataclass
class Renderer:
    """Writes one tree. `flow`: line ends of the source are only spaces; `drop_quoted`: no answered mail."""

    aside: Aside
    flow: bool
    drop_quoted: bool = False

    def __post_init__(self) -> None:
        self.rules: Markup = markup()

    def text(self, tree: Any) -> str:
        """The text of a parsed page, code still set aside."""
        out = self.children(tree)
        if self.aside.block_mark is not None:
            out = self.aside.block_mark.sub(rf"{LINE}\1{LINE}", out)
        return tidy(out)

    def children(self, node: Any) -> str:
        """What the parts of a node say, one after the other."""
        out: list[str] = []
        for child in node.children:
            said = self.node(child)
            if said[:1] == " " and out and out[-1][-1:] in (" ", "\n"):
                said = said.lstrip(" ")
            if said:
                out.append(said)
        return "".join(out)

    def node(self, node: Any) -> str:
        """What one node says, with the line ends that its kind asks for."""
        name: str | None = node.name
        if name is None:
            if type(node).__name__ != "NavigableString":  # comments, declarations
                return ""
            return decode(_SPACES.sub(" ", node) if self.flow else str(node))
        if name in self.rules.dropped or _UNSEEN.search(node.get("style") or ""):
            return ""
        if self.drop_quoted and self.is_quoted(node):
            return ""
        special = getattr(self, f"_{name}", None)
        said: str = special(node) if special is not None else self.children(node)
        if name in self.rules.paragraph:
            return f"{PARAGRAPH}{said.strip(' ')}{PARAGRAPH}"
        if name in self.rules.line:
            blank = "\n" in said and not said.strip()  # an empty line, as mail programs write it
            return PARAGRAPH if blank and not self.flow_space(node) else f"{LINE}{said.strip(' ')}{LINE}"
        return said

    def flow_space(self, node: Any) -> bool:
        """Whether an empty element holds no line break tag, only space of the source."""
        return node.find("br") is None

    def is_quoted(self, node: Any) -> bool:
        """Whether a mail program put the answered message into this element."""
        classes = set(node.get("class") or ())
        cited = node.name == "blockquote" and node.get("type") == "cite"
        return cited or bool(classes & self.rules.quote_classes) or node.get("id") in self.rules.quote_ids

    def _br(self, node: Any) -> str:
        return "\n" + self.children(node)

    def _wbr(self, node: Any) -> str:
        return self.children(node)

    def _hr(self, node: Any) -> str:
        return f"{PARAGRAPH}---{PARAGRAPH}" + self.children(node)

    def _img(self, node: Any) -> str:
        return " ".join(decode(node.get("alt") or "").split()) + self.children(node)

    def _a(self, node: Any) -> str:
        said = self.children(node)
        inner = " ".join(said.split())
        target = "".join((node.get("href") or "").split())
        if not _SAFE_LINK.match(target) or not inner:
            return said
        if target.removeprefix("mailto:").removeprefix("tel:").rstrip("/") == inner.rstrip("/"):
            return said
        target = re.sub(r"[()<>`\[\]]", lambda sign: f"%{ord(sign[0]):02X}", target)
        return f"[{inner}]({target})"

    def _code(self, node: Any) -> str:
        whole = node.get_text()
        if "\n" in whole.strip() and not self.flow:
            return self.block(whole.strip("\n"), "")
        return self.aside.keep(inline(self.aside.restore(whole)), block=False) if whole.strip() else whole

    _kbd = _samp = _tt = _code

    def _pre(self, node: Any) -> str:
        inner = node.find("code") or node
        for ended in inner.find_all("br"):
            ended.insert_before("\n")
        found = _LANGUAGE.search(" ".join(inner.get("class") or node.get("class") or ()))
        code = inner.get_text().strip("\r\n").rstrip()
        return self.block(code, found[1] if found else "") if code else ""

    def block(self, code: str, language: str) -> str:
        """A fence, set aside so that nothing touches the lines in it."""
        kept = fenced(self.aside.restore(code), language)
        return f"{PARAGRAPH}{self.aside.keep(kept, block=True)}{PARAGRAPH}"

    def _heading(self, node: Any) -> str:
        said = " ".join(self.children(node).split())
        return f"{'#' * int(node.name[1])} {said}" if said else ""

    _h1 = _h2 = _h3 = _h4 = _h5 = _h6 = _heading

    def _blockquote(self, node: Any) -> str:
        said = tidy(self.children(node))
        return self.prefixed(said, "> ", "> ") if said else ""

    def _ul(self, node: Any) -> str:
        return self.listed(node, None)

    def _ol(self, node: Any) -> str:
        start = str(node.get("start") or "1")
        return self.listed(node, int(start) if start.isdecimal() and len(start) < 6 else 1)

    def listed(self, node: Any, number: int | None) -> str:
        """A list, an entry a line, entries within entries set in."""
        out = []
        for child in node.children:
            if child.name != "li":
                rest = tidy(self.node(child))
                if rest:
                    out.append(self.prefixed(rest, "  ", "  ") if child.name in ("ul", "ol") else rest)
                continue
            if number is not None and str(child.get("value") or "").isdecimal():
                number = int(child["value"][:6])
            bullet = "- " if number is None else f"{number}. "
            number = None if number is None else number + 1
            said = re.sub(r"\n{2,}", "\n", tidy(self.children(child)))
            if said:
                out.append(self.prefixed(said, bullet, " " * len(bullet)))
        return "\n".join(out)

    def _li(self, node: Any) -> str:
        said = tidy(self.children(node))
        return self.prefixed(said, "- ", "  ") if said else ""

    def prefixed(self, said: str, first: str, rest: str) -> str:
        """The lines with `first` before the first and `rest` before the others, fences included."""
        marked = self.aside.block_mark is not None and self.aside.block_mark.search(said)
        if marked and self.aside.block_mark is not None:
            said = tidy(self.aside.block_mark.sub(rf"{LINE}\1{LINE}", said))
        lines = (self.aside.restore(said) if marked else said).split("\n")
        out = "\n".join((first if place == 0 else rest) + line for place, line in enumerate(lines))
        out = "\n".join(line.rstrip() for line in out.split("\n"))
        return self.aside.keep(out, block=True) if marked else out

    def _table(self, node: Any) -> str:
        rows = [
            [cell for cell in row.children if cell.name in ("td", "th")]
            for row in node.find_all("tr")
            if row.find_parent("table") is node
        ]
        rows = [row for row in rows if row]
        wide = {len(row) for row in rows}
        lost = "".join("".join(cell.get_text() for row in rows for cell in row).split()) != "".join(
            node.get_text().split()
        )
        if lost or len(rows) < 2 or wide == {1} or len(wide) > 1 or node.find("table") is not None:
            return self.children(node)  # laid out with a table: its cells as lines
        cells = [
            [" ".join(tidy(self.children(cell)).split()).replace("|", "\\|") for cell in row] for row in rows
        ]
        if any(self.aside.block_mark and self.aside.block_mark.search(cell) for row in cells for cell in row):
            return self.children(node)
        lines = [f"| {' | '.join(row)} |" for row in cells]
        lines.insert(1, f"|{' --- |' * len(cells[0])}")
        return "\n".join(lines)

    def _td(self, node: Any) -> str:
        before = (
            " " if str(node.previous_sibling or "").strip() and node.previous_sibling.name is None else ""
        )
        after = node.next_sibling is not None
        return before + self.children(node) + (" " if after else "")

    _th = _td

    def _q(self, node: Any) -> str:
        return f"“{self.children(node)}”"


def tidy(text: str) -> str:
    r"""The text without spaces at line ends, with at most one empty line in a row, trimmed.

    >>> tidy("\n a  \n\n\n\nb \n")
    'a\n\nb'
    """
    return _BREAKS.sub(_break, text).strip(" \t\r\n")


def _break(found: re.Match[str]) -> str:
    said = found[0]
    ends = 2 if PARAGRAPH in said else max(1, min(2, said.count("\n")))
    after = said.rstrip(" \t")
    inset = said[len(after) :] if after.endswith("\n") else ""  # spaces that begin a line stay
    return "\n" * ends + inset
