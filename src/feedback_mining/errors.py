"""Every error that the project raises on purpose.

FeedbackMiningError
├── InputError            a file or option given by the user cannot be used (exit code 2)
│   ├── UnreadableFile    missing, empty, damaged, or of a kind that no importer reads
│   ├── MissingColumn     no column of the file holds the comments' text
│   ├── UnknownWeek       the week is malformed or holds no comment
│   └── TooFewLabels      people have labelled too little to train on
├── FetchError            a feed could not be read to its end (exit code 3)
│   ├── SourceRefused     robots.txt, a login, a captcha, an address that is not allowed, a status that says no
│   └── Unreachable       still failing after the last attempt
├── StoreError            the store cannot be opened, or was written by a newer version (exit code 2)
├── ModelError            a model's files are missing, damaged, or do not fit each other
└── MissingExtra          an optional dependency is not installed; the message holds the pip command

Messages are one line: what was given, what was expected, what to do.
"""

from collections.abc import Iterable


class FeedbackMiningError(Exception):
    """Base of the tree; `str(error)` is one line that can be shown to a user."""

    exit_code = 1


class InputError(FeedbackMiningError):
    exit_code = 2


class UnreadableFile(InputError):
    pass


class MissingColumn(InputError):
    def __init__(self, message: str, columns: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.columns = tuple(columns)  # those that the file has


class UnknownWeek(InputError):
    pass


class TooFewLabels(InputError):
    pass


class FetchError(FeedbackMiningError):
    exit_code = 3


class SourceRefused(FetchError):
    pass


class Unreachable(FetchError):
    pass


class StoreError(FeedbackMiningError):
    exit_code = 2


class ModelError(FeedbackMiningError):
    pass


class MissingExtra(FeedbackMiningError):
    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This step needs the package {package}, which is not installed; "
            f"run: pip install 'feedback_mining[{extra}]'"
        )
