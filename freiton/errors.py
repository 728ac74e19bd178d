"""What the operator can put right."""


class OperatorError(Exception):
    """Something the operator gave us cannot be used; the text is one sentence with its place.

    OperatorError
    +-- ConfigError     a settings or site file, with every problem found in it
    +-- SiteError       a change of the site that would break it
    +-- SecretsError    the key of the site's secrets is missing, open to others or wrong
    +-- ControlError    the running switch cannot be reached or refused a command
    """
