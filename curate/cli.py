"""The command line: verbs join `app`; errors of the user's making become one sentence and an exit status."""

from __future__ import annotations

import sys
from typing import NoReturn

from curate.errors import LimitBrokenError, TamisError
from curate.verbs import calibrating, curating, finished, recipes
from curate.verbs.app import app

VERBS = (calibrating, curating, finished, recipes)
"""Where the verbs stand; importing one joins its verbs to `app`, and nothing heavy is imported by it."""


def main() -> NoReturn:
    """The entry point: errors of the user's making are one sentence and exit status 2 (3: a limit broken)."""
    try:
        app(standalone_mode=True)
    except BrokenPipeError:
        leave("", 0)
    except LimitBrokenError as error:
        leave(str(error), 3)
    except TamisError as error:
        leave(str(error), 2)
    except OSError as error:
        told = f"'{error.filename}'" if error.filename else "a file"
        leave(
            f"{told} cannot be read or written: {error.strerror}; mend that and run the same command again", 2
        )
    sys.exit(0)


def leave(sentence: str, status: int) -> NoReturn:
    """Say why on standard error and exit."""
    if sentence:
        print(f"curate: {sentence}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
