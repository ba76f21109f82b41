"""What holds for all tests.

Hypothesis draws the same examples each time, so that a run says something about the change and not about luck.
`HYPOTHESIS_PROFILE=explore make test` draws new ones; what that finds becomes a test of its own.
"""

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
