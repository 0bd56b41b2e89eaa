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
    ('rule', 'what'),
    [('stage3.0.0', 'LAYERS=AMOUNT'), ('stage9=0.5', 'no layer'), ('stage3.0.0=0.5:best', 'select must be')],
)
def test_says_what_is_wrong(rule, what, repo, tmp_path, in_process):
    trained(str(repo / CAM), tmp_path / 'whole.pth')
    status, said = in_process('prune.py', CAM, str(tmp_path / 'whole.pth'), str(tmp_path / 'x.pth'), '--rule', rule)
    assert status == 2 and what in said
    status, said = in_process('prune.py', CAM, str(tmp_path / 'whole.pth'), str(tmp_path / 'x.pth'))
    assert status == 2 and 'nothing to cut' in said
