"""From bytes of UTF-8 to plain letters: lower case, no accents, digits in place of letters undone.

Compiled functions of the kernel, which says how they are used. numba keys what it keeps on the file of the
outermost kernel: after a change here, touch kernel.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from curate.kernels.jit import compiled

SKIPPED = 1
"""In a fold table: the character is left out and does not end a word; 0 ends one; letters are above MAYBE."""
MAYBE = 2
"""In a fold table: a digit or sign that may stand for a letter; what is beside it tells."""
SYMBOLS = 0x2190
"""From here on a character is a word by itself: emoji, signs, letters of scripts without spaces."""
STAR = 42
SPACE = 32
NEWLINE = 10


@compiled
def code_point(data: Any, at: int, stop: int) -> Any:
    """The character at byte `at`, and the byte after it; a newline past the end."""
    if at >= stop:
        return np.int64(NEWLINE), stop + 1
    lead = np.int64(data[at])
    if lead < 0x80:
        return lead, at + 1
    more = 1 if lead < 0xE0 else (2 if lead < 0xF0 else 3)
    value = lead & (0x3F >> more)
    for place in range(at + 1, min(at + 1 + more, stop)):
        value = (value << 6) | np.int64(data[place] & 0x3F)
    if 0xFF01 <= value <= 0xFF5E:  # full width forms of ASCII
        value -= 0xFEE0
    elif value == 0x3000:  # the full width space
        value = np.int64(SPACE)
    return value, at + 1 + more


@compiled
def stands_for(char: Any) -> Any:
    """The letter that a digit or sign stands for inside a word; 0 for none."""
    if char == 48:
        return 111  # 0 o
    if char == 49 or char == 33:
        return 105  # 1 ! i
    if char == 51:
        return 101  # 3 e
    if char == 52 or char == 64:
        return 97  # 4 @ a
    if char == 53 or char == 36:
        return 115  # 5 $ s
    if char == 55:
        return 116  # 7 t
    return 0


@compiled
def read_letter(data: Any, at: int, stop: int, count: int, fold: Any) -> Any:
    """The character at `at`, its letter after `count` letters (SKIPPED; 0 for none), and the byte after."""
    char, after = code_point(data, at, stop)
    letter = np.int64(0)
    if char < len(fold):
        letter = np.int64(fold[char])
    if letter != MAYBE:
        return char, letter, after
    if char == STAR:
        return char, np.int64(STAR if count > 0 else 0), after
    letter = np.int64(stands_for(char))
    if letter != 0:
        following = code_point(data, after, stop)[0]
        lettered = following < len(fold) and fold[following] > MAYBE
        if (lettered and (count > 0 or char == 36)) or (count > 0 and following == char):
            return char, letter, after
    return char, char if 48 <= char <= 57 else np.int64(0), after


@compiled
def read_word(data: Any, at: int, stop: int, fold: Any, letters: Any, longest: int) -> Any:
    """Writes letters from byte `at` on to `letters[1:]`; gives their number, the character and byte after.

    A letter thrice or more in a row stands once. A word that is too long has `longest` + 1 letters.
    """
    count, same = 0, 0
    last = np.int64(0)
    while True:
        char = np.int64(data[at]) if at < stop else np.int64(NEWLINE)
        letter = np.int64(fold[char]) if char < 0x80 else np.int64(MAYBE)
        if letter == MAYBE:
            char, letter, at = read_letter(data, at, stop, count, fold)
        else:  # most of what is read, without a call: calls that pass arrays count references, which costs
            at += 1
        if letter == 0:
            return count, char, at
        if letter == SKIPPED:
            continue
        same = same + 1 if letter == last else 1
        last = letter
        if same == 3:
            count -= 1
        elif same < 3 and count <= longest:
            count += 1
            letters[count] = letter


@compiled
def after_link(data: Any, at: int, stop: int) -> int:
    """The byte after a link or an @mention that starts at `at`; `at` where none does."""
    if at + 1 >= stop:
        return at
    first, second = data[at], data[at + 1]
    link = False
    if first == 64:  # @name, as exports and tweets write a person
        link = 48 <= second <= 57 or 65 <= second <= 122
    elif first == 104 and at + 7 < stop:  # http:// https://
        colon = at + 4 + (1 if data[at + 4] == 115 else 0)
        link = second == 116 and data[at + 2] == 116 and data[at + 3] == 112
        link = link and data[colon] == 58 and data[colon + 1] == 47
    elif first == 119 and at + 4 < stop:  # www.
        link = second == 119 and data[at + 2] == 119 and data[at + 3] == 46
    if link:
        while at < stop and data[at] > SPACE:
            at += 1
    return at
