"""PSOL: component and box loss by hand, boxes through every protocol as they are, a classifier that never learns."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from tests.conftest import REPO
from wsolzoo.engine.weights.checkpoint import CheckpointError
from wsolzoo.evaluation.localization import protocols
from wsolzoo.evaluation.metrics import LocalizationMetric
from wsolzoo.methods.psol import DDTHead, DDTHook, Descriptors, Projections, PSOLHead, rectangles
from wsolzoo.models.tasks.localizer import CombinationError
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.structures import DataSample
from wsolzoo.testing import build_model, tiny_batch

FOLDER = REPO / 'configs/psol'
CAM = {
    'type': 'Localizer',
    'backbone': {'type': 'PlainNet', 'base_channels': 16, 'strides': (2, 1, 2, 2)},
    'head': {'type': 'CAMHead', 'num_classes': 10},
}


def model_of(name='psol_plainnet_1xb32-6e_scenes-96px', **changes):
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    cfg.merge_from_dict({'model': {'backbone': {'base_channels': 4}, **changes}})
    torch.manual_seed(0)
    return build_model(cfg)


def test_the_component_of_six_descriptors():
    x = torch.tensor([[0, 0], [0, 0.1], [2, 2], [2.1, 2], [0, 0], [0.1, 0]])
    feat = x.T.reshape(1, 2, 1, 6).repeat(1, 1, 3, 1)  # three equal rows, of which the middle one has an inside
    found = Descriptors(2)
    found.add(feat[:1])
    mean, direction = found.component()
    torch.testing.assert_close(direction.abs(), torch.tensor([0.716057, 0.698041]).double(), atol=1e-6, rtol=0)
    map = Projections(feat, mean.float()[None], direction.float()[None]).all()[0, 0, 0]
    known = torch.tensor([-0.978235, -0.908431, 1.849962, 1.921568, -0.978235, -0.906629])
    torch.testing.assert_close(map.abs(), known.abs(), atol=1e-5, rtol=0)
    assert map[2] > 0 > map[0], 'the border has less of the component than the middle'
    mirrored = Descriptors(2)
    mirrored.add(2.1 - feat)
    mean, direction = mirrored.component()
    assert Projections(2.1 - feat, mean.float()[None], direction.float()[None]).all()[0, 0, 0, 2] > 0, 'either way'


def test_maps_of_asked_classes_are_those_of_all():
    torch.manual_seed(0)
    maps = Projections(torch.rand(2, 3, 4, 5), torch.rand(7, 3), torch.rand(7, 3))
    torch.testing.assert_close(maps.of(torch.tensor([[6], [2]]))[:, 0], maps.all()[[0, 1], [6, 2]])


def test_the_hook_fits_every_class_and_until_then_maps_are_those_of_cam():
    model = model_of('psol_plainnet-ddt_1xb32-1e_scenes-96px').eval()
    head, feat = model.head, torch.rand(1, model.head.in_channels[-1], 6, 6)
    assert isinstance(head, DDTHead)
    torch.testing.assert_close(head((feat,)).maps, torch.einsum('kc,nchw->nkhw', head.fc.weight, feat) / feat.shape[1])
    settings = {'type': 'WSOLScenes', 'split': 'train', 'count': 20, 'scene': {'size': 64}, 'cache': 'memory'}
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        DDTHook([{'type': 'PackLocalization'}], batch_size=2).fit(model, settings)
    torch.testing.assert_close(head.direction.norm(dim=1), torch.ones(10))
    assert isinstance(head((feat,)).class_maps, Projections) and 'head.direction' in model.state_dict()
    with pytest.raises(ValueError, match='fits a DDTHead'):
        DDTHook([]).fit(model_of(), settings)


def test_fifty_times_the_mean_square():
    head = PSOLHead(3, (2,), loss_weight=50.0).train()
    with torch.no_grad():
        for layer in (head.regressor[2], head.regressor[4]):
            layer.weight.zero_(), layer.bias.zero_()
        head.regressor[4].bias.copy_(torch.tensor([0.25, 0.25, 0.5, 0.5]).logit())
    sample = DataSample(pseudo_boxes=np.array([[20.0, 60.0, 60.0, 160.0]]))  # .2 .3 .4 .5 of 100 x 200
    trunk = TrunkPass(None, torch.zeros(1, 3, 200, 100), [sample])
    output, scalars = head.loss((torch.rand(1, 2, 4, 4),), torch.zeros(1, dtype=torch.int64), trunk)
    assert scalars['loss_box'].item() == pytest.approx(0.1875)
    torch.testing.assert_close(output.extras['boxes'], torch.tensor([[25.0, 50.0, 75.0, 150.0]]))
    assert output.maps.shape == (1, 3, 200, 100) and output.maps[0, 2].sum() == 50 * 100
    with pytest.raises(ValueError, match=r'has no pseudo_boxes.*LoadPseudoLabels'):
        head.loss(
            (torch.rand(1, 2, 4, 4),), torch.zeros(1, dtype=torch.int64), TrunkPass(None, trunk.inputs, [DataSample()])
        )


def test_a_grid_of_cells_keeps_where_things_are():
    torch.manual_seed(0)
    here, there = torch.zeros(2, 1, 2, 8, 8)
    here[..., :4, :4], there[..., 4:, 4:] = 1, 1
    pooled, cells = (PSOLHead(3, (2,), grid=grid).eval().regressor for grid in (1, 2))
    assert torch.equal(pooled(here), pooled(there))
    assert not torch.equal(cells(here), cells(there))


def test_a_rectangle_holds_the_pixels_whose_centres_are_inside():
    map = rectangles(torch.tensor([[0.4, 1.0, 2.5, 2.0]]), (3, 4))
    assert map[0, 0].tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]


def test_a_box_passes_every_box_protocol_as_it_is():
    model = model_of().eval()
    batch = tiny_batch(model, 96, batch_size=3)
    with torch.no_grad():
        samples = model.test_step(batch)
    names = [name for name in protocols.names() if not protocols.get(name).is_pixel]
    metric = LocalizationMetric(names, report=['GTKnown'], bootstrap=0)
    metric.process({}, [sample.to_dict() for sample in samples])
    for (_, record), sample in zip(metric.results, samples, strict=True):
        for name in names:
            found = record['by'][name]
            assert len(found.boxes) == 1, 'the same box at every threshold'
            x0, y0, *_ = sample.pred_boxes[0].tolist()
            assert found.boxes[0][:2].tolist() == pytest.approx([x0, y0]), 'nothing is rounded'


def test_the_classifier_says_the_class_and_never_learns():
    model = model_of().train()
    assert not any(parameter.requires_grad for parameter in model.head.classifier.parameters())
    before = {name: value.clone() for name, value in model.head.classifier.state_dict().items()}
    batch = model.data_preprocessor(tiny_batch(model, 64, batch_size=4), training=True)
    scalars = model(**batch, mode='loss')
    assert set(scalars) == {'loss_box', 'box_area'}
    scalars['loss_box'].backward()
    assert model.backbone.stem[0].weight.grad.any()
    for name, value in model.head.classifier.state_dict().items():
        assert torch.equal(value, before[name]), f'{name}: not even batch norm sees the images'
    model.eval()
    with torch.no_grad():
        feats, passage = model.extract_feat(batch['inputs'])
        scores = model.head(feats, trunk=passage).logits
        alone, other = model.head.classifier.extract_feat(batch['inputs'])
        torch.testing.assert_close(scores, model.head.classifier.head(alone, trunk=other).logits)
    assert not model.head((feats[-1],)).logits.any(), 'features alone tell it nothing'


def test_a_classifier_of_which_a_part_would_stay_random_is_refused(tmp_path):
    model = model_of()
    weights = {name: value for name, value in model.head.classifier.state_dict().items() if 'fc.bias' not in name}
    torch.save(weights, tmp_path / 'half.pth')
    trained = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'half.pth')}
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        head = PSOLHead(10, (8,), classifier={**CAM, 'init_cfg': trained})
        with pytest.raises(CheckpointError, match=r'never trained again[\s\S]*fc.bias'):
            head.init_weights()
        torch.save(model.head.classifier.state_dict(), tmp_path / 'half.pth')
        head.init_weights()


def test_parts_that_mean_nothing_beside_it_are_refused():
    with pytest.raises(ValueError, match='has 10 classes, the head 3'):
        model_of(head={'num_classes': 3})
    loss = {'type': 'ClassAverageLoss', 'num_classes': 10, 'loss_weight': 0.1}
    with pytest.raises(CombinationError, match='ClassAverageLoss'):
        model_of(losses=[loss])
