"""The command line of training: verbs join `app`; errors of the user's making become one sentence."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from train.errors import LimitBrokenError, StoppedError, TrainError
from train.verbs import fitting, measuring, searching, talking, watching
from train.verbs.app import app

VERBS = (fitting, measuring, searching, talking, watching)
"""Where the verbs stand; importing one joins its verbs to `app`. torch is imported when it is needed."""

INTERRUPTED = 128 + signal.SIGINT

OURS = ("train", "curate", "reports")
"""Packages whose lines an unexpected error may name."""


def main() -> NoReturn:
    """The entry point. Exit status 2 is for what the user can mend, in one sentence; 3 for a broken limit.

    130 is for a command that Ctrl-C stopped: a line says what goes on with it. 1 is a defect of ours, told
    without the error's own message: it might quote a log.
    """
    try:
        status = app(prog_name="train", standalone_mode=False)
    except LimitBrokenError as error:
        leave(str(error), 3)
    except StoppedError as error:
        leave(str(error), INTERRUPTED)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except TrainError as error:
        leave(str(error), 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads what is still held
        leave("", 0)
    except OSError as error:
        leave(unwritable(error), 2)
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]
            leave("", 2)
        if hasattr(error, "format_message"):  # typer's word for a wrong argument
            leave(usage(error), 2)
        if os.environ.get("TAMIS_TRACEBACK"):
            raise
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
            leave(
                "there is not enough memory; take --set run.rows=1, run.checkpointing=on, fewer --workers", 2
            )
        leave(defect(error), 1)
    if status == INTERRUPTED:  # typer makes a status of an interrupt
        leave(stopped(sys.argv[1:]), INTERRUPTED)
    sys.exit(status if isinstance(status, int) else 0)


def stopped(arguments: Sequence[str]) -> str:
    """What is said of a command that was interrupted; `fit` and `resume` say it themselves.

    >>> stopped(["tune", "out/"]), stopped(["demo"])
    ('stopped; the same command goes on from there', 'stopped')
    """
    goes_on = arguments[:1] in (["prove"], ["tune"], ["duel"])
    return "stopped; the same command goes on from there" if goes_on else "stopped"


def usage(error: Exception) -> str:
    """A wrong argument in one sentence: what was wrong, the nearest right word, a command that is right."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "train"
    if hasattr(error, "possibilities") and hasattr(error, "option_name"):
        near = f"; did you mean '{error.possibilities[0]}'?" if error.possibilities else ""
        said = f"no option '{error.option_name}' in '{path}'{near}"
    else:
        said = " ".join(error.format_message().split()).rstrip(".")  # type: ignore[attr-defined]
        said = f"{said[:1].lower()}{said[1:]}".replace(". Did you mean", "; did you mean")
    if hint := getattr(getattr(error, "param", None), "help", None):
        said += f" ({hint[:1].lower()}{hint[1:].rstrip('.')})"
    then = "" if said.endswith("?") else ";"
    example = ((context.command.epilog if context else "") or "").partition("Example: ")[2]
    return f"{said}{then} '{path} --help' tells more" + (f", for example: {example}" if example else "")


def unwritable(error: OSError) -> str:
    """The sentence for a file that the system refuses."""
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
        print(f"train: {sentence}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
