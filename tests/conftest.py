"""What holds for all tests.

Hypothesis draws the same examples each time, so that a run says something about the change and not about luck.
`HYPOTHESIS_PROFILE=explore make test` draws new ones; what that finds becomes a test of its own.
How long an example takes, or its drawing, says something about the machine and who else is busy there: nobody looks.
"""

import os
import re

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("same"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of one `xdist_group` go to one worker, which makes ready once what they share.

    So xdist 3.8 would have it, by names of tests; but pytest 9.2 keeps these elsewhere than it looks.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        names = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        if names and not item.nodeid.endswith(suffix := f"@{'_'.join(names)}"):
            item._id = type(item.id).parse(item.nodeid + suffix)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A report is of the test, not of its group: what failed is found again by its name.

    Examples of a test are in brackets at the end of its name, so nothing but a group follows these.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:  # workers tell them by the longer names
        report.nodeid = re.sub(r"@[^]]+$", "", report.nodeid)
