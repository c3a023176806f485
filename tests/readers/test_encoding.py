"""What encoding a file is in: the cases, and that nothing is ever decoded with a loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.readers.csv_file import bytes_of, text_of
from curate.readers.text_encoding import detect_encoding
from curate.readers.types import Unreadable

FRENCH = "Ticket;Rôle;Message\r\n1;Client;Où est ma commande n° 12 ? Déjà payée, à hauteur de 4,50 €…\r\n"
CASES = [
    ("plain ASCII is UTF-8", b"id,text\n1,Hello\n", "utf-8", 0),
    ("UTF-8", FRENCH.encode(), "utf-8", 0),
    ("UTF-8 with a mark", b"\xef\xbb\xbf" + FRENCH.encode(), "utf-8-sig", 3),
    ("UTF-16 little end first", b"\xff\xfe" + FRENCH.encode("utf-16-le"), "utf-16-le", 2),
    ("UTF-16 big end first", b"\xfe\xff" + FRENCH.encode("utf-16-be"), "utf-16-be", 2),
    ("UTF-16 without a mark", FRENCH.encode("utf-16-le"), "utf-16-le", 0),
    ("French Excel", FRENCH.encode("cp1252"), "cp1252", 0),
    ("Latin-1 letters mean the same in cp1252", "élève à la cantine".encode("latin-1"), "cp1252", 0),
    ("a C1 control that cp1252 has not", "caf\xe9 \x81 d\xe9j\xe0 \xe9t\xe9".encode("latin-1"), "latin-1", 0),
    ("UTF-8 with one broken byte is UTF-8", FRENCH.encode() * 3 + b"caf\xe9\n", "utf-8", 0),
    ("UTF-8 cut in a character", "déjà é".encode()[:-1], "utf-8", 0),
    ("Chinese in UTF-8", "你好，世界！".encode(), "utf-8", 0),
    ("NUL bytes in text are not UTF-16", b"id,text\n1,a\0b\n", "utf-8", 0),
]


@pytest.mark.parametrize(("why", "raw", "name", "mark"), CASES, ids=[case[0] for case in CASES])
def test_the_encoding_is_found(why: str, raw: bytes, name: str, mark: int) -> None:
    found = detect_encoding(raw)
    assert (found.name, found.mark) == (name, mark)


@pytest.mark.parametrize("name", ["cp1251", "koi8-r", "gb18030", "shift_jis", "iso8859-7"])
def test_text_in_another_script_is_refused_with_the_next_step(name: str) -> None:
    texts = {
        "gb18030": "你好，我想咨询一下我的订单什么时候可以发货，谢谢你的帮助。",
        "shift_jis": "こんにちは、注文した商品はいつ届きますか。よろしくお願いします。",
        "iso8859-7": "Καλημέρα, πού βρίσκεται η παραγγελία μου; Ευχαριστώ πολύ για τη βοήθεια.",
    }
    text = texts.get(name, "Здравствуйте, где мой заказ? Прошу ответить как можно скорее, спасибо.")
    with pytest.raises(Unreadable, match=r"encoding is not certain.*set encoding"):
        detect_encoding((text * 4).encode(name))
    assert detect_encoding(text.encode(name), name).name


def test_what_the_user_says_wins() -> None:
    assert detect_encoding(b"abc", "ISO-8859-1").name == "latin-1"
    assert detect_encoding(b"\xff\xfea\0", "utf-16").mark == 2
    with pytest.raises(Unreadable, match="unknown encoding 'utf-99'; allowed: auto"):
        detect_encoding(b"abc", "utf-99")


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "cp1252", "latin-1", "utf-16-le", "utf-16-be"]))
def test_text_read_with_a_fault_gives_its_bytes_back(raw: bytes, encoding: str) -> None:
    text, clean = text_of(raw, encoding)
    odd = "16" in encoding and len(raw) % 2
    assert clean or any("\ud800" <= char <= "\udfff" for char in text)
    if not odd:
        assert bytes_of(text, encoding) == raw


@given(st.text(alphabet=st.characters(codec="cp1252"), max_size=200))
def test_western_text_in_cp1252_is_read_back_exactly(text: str) -> None:
    raw = text.encode("cp1252")
    try:
        found = detect_encoding(raw)
    except Unreadable:
        return  # refused is not altered
    if found.name in ("cp1252", "latin-1") and not any("\x80" <= char <= "\x9f" for char in text):
        assert text_of(raw[found.mark :], found.name)[0] == text
