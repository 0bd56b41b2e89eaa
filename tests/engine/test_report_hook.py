"""Report and progress hooks on a whole run in miniature: train, validate, test."""

import io
import json
import logging
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from rich.console import Console
from torch import nn

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.engine.hooks.progress import ProgressHook, brief, clock
from wsolzoo.engine.hooks.report import ReportHook, score_table
from wsolzoo.engine.hooks.second_look import image_ids, second_look
from wsolzoo.engine.hooks.training_log import training_curves
from wsolzoo.engine.runner import TerseRunner
from wsolzoo.registry import DATASETS, METRICS, MODELS, RUNNERS
from wsolzoo.structures import Drawing

COUNT = 20


class Squares(LocalizationDataset):
    """A bright square each; ids hold a slash."""

    METAINFO = {'classes': ('dark', 'light')}
    reads = 0

    def load_data_list(self):
        return [{'img_id': f'squares/{i}.png', 'index': i, 'gt_label': i % 2} for i in range(COUNT)]

    def get_data_info(self, idx):
        info = super().get_data_info(idx)
        type(self).reads += 1
        img = np.full((32, 32, 3), 40, np.uint8)
        x = info['index']
        img[8:20, x // 2 : x // 2 + 12, 0] = 200  # blue in BGR
        box = np.array([[x // 2, 8.0, x // 2 + 12, 20.0]])
        return info | {'img': img, 'gt_bboxes': box, 'img_shape': (32, 32), 'ori_shape': (32, 32)}


class BlueNet(BaseModel):
    """Its map is the blue channel at half the resolution; its score a constant with one weight."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.weight = nn.Parameter(torch.zeros(2))
        self.seen = 0

    def forward(self, inputs, data_samples, mode='tensor'):
        if mode == 'loss':
            return {'loss_cls': (self.weight - 1).square().sum(), 'top1': torch.tensor(50.0)}
        self.seen += len(inputs)
        maps = torch.stack([i[0].float() for i in inputs])[:, ::2, ::2]
        for sample, map in zip(data_samples, maps):
            sample.pred_raw_map, sample.pred_scores = map, self.weight.softmax(0).detach()
        return data_samples


class Overlap(BaseMetric):
    """Leaves the kind of result that localization metrics leave; every image has an IoU of its own."""

    default_prefix = 'tiny'

    def process(self, data_batch, data_samples):
        for sample in data_samples:
            record = {key: sample[key] for key in ('img_id',)} | {'label': int(sample['gt_label'])}
            index = int(sample['img_id'].split('/')[1].split('.')[0])
            box = np.asarray(sample['gt_boxes'])[0]
            record |= {'gt_boxes': [box.tolist()], 'box': box.tolist(), 'iou': index / COUNT, 'pred_labels': [0, 1]}
            self.results.append(record | {'cause': 'hit' if index >= COUNT / 2 else 'part-only'})

    def compute_metrics(self, results):
        entry = {'MaxBoxAcc': 50.0, 'GTKnown': 50.0, 'Top1Loc': float('nan'), 'num_images': np.int64(len(results))}
        entry |= {'centered_box': {'MaxBoxAcc': 60.0, 'GTKnown': 60.0}, 'intervals': {'GTKnown': [41.25, 58.75]}}
        self.result = {'protocols': {'tiny-v1': entry}, 'classification': {'top1': 50.0}, 'images': results}
        return {'MaxBoxAcc': 50.0}


class GreyNet(BlueNet):
    """A dense task: its estimate is the mean of the channels, the truth a constant, no metric knows single images."""

    def forward(self, inputs, data_samples, mode='tensor'):
        for one, sample in zip(inputs, data_samples):
            sample.pred_map, sample.gt_map = one.float().mean(0) / 255, torch.full((1, 32, 32), 0.5)
            sample.set_metainfo({'map_unit': 'px'})
        return data_samples


class MaskTask:
    """A task that this package has never heard of."""

    def answer(self, sample, size, window, asked):
        return {'mask': sample.pred_mask.numpy()}

    def drawing(self, answer):
        return Drawing(mask=answer['mask'])


class MaskNet(GreyNet):
    task = MaskTask

    def forward(self, inputs, data_samples, mode='tensor'):
        for one, sample in zip(super().forward(inputs, data_samples), inputs):
            one.pred_mask = (sample[0] > 100).long()
            one.pop('pred_map')
        return data_samples


class Area(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [float(sample['pred_mask'].float().mean()) for sample in data_samples]

    def compute_metrics(self, results):
        return {'area': float(np.mean(results))}


class MeanError(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [float((sample['pred_map'] - sample['gt_map'][0]).abs().mean()) for sample in data_samples]

    def compute_metrics(self, results):
        return {'MAE': float(np.mean(results)), 'MAE_low': 0.1, 'MAE_high': 0.9}


PARTS = (
    (DATASETS, Squares),
    (MODELS, BlueNet),
    (METRICS, Overlap),
    (MODELS, GreyNet),
    (METRICS, MeanError),
    (MODELS, MaskNet),
    (METRICS, Area),
)


@pytest.fixture(autouse=True, scope='module')
def parts():
    """Components known by name; and MMEngine does not make the text of their configs beautiful, which takes a while."""
    for registry, part in PARTS:
        registry.register_module(module=part, force=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, False))
        yield
    for registry, part in PARTS:
        registry.module_dict.pop(part.__name__)


@pytest.fixture(autouse=True)
def names():
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        yield


def config(work_dir, name, **hook):
    loader = dict(batch_size=4, num_workers=0, collate_fn=dict(type='pseudo_collate'))
    loader['sampler'] = dict(type='DefaultSampler', shuffle=False)
    loader['dataset'] = dict(type='Squares', role='test', pipeline=[dict(type='PackLocalization')])
    return dict(
        model=dict(type='BlueNet'),
        work_dir=str(work_dir),
        experiment_name=name,
        train_dataloader=loader | {'dataset': loader['dataset'] | {'role': 'train-weaksup'}},
        val_dataloader=loader,
        test_dataloader=loader,
        val_evaluator=dict(type='Overlap'),
        test_evaluator=dict(type='Overlap'),
        train_cfg=dict(by_epoch=True, max_epochs=2),
        val_cfg=dict(),
        test_cfg=dict(),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        custom_hooks=[dict(type='ProgressHook', interval=0.0), dict(type='ReportHook', **hook)],
        default_scope='wsolzoo',
    )


def run(work_dir, name, train=False, terminal=False, **hook):
    from mmengine.config import Config

    runner = TerseRunner.from_cfg(Config(config(work_dir, name, **hook)))
    screen = io.StringIO()
    for known in runner.hooks:
        if isinstance(known, ProgressHook | ReportHook):
            known.console = Console(file=screen, force_terminal=terminal, width=120, color_system=None)
    if train:
        runner.train()
    runner.test()
    return runner, screen.getvalue()


@pytest.fixture(scope='module')
def trained(parts, tmp_path_factory):
    """One training and test for all who only look at what it said and left: screen and folder."""
    folder = tmp_path_factory.mktemp('trained')
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        return run(folder, 'trained', train=True)[1], folder


class Images(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.alts, self.sections, self.labels = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == 'img' and attrs['alt']:
            self.alts.append(attrs['alt'])
        if tag == 'section':
            self.sections.append(attrs['id'])
        if 'aria-label' in attrs:
            self.labels.append(attrs['aria-label'])


def test_a_test_leaves_metrics_and_a_report(trained):
    screen, folder = trained
    metrics = json.loads((folder / 'metrics.json').read_text(), parse_constant=pytest.fail)
    assert (metrics['GT-known'], metrics['MaxBoxAcc'], metrics['Top-1']) == (50.0, 50.0, 50.0)
    assert 'Top-1 Loc' not in metrics, 'what is not a number is no headline'
    assert metrics['centered_box'] == {'GT-known': 60.0, 'MaxBoxAcc': 60.0}
    assert metrics['intervals'] == {'GT-known': [41.25, 58.75]}
    assert metrics['meta']['partial_weights'] is None
    assert metrics['protocols']['tiny-v1']['num_images'] == COUNT
    assert metrics['protocols']['tiny-v1']['Top1Loc'] is None
    assert metrics['metrics'] == {'tiny/MaxBoxAcc': 50.0}
    assert metrics['meta']['versions']['python'] and metrics['meta']['data'] == 'Squares'
    assert 'images' not in metrics

    page = Images((folder / 'report.html').read_text())
    assert page.sections == ['numbers', 'curves', 'pictures', 'failures', 'run']
    assert any(label.startswith('loss in training') for label in page.labels)
    assert any('class dark' in alt and 'boxes overlap by 0.90' in alt for alt in page.alts)

    assert '-10.0' in screen and '41.2–58.8' in screen and str(folder / 'report.html') in screen.replace('\n', '')


def test_a_checkpoint_that_was_loaded_in_part_is_stamped(tmp_path, monkeypatch):
    said = '3 of 60 tensors are missing'
    monkeypatch.setattr('wsolzoo.engine.hooks.report.partial_weights', lambda runner: said)
    _, screen = run(tmp_path, 'partial')
    assert f'not all weights were loaded: {said}' in screen
    assert json.loads((tmp_path / 'metrics.json').read_text())['meta']['partial_weights'] == said
    assert said in (tmp_path / 'report.html').read_text()


def test_scalars_of_any_task_come_with_their_intervals():
    console = Console(file=io.StringIO(), width=80)
    console.print(score_table([], [('MAE', 0.0512, (0.04, 0.0625)), ('rank', 0.9, None)]))
    text = console.file.getvalue()
    assert '0.0512' in text and '0.04–0.0625' in text and 'gain' not in text


def test_best_and_worst_are_exactly_those(trained):
    page = Images((trained[1] / 'report.html').read_text())
    overlaps = [float(alt.rsplit(' ', 1)[1]) for alt in page.alts]
    count = COUNT // 2
    assert len(overlaps) == 12 + 3 * count, 'a random dozen, best, worst, every failure'
    assert overlaps[12 : 12 + count] == [i / COUNT for i in reversed(range(count, COUNT))]
    assert overlaps[12 + count : 12 + 2 * count] == [i / COUNT for i in range(count)]


def test_classes_without_names_take_those_of_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(Squares, 'METAINFO', {})
    torch.save(
        {'state_dict': {'weight': torch.zeros(2)}, 'meta': {'dataset_meta': {'classes': ('face', 'cat')}}},
        tmp_path / 'w.pth',
    )
    for name, weights in (('unnamed', None), ('named', str(tmp_path / 'w.pth'))):
        TerseRunner.from_cfg(config(tmp_path / name, name) | {'load_from': weights}).test()
    alts = {name: ' '.join(Images((tmp_path / name / 'report.html').read_text()).alts) for name in ('unnamed', 'named')}
    assert 'class class 0' in alts['unnamed'] and 'class 0' not in alts['named']
    assert 'class face' in alts['named'] and 'class cat' in alts['named']


def test_a_dense_task_gets_numbers_and_pictures(tmp_path):
    cfg = config(tmp_path, 'dense', show_dir=str(tmp_path / 'show'))
    cfg['model'], cfg['test_evaluator'] = dict(type='GreyNet'), dict(type='MeanError')
    TerseRunner.from_cfg(cfg).test()
    page = (tmp_path / 'report.html').read_text()
    assert Images(page).sections == ['numbers', 'pictures', 'run']
    assert Images(page).alts.count('estimate') == Images(page).alts.count('truth') == 12
    assert '0.1 – 0.9' in page and ' px</span>' in page
    assert len(list((tmp_path / 'show').iterdir())) == COUNT


def test_any_task_that_can_be_drawn_gets_pictures(tmp_path):
    cfg = config(tmp_path, 'masks', show_dir=str(tmp_path / 'show'))
    cfg['model'], cfg['test_evaluator'] = dict(type='MaskNet'), dict(type='Area')
    TerseRunner.from_cfg(cfg).test()
    page = Images((tmp_path / 'report.html').read_text())
    assert page.sections == ['numbers', 'pictures', 'run'] and len(page.alts) == 12
    assert len(list((tmp_path / 'show').iterdir())) == COUNT


def test_of_two_hooks_the_last_acts(tmp_path):
    cfg = config(tmp_path, 'two_hooks', title='the second')
    cfg['default_hooks']['report'] = dict(type='ReportHook', title='the first', out_dir=str(tmp_path / 'first'))
    TerseRunner.from_cfg(cfg).test()
    assert '<title>the second</title>' in (tmp_path / 'report.html').read_text()
    assert not (tmp_path / 'first').exists()


def test_a_second_look_reads_only_what_it_needs(tmp_path):
    runner, _ = run(tmp_path, 'second_look')
    Squares.reads, runner.model.seen = 0, 0
    wanted = ['squares/3.png', 'squares/17.png', 'not there']
    found = dict(second_look(runner, wanted))
    assert list(found) == wanted[:2] and Squares.reads == runner.model.seen == 2
    image, map = found['squares/17.png']['image'], found['squares/17.png']['map']
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8
    assert image[10, 10].tolist() == [40, 40, 200]  # blue comes last in RGB
    assert map.shape == (16, 16) and map.max() == 200


def test_a_data_set_that_cannot_tell_ids_gives_no_pictures():
    assert list(image_ids(torch.utils.data.TensorDataset(torch.zeros(3)))) == []


def test_show_dir_gets_one_picture_of_every_image(tmp_path):
    _, screen = run(tmp_path / 'run', 'show_dir', show_dir=str(tmp_path / 'show'))
    names = sorted(path.name for path in (tmp_path / 'show').iterdir())
    assert len(names) == COUNT and all(name.startswith('squares_') and name.endswith('.png') for name in names)
    assert 'pictures' in screen


def test_away_from_a_terminal_there_are_short_lines(trained):
    lines = trained[0].splitlines()
    assert any(line.startswith('training  1/10  epoch 1/2 · loss 2') for line in lines)
    assert any(line.startswith('epoch 2/2  tiny/MaxBoxAcc 50') for line in lines)
    assert not any('\x1b' in line for line in lines)


def test_on_a_terminal_there_is_a_bar_and_the_log_is_whole_again_afterwards(tmp_path, capsys):
    runner, screen = run(tmp_path, 'terminal', train=True, terminal=True)
    assert 'training' in screen and '10/10' in screen and 'epoch 2/2' in screen
    printed = capsys.readouterr().out
    assert 'Epoch(train)' not in printed and 'System environment' not in printed
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'Epoch(train)' in log and 'System environment' in log
    streams = [h.stream for h in runner.logger.handlers if type(h) is logging.StreamHandler]
    assert not any('FileProxy' in type(stream).__name__ for stream in streams)


def test_warnings_still_reach_the_terminal(tmp_path, capsys):
    runner = RUNNERS.get('TerseRunner').from_cfg(config(tmp_path, 'warnings'))
    assert isinstance(runner, Runner)
    runner.logger.info('about a plugin')
    runner.logger.warning('mind the gap')
    printed = capsys.readouterr().out
    assert 'about a plugin' in printed and 'mind the gap' in printed


def write_log(folder, rows):
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text('\n'.join(map(json.dumps, rows)) + '\n{"loss": 1, "st')  # killed while writing


def test_a_resumed_run_continues_the_curves_and_a_fresh_one_starts_anew(tmp_path):
    row = lambda step, epoch, loss: {'loss': loss, 'lr': 0.1, 'step': step, 'epoch': epoch, 'top1': 10.0}  # noqa: E731
    write_log(
        tmp_path / '1' / 'vis_data', [row(1, 1, 9.0), row(2, 1, 8.0), {'p/GTKnown': 5.0, 'step': 1}, row(3, 2, 7.0)]
    )
    write_log(tmp_path / '2' / 'vis_data', [row(3, 2, 6.0), row(4, 2, 5.0), {'p/GTKnown': 9.0, 'time': 1, 'step': 2}])
    write_log(tmp_path / '3' / 'vis_data', [{'p/GTKnown': 9.0, 'step': 0}])  # a test writes no loss
    curves = training_curves(tmp_path)
    assert curves['loss']['series'] == {'loss': [(1, 9.0), (2, 8.0), (3, 6.0), (4, 5.0)]}
    assert curves['validation (%)'] == {'x': 'epoch', 'series': {'p/GTKnown': [(1, 5.0), (2, 9.0)]}}
    assert list(curves) == ['loss', 'top-1 (%)', 'learning rate', 'validation (%)']
    write_log(tmp_path / '4' / 'vis_data', [row(1, 1, 3.0)])
    assert training_curves(tmp_path)['loss']['series'] == {'loss': [(1, 3.0)]}
    assert training_curves(tmp_path / 'nowhere') == {}


def test_scores_without_a_common_scale_have_a_panel_each_and_every_optimizer_its_rate(tmp_path):
    row = {'loss': 2.0, 'score_real': 0.5, 'score_made': -0.5, 'generator.lr': 0.1, 'discriminator.lr': 0.2}
    write_log(tmp_path / '1' / 'vis_data', [row | {'step': 5, 'epoch': 1}, {'p/MAE': 0.1, 'p/Frechet': 9.0, 'step': 1}])
    curves = training_curves(tmp_path)
    assert list(curves) == ['loss', 'mean scores', 'learning rate', 'validation MAE', 'validation Frechet']
    assert curves['mean scores']['series'] == {'score_real': [(5, 0.5)], 'score_made': [(5, -0.5)]}
    assert curves['learning rate']['series'] == {'generator.lr': [(5, 0.1)], 'discriminator.lr': [(5, 0.2)]}
    assert curves['validation Frechet'] == {'x': 'epoch', 'series': {'p/Frechet': [(1, 9.0)]}}


def test_one_line_holds_the_scores_people_ask_for():
    metrics = {'v1/threshold': 0.2, 'v1/BoxAcc@0.3': 90.0, 'v1/GTKnown': 61.25, 'v2/GTKnown': 1.0, 'c/top1': 93.0}
    assert brief(metrics, 3) == 'c/top1 93 · v1/GTKnown 61.25 · v1/BoxAcc@0.3 90'


@pytest.mark.parametrize(('seconds', 'text'), [(5, '0:05'), (65.4, '1:05'), (7389, '2:03:09')])
def test_clock(seconds, text):
    assert clock(seconds) == text
