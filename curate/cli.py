"""The command line: verbs join `app`; errors of the user's making become one sentence and an exit status."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from curate.errors import LimitBrokenError, TamisError
from curate.verbs import augmenting, calibrating, curating, finished, recipes
from curate.verbs.app import app

VERBS = (augmenting, calibrating, curating, finished, recipes)
"""Where the verbs stand; importing one joins its verbs to `app`, and nothing heavy is imported by it."""

INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM

OURS = ("curate", "reports", "rules")
"""Packages whose lines an unexpected error may name."""


def main() -> NoReturn:
    """The entry point. Exit status 2 is for what the user can mend, in one sentence; 3 for a broken limit.

    1 is a defect of ours, told without the error's own message: it might quote a log. 130 and 143 are for a
    run that was interrupted or ended: its workers are stopped, and a line says whether the same command goes
    on.
    """
    signal.signal(signal.SIGTERM, ended)
    try:
        status = app(prog_name="curate", standalone_mode=False)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except SystemExit as left:
        if left.code != TERMINATED:
            raise
        status = TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads what is still held
        leave("", 0)
    except LimitBrokenError as error:
        leave(str(error), 3)
    except TamisError as error:
        leave(str(error), 2)
    except OSError as error:
        leave(unwritable(error), 2)
    except MemoryError:
        leave("there is not enough memory; run the same command with fewer --workers, what is done stays", 2)
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]
            leave("", 2)
        if hasattr(error, "format_message"):  # typer's word for a wrong argument
            leave(usage(error), 2)
        if os.environ.get("TAMIS_TRACEBACK"):
            raise
        leave(defect(error), 1)
    if status in (INTERRUPTED, TERMINATED):  # typer makes a status of an interrupt
        leave(stopped(sys.argv[1:]), status)
    sys.exit(status if isinstance(status, int) else 0)


def ended(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM leaves as Ctrl-C does: workers are stopped on the way out."""
    sys.exit(128 + number)


def stopped(arguments: Sequence[str]) -> str:
    """What is said of a command that was interrupted: what a run has done stays done.

    >>> stopped(["run", "logs/"]), stopped(["preview", "logs/"])
    ('stopped; the same command goes on from there', 'stopped')
    """
    if arguments[:1] != ["run"]:
        return "stopped"
    without = " without --fresh" if "--fresh" in arguments else ""
    return f"stopped; the same command{without} goes on from there"


def usage(error: Any) -> str:
    """A wrong argument in one sentence: what was wrong, the nearest right word, where more is told.

    `train` says it in the same form; it runs where this package is not.
    """
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "curate"
    if hasattr(error, "possibilities") and hasattr(error, "option_name"):
        near = f"; did you mean '{error.possibilities[0]}'?" if error.possibilities else ""
        said = f"no option '{error.option_name}' in '{path}'{near}"
    else:
        said = " ".join(error.format_message().split()).rstrip(".")
        said = f"{said[:1].lower()}{said[1:]}".replace(". Did you mean", "; did you mean")
    then = "" if said.endswith("?") else ";"
    example = ((context.command.epilog if context else "") or "").partition("Example: ")[2]
    return f"{said}{then} '{path} --help' tells more" + (f", for example: {example}" if example else "")


def unwritable(error: OSError) -> str:
    """The sentence for a file that the system refuses."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "the disk is full; make room and run the same command again, what is done stays done"
    told = f"'{error.filename}'" if error.filename else "a file"
    return f"{told} cannot be read or written: {error.strerror}; mend that and run the same command again"


def defect(error: Exception) -> str:
    """Where an unexpected error arose: kind and line, never its message."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if any(name in Path(one.filename).parts for name in OURS)] or frames
    place = Path(ours[-1].filename)
    return (
        f"a defect of Tamis: {type(error).__name__} in {place.parent.name}/{place.name}, line "
        f"{ours[-1].lineno} (its message is withheld, it may quote a log); please report this line; with "
        "TAMIS_TRACEBACK=1 the same command shows all"
    )


def leave(sentence: str, status: int) -> NoReturn:
    """Say why on standard error and exit."""
    if sentence:
        print(f"curate: {sentence}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
