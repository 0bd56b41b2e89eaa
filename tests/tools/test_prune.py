"""tools/prune.py: the same command on a localizer and on a saliency net; what it writes is the net that it made."""

import pytest
import torch
from mmengine.config import Config

from wsolzoo.apis import get_model
from wsolzoo.engine.width_plan import KEY
from wsolzoo.models.initial import without_weights
from wsolzoo.registry import MODELS
from wsolzoo.testing import scope

pytest.importorskip('torch_pruning')

CAM = 'configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py'


def trained(config, path):
    with scope():
        model = MODELS.build(without_weights(Config.fromfile(config).model))
        model.init_weights()
    torch.save(model.state_dict(), path)
    return model


def test_cut_twice_and_loaded_by_the_config_of_the_whole(repo, tmp_path, in_process):
    whole = trained(str(repo / CAM), tmp_path / 'whole.pth')
    args = [CAM, str(tmp_path / 'whole.pth'), str(tmp_path / 'cut.pth'), '--rule', 'stage3.0.0=0.5:l2']
    status, said, wrong = in_process('prune.py', *args, split=True)
    assert status == 0, wrong
    assert 'backbone.stage3.0.0 out 32' in said and 'masked network' in said
    paths = [str(tmp_path / name) for name in ('cut.pth', 'twice.pth')]
    assert in_process('prune.py', CAM, *paths, '--rule', 'stage3.0.0=8')[0] == 0
    model = get_model(str(repo / CAM), str(tmp_path / 'twice.pth'))
    record = getattr(model, KEY)
    assert model.backbone.stage3[0][0].out_channels == 8 and len(record['parents']) == 2
    kept = record['kept']['backbone.stage3.0.0']['out']
    assert torch.equal(model.backbone.stage3[0][0].weight, whole.backbone.stage3[0][0].weight[kept])


@pytest.mark.parametrize(
    ('config', 'rules'),
    [
        (CAM, ['stage3.*=0.5:bn_scale']),
        ('configs/bas/bas_plainnet_1xb32-15e_scenes-96px.py', ['stage2.*=0.5:l1', 'hidden.0=8:even']),
        (
            'configs/dmenet/dmenet_vgg19-eighth-b_1xb4-8e_defocus-photos-128px.py',
            ['refine.*=0.5:l1', 'encoder.features.3[0-9]=0.5:fpgm'],
        ),
    ],
    ids=['cam', 'bas', 'defocus'],
)
def test_one_command_cuts_every_kind_of_network(config, rules, repo, tmp_path, in_process):
    trained(str(repo / config), tmp_path / 'whole.pth')
    rules = [word for rule in rules for word in ('--rule', rule)]
    paths = [str(tmp_path / name) for name in ('whole.pth', 'cut.pth')]
    status, said, wrong = in_process('prune.py', config, *paths, *rules, split=True)
    assert status == 0, wrong
    assert float(said.partition('masked network: ')[2].split()[0]) < 1e-5
    counts = [sum(p.numel() for p in get_model(str(repo / config), path).parameters()) for path in paths]
    assert counts[1] < counts[0] and f'{counts[0]:,} -> {counts[1]:,}' in said


@pytest.mark.parametrize(
    ('rule', 'what'),
    [('stage3.0.0', 'LAYERS=AMOUNT'), ('stage9=0.5', 'no layer'), ('stage3.0.0=0.5:best', 'select must be')],
)
def test_says_what_is_wrong(rule, what, repo, tmp_path, in_process):
    trained(str(repo / CAM), tmp_path / 'whole.pth')
    status, said = in_process('prune.py', CAM, str(tmp_path / 'whole.pth'), str(tmp_path / 'x.pth'), '--rule', rule)
    assert status == 2 and what in said
    status, said = in_process('prune.py', CAM, str(tmp_path / 'whole.pth'), str(tmp_path / 'x.pth'))
    assert status == 2 and 'nothing to cut' in said
