"""The cells of docs/metrics.md run, and print what the page says they print."""

import contextlib
import io
import re
import runpy
from pathlib import Path

PAGE = Path(__file__).parents[2] / 'docs' / 'metrics.md'


def test_cells_print_what_the_page_says():
    cells = re.findall(r'^```python\n(.*?)^```', PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(cells) >= 10
    namespace = {}
    for cell in cells:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(cell, namespace)
        assert printed.getvalue().splitlines() == re.findall(r'# -> (.*)', cell), cell


def test_every_registered_metric_is_on_the_page():
    import wsolzoo.evaluation.metrics  # noqa: F401
    from wsolzoo.registry import METRICS

    page = PAGE.read_text()
    for name, kind in METRICS.module_dict.items():
        if kind.__module__.startswith('wsolzoo.evaluation.metrics'):
            assert f'`{name}`' in page, name


def test_every_saliency_key_and_ap_definition_is_on_the_page():
    from wsolzoo.evaluation.functional.detection import AP_DEFINITIONS
    from wsolzoo.evaluation.metrics.detection import STYLES
    from wsolzoo.evaluation.metrics.saliency import EXTRA_KEYS, KEYS

    page = PAGE.read_text()
    for name in (*KEYS, *EXTRA_KEYS, *AP_DEFINITIONS, *STYLES):
        assert f'`{name}`' in page, name


def test_benchmark_compares_with_its_reference(capsys):
    benchmark = runpy.run_path(str(PAGE.parents[1] / 'benchmarks' / 'metrics.py'))
    benchmark['main'](['--images', '1', '--sides', '30'])
    assert capsys.readouterr().out.count('times') == 4
