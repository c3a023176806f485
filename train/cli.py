"""The command line of training: verbs join `app`; errors of the user's making become one sentence."""

from __future__ import annotations

import sys
from typing import NoReturn

from train.errors import LimitBrokenError, TrainError
from train.verbs import fitting, measuring, searching, talking, watching
from train.verbs.app import app

VERBS = (fitting, measuring, searching, talking, watching)
"""Where the verbs stand; importing one joins its verbs to `app`. torch is imported when it is needed."""


def main() -> NoReturn:
    """The entry point: errors of the user's making are one sentence and exit status 2 (3: a limit broken)."""
    try:
        app(standalone_mode=True)
    except LimitBrokenError as error:
        leave(str(error), 3)
    except TrainError as error:
        leave(str(error), 2)
    except BrokenPipeError:
        leave("", 0)
    sys.exit(0)


def leave(sentence: str, status: int) -> NoReturn:
    """Say why on standard error and exit."""
    if sentence:
        print(f"train: {sentence}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
