import warnings

import pytest
from mmengine import registry as root

from wsolzoo import registry as ours
from wsolzoo.registry import MODELS, UnknownTypeError, ZooRegistry, close_names


def registries() -> list[ZooRegistry]:
    return [value for value in vars(ours).values() if isinstance(value, ZooRegistry)]


def test_every_mmengine_registry_has_a_child():
    parents = {id(value) for value in vars(root).values() if isinstance(value, root.Registry)}
    assert {id(child.parent) for child in registries()} == parents
    assert all(child.scope == 'wsolzoo' for child in registries())


@pytest.mark.parametrize('registry', registries(), ids=lambda registry: registry.name)
def test_locations_can_be_imported(registry):
    with warnings.catch_warnings():
        warnings.simplefilter('error', ImportWarning)
        registry.import_from_location()


@pytest.fixture
def scratch():
    """A registry of its own, so that nothing registered here stays."""
    parent = root.Registry('scratch', scope='mmengine')
    return ZooRegistry('scratch', parent=parent, scope='wsolzoo', locations=['wsolzoo.structures'])


def test_unknown_type_lists_close_names_and_plugins(scratch):
    @scratch.register_module()
    class CAMHead: ...

    with pytest.raises(UnknownTypeError) as caught:
        scratch.build(dict(type='CamHaed'))
    message = str(caught.value)
    assert "'CamHaed' is not in the scratch registry of wsolzoo" in message
    assert 'close names: CAMHead' in message
    assert 'plugins loaded:' in message
    assert 'custom_imports' in message
    assert '\n' in message  # a plain KeyError would show the two characters backslash and n


def test_unknown_type_tells_why_a_plugin_failed(scratch, monkeypatch):
    from wsolzoo import registry

    monkeypatch.setattr(registry, '_found', registry.Plugins(['good'], {'broken': "ModuleNotFoundError: 'torchx'"}))
    message = scratch.explain('Anything')
    assert 'plugins loaded: good' in message
    assert "plugin 'broken' failed to import: ModuleNotFoundError: 'torchx'" in message


def test_a_sibling_is_suggested_with_its_prefix(scratch):
    sibling = root.Registry('scratch', parent=scratch.parent, scope='mmpretrain')

    @sibling.register_module()
    class ResNet: ...

    assert 'close names: mmpretrain.ResNet' in scratch.explain('ResNet')


def test_a_module_is_not_a_component():
    with pytest.raises(UnknownTypeError):
        MODELS.get('json')


def test_dotted_import_paths_still_resolve():
    assert MODELS.get('mmengine.model.BaseModel').__name__ == 'BaseModel'


def test_contains_does_not_raise(scratch):
    @scratch.register_module()
    class Known: ...

    assert 'Known' in scratch
    assert 'Unknown' not in scratch


def test_double_registration_names_both(scratch):
    class Twin: ...

    scratch.register_module(module=Twin)
    with pytest.raises(KeyError, match='already registered.*first by.*test_registry.*now by.*test_registry'):
        scratch.register_module(name='Twin', module=type('Other', (), {'__module__': __name__}))
    replaced = type('Third', (), {})
    scratch.register_module(name='Twin', module=replaced, force=True)
    assert scratch.get('Twin') is replaced


def test_close_names_ignore_case_and_prefix():
    assert close_names('camhead', {'CAMHead', 'mmpretrain.LinearClsHead'}) == ['CAMHead']
    assert close_names('x.CAMHead', {'CAMHead'}) == ['CAMHead']
    assert close_names('Zzz', {'CAMHead'}) == []
