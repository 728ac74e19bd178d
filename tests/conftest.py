"""Properties are tried on the same examples each time; ``--hypothesis-profile exploring`` on new.

No deadlines: a busy machine is no fault of the code.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None, max_examples=1_000)
settings.load_profile("repeatable")
