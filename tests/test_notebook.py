"""The notebook of the docs shows what its cells give; ``python tests/test_notebook.py --write`` runs and keeps it."""

import ast
import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / 'docs/notebooks/first_look.ipynb'


def run(source: str, space: dict) -> list[dict]:
    """Outputs of a code cell: what it prints, and the value of its last expression."""
    tree, printed, value = ast.parse(source), io.StringIO(), None
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, 'cell', 'exec'), space)
        if last:
            value = eval(compile(ast.Expression(last.value), 'cell', 'eval'), space)
    text = printed.getvalue()
    outputs = [{'name': 'stdout', 'output_type': 'stream', 'text': text.splitlines(keepends=True)}] if text else []
    if value is not None:
        data = {'text/plain': repr(value).splitlines(keepends=True)}
        if hasattr(value, '_repr_png_'):
            picture = base64.b64encode(value._repr_png_()).decode()
            data = {'image/png': picture, 'text/plain': [f'<{type(value).__name__}>']}
        outputs += [{'data': data, 'execution_count': None, 'metadata': {}, 'output_type': 'execute_result'}]
    return outputs


def executed(notebook: dict) -> dict:
    """The notebook with the outputs that its cells give here."""
    space, cells, number = {}, [], 0
    for cell in notebook['cells']:
        if cell['cell_type'] == 'code':
            number += 1
            outputs = run(''.join(cell['source']), space)
            for output in outputs:
                output |= {'execution_count': number} if 'execution_count' in output else {}
            cell = {**cell, 'execution_count': number, 'outputs': outputs}
        cells.append(cell)
    return {**notebook, 'cells': cells}


def texts(notebook: dict) -> list[str]:
    """All that a reader can compare: printed lines and values, without pictures."""
    outputs = [output for cell in notebook['cells'] for output in cell.get('outputs', [])]
    return [''.join(output.get('text') or output['data']['text/plain']) for output in outputs]


@pytest.mark.slow
def test_the_notebook_shows_what_its_cells_give(monkeypatch):
    monkeypatch.chdir(NOTEBOOK.parent)
    kept = json.loads(NOTEBOOK.read_text(encoding='utf-8'))
    assert texts(executed(kept)) == texts(kept)
    assert any('image/png' in output.get('data', {}) for cell in kept['cells'] for output in cell.get('outputs', []))


def test_the_notebook_is_small_and_was_run():
    kept = json.loads(NOTEBOOK.read_text(encoding='utf-8'))
    assert NOTEBOOK.stat().st_size < 1_000_000
    assert all(cell['execution_count'] for cell in kept['cells'] if cell['cell_type'] == 'code')


if __name__ == '__main__' and '--write' in sys.argv:
    os.chdir(NOTEBOOK.parent)
    made = json.dumps(executed(json.loads(NOTEBOOK.read_text(encoding='utf-8'))), indent=1, ensure_ascii=False)
    NOTEBOOK.write_text(made + '\n', encoding='utf-8')
