"""A pytest plugin: where the run is judged, a test that is skipped without an accepted reason fails it."""

import os
import re

import pytest

ACCEPTED = {
    r'needs the data folder; there is none at ': 'real images and weights may not be redistributed',
    r'needs chromium': 'a browser is no Python package; where there is one, reports are looked at in it',
}
"""Beginning of a skip's reason (a regular expression), and why skipping is right."""

UNEXPLAINED = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    by_default = os.environ.get('CI', '').lower() in ('1', 'true')
    text = 'fail when a test is skipped for a reason that tests/strict_skips.py does not list; on where CI=true'
    parser.addoption('--strict-skips', action='store_true', default=by_default, help=text)


def pytest_configure(config):
    config.stash[UNEXPLAINED] = []
    config.pluginmanager.register(_Watch(config), 'strict-skips')


class _Watch:
    """Collects what was skipped; with xdist, the controller sees the reports of all workers."""

    def __init__(self, config):
        self.unexplained = config.stash[UNEXPLAINED]
        self.strict = config.getoption('strict_skips')

    def pytest_runtest_logreport(self, report):
        if report.skipped and not hasattr(report, 'wasxfail'):
            _, _, reason = report.longrepr
            reason = reason.removeprefix('Skipped: ')
            if not any(re.match(known, reason) for known in ACCEPTED):
                self.unexplained.append(f'{report.nodeid}: {reason}')

    pytest_collectreport = pytest_runtest_logreport  # a whole module may skip itself

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if self.strict and self.unexplained and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        if self.strict and self.unexplained:
            terminalreporter.section('skipped without an accepted reason (tests/strict_skips.py)', red=True)
            for line in sorted(self.unexplained):
                terminalreporter.write_line(line)
