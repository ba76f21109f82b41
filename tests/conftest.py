"""What holds for all tests.

Hypothesis draws the same examples each time, so that a run says something about the change and not about luck.
`HYPOTHESIS_PROFILE=explore make test` draws new ones; what that finds becomes a test of its own.
How long an example takes, or its drawing, says something about the machine and who else is busy there: nobody looks.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("same"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
