"""What may go wrong in `freiton.accounting`, as one tree.

    AccountingError
    ├── UnknownCall      our own caller names a call that is not open here
    └── LogUnreadable    a log or snapshot is of an unknown version, or does not add up

Refusing a call is no error: `Refused` is a return type.
"""


class AccountingError(Exception):
    """Base of everything that the accounting raises on purpose."""


class UnknownCall(AccountingError):  # noqa: N818 - names what it is; the tree says it is an error
    """The call was never admitted here, or ended too long ago to be remembered."""


class LogUnreadable(AccountingError):  # noqa: N818 - as above
    """The message is one sentence for the operator."""
