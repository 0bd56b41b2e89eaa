"""A pytest plugin: with ``--figures`` the session ends with the sums of what its tests have counted.

A test counts with pytest's own fixture: ``record_property('trainings killed', 20)``.
"""

from collections import Counter


def pytest_addoption(parser):
    parser.addoption('--figures', action='store_true', help='end with the sums of what the tests have counted')


def pytest_configure(config):
    if config.getoption('figures'):
        config.pluginmanager.register(_Figures(), 'figures')


class _Figures:
    """Sums the properties of passed tests; with xdist, the controller sees the reports of all workers."""

    def __init__(self):
        self.sums = Counter()
        self.tests = Counter()

    def pytest_runtest_logreport(self, report):
        if report.when == 'call':
            self.tests[report.outcome] += 1
            self.sums.update({name: value for name, value in report.user_properties if report.passed})

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section('figures')
        for name, value in self.sums.items():
            terminalreporter.write_line(f'{value:8,} {name}')
        for name, value in self.tests.items():
            terminalreporter.write_line(f'{value:8,} tests {name}')
