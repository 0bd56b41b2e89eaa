"""Plugins as packages see them: a distribution with an entry point on the path, nothing imported by hand."""

import os
import subprocess
import sys
from pathlib import Path

from wsolzoo import maps, registry
from wsolzoo.evaluation.localization import protocols

REPO = Path(__file__).resolve().parents[1]


def install(site: Path, name: str, source: str) -> None:
    """Lay a distribution with one plugin module into `site`, as pip would."""
    (site / f'{name}.py').write_text(source)
    info = site / f'{name}-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text(f'[wsolzoo.plugins]\n{name} = {name}\n')


def run(site: Path, code: str) -> subprocess.CompletedProcess:
    env = os.environ | {'PYTHONPATH': os.pathsep.join([str(site), str(REPO)])}
    return subprocess.run([sys.executable, '-c', code], env=env, capture_output=True, text=True, timeout=120)


GOOD = """
from wsolzoo.registry import LOG_PROCESSORS

print('imported')

@LOG_PROCESSORS.register_module()
class MyMethod:
    pass
"""


BROKEN = {
    'wz_missing': ('import no_such_module_here', 'ModuleNotFoundError'),
    'wz_leaves': ('raise SystemExit(3)', 'SystemExit'),
    'wz_divides': ('1 / 0', 'ZeroDivisionError'),
    'wz_syntax': ('def broken(:', 'SyntaxError'),
}


def test_a_plugin_type_resolves_and_a_broken_plugin_is_named_and_does_not_kill(tmp_path):
    for name, (source, _) in BROKEN.items():
        install(tmp_path, name, source)
    install(tmp_path, 'wz_good', GOOD)
    code = (
        'import wsolzoo\n'
        'from wsolzoo.registry import LOG_PROCESSORS as R\n'
        "print('asked')\n"
        "print(R.build(dict(type='MyMethod')))\n"
        "try: R.build(dict(type='Mymethot'))\n"
        'except KeyError as error: print(error)'
    )
    done = run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ['asked', 'imported'], 'importing the package loads no plugin'
    assert 'wz_good' not in done.stderr
    for name, (_, reason) in BROKEN.items():
        warning = f'UserWarning: The wsolzoo plugin {name!r} ({name}) could not be imported and is left out: {reason}'
        assert warning in done.stderr
        assert f'plugin {name!r} failed to import: {reason}' in done.stdout
    assert 'wz_good.MyMethod' in done.stdout
    assert 'plugins loaded: wz_good' in done.stdout
    assert 'close names: MyMethod' in done.stdout


def test_loading_twice_imports_once():
    assert registry.load_plugins() is registry.load_plugins()


NORMALIZER = """
from wsolzoo import maps

@maps.register_normalizer('squared')
def squared(map, power=2.0):
    return maps.minmax(map) ** power
"""


def test_a_protocol_finds_the_normaliser_of_a_plugin(tmp_path, monkeypatch):
    """In this process, whose plugins are forgotten and found anew."""
    install(tmp_path, 'wz_squared', NORMALIZER)
    monkeypatch.setattr(registry, '_found', None)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        mine = protocols.vary('choe2020-v2', 'mine', map={'normalizer': dict(type='squared', power=3.0)})
        assert registry.load_plugins().loaded == ['wz_squared']
        assert 'normalised (squared, power=3)' in mine.describe()
    finally:
        maps.NORMALIZERS.pop('squared', None)
        sys.modules.pop('wz_squared', None)
