"""Configs and the components that they build."""

import torch
from mmengine.config import Config

from tests.bad_input import Broken, file
from wsolzoo.datasets import geometry, transforms
from wsolzoo.methods import class_average
from wsolzoo.models.tasks.localizer import Localizer
from wsolzoo.registry import MODELS
from wsolzoo.run import launch
from wsolzoo.structures import DataSample

FROM_ELSEWHERE = (
    "A component in a loose file needs custom_imports=dict(imports=['its_module']) in the config; one of a sibling "
    "library goes into a wrapper: dict(type='MMPretrainBackbone', net=dict(type='ResNet', depth=50)) or "
    "dict(type='TimmBackbone', model_name='resnet50')."
)
NO_CHECKPOINT = (
    'no checkpoint: name one after the config, or set load_from in the config; the zoo publishes none for it'
)


def checked(text: str, *options: str):
    """A config of that text, looked at as the tools do."""
    return lambda tmp: launch.check(
        launch.load_config(file(tmp / 'c.py', f"default_scope = 'wsolzoo'\n{text}"), options), options
    )


def localizer(**kwargs):
    backbone = dict(type='PlainNet', base_channels=4)
    return Localizer(**{'backbone': backbone, 'head': dict(type='CAMHead', num_classes=2), **kwargs})


def labelled(**fields):
    sample = DataSample(metainfo={'img_id': 'a'}, **fields)
    localizer().loss(torch.zeros(1, 3, 32, 32), [sample])


CONFIGS = [
    Broken(
        'misspelt name',
        checked('optim_wraper = dict()'),
        "~/c.py has 1 problem:\n  c.py:2 optim_wraper: nothing reads this name; did you mean 'optim_wrapper'?",
    ),
    Broken(
        'unknown type',
        lambda t: MODELS.build(dict(type='Localiser')),
        "'Localiser' is not in the model registry of wsolzoo.\n  close names: Localizer\n  plugins loaded: none\n"
        f'  {FROM_ELSEWHERE}',
    ),
    Broken(
        'unknown argument',
        lambda t: MODELS.build(dict(type='PlainNet', width=4)),
        "PlainNet takes no 'width'; did you mean 'depth'? (defined in wsolzoo.models.backbones.plain "
        '(<repo>/wsolzoo/models/backbones/plain.py))',
    ),
    Broken(
        'no file',
        lambda t: launch.load_config('cam/no_such.py'),
        'config cam/no_such.py does not exist (working directory: ~).',
    ),
    Broken('override without =', checked('', 'lr'), "--cfg-options takes key=value; got 'lr'"),
    Broken(
        'override that nothing reads',
        checked('', 'train_pipeline=1'),
        '~/c.py has 1 problem:\n  --cfg-options train_pipeline: has no effect; the data loaders have copied '
        'it already; set train_dataloader.dataset.pipeline.… instead.',
    ),
    Broken(
        '--amp with a wrapper of its own',
        lambda t: launch.set_amp(Config(dict(optim_wrapper=dict(type='M')))),
        '--amp replaces optim_wrapper.type="OptimWrapper", but the config uses \'M\'',
    ),
    Broken(
        'no base batch size',
        lambda t: launch.set_auto_scale_lr(Config(dict())),
        '--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=…) in the config',
    ),
    Broken(
        'no checkpoint to test',
        lambda t: launch.set_checkpoint(Config(dict()), None),
        NO_CHECKPOINT,
    ),
    Broken(
        'cam_class',
        lambda t: localizer(cam_class='best'),
        "cam_class must be 'gt', 'pred', a positive integer or such as 'top5'; got 'best'",
    ),
    Broken(
        'no classes',
        lambda t: localizer(head=dict(type='CAMHead', num_classes=0)),
        'num_classes must be at least 1; got 0',
    ),
    Broken(
        'unknown stage',
        lambda t: localizer(necks={'stage9': dict(type='ADL')}),
        "PlainNet has no stage 'stage9'. Did you mean 'stage3.1' or 'stage3.0' or 'stage2.1'? Its stages, "
        'up to the last of out_stages: stem, stage1.0, stage1.1, stage2.0, stage2.1, stage3.0, stage3.1',
    ),
    Broken(
        'label beyond num_classes',
        lambda t: labelled(gt_label=2),
        "image 'a' has label 2, but head.num_classes=2 allows 0..1. Set num_classes in the config to the "
        'number of classes of the data set.',
    ),
    Broken(
        'no label',
        lambda t: labelled(),
        'no class label on image \'a\'. Training and cam_class="gt" need gt_label; to localize the predicted '
        'class of unlabelled images set model.cam_class="pred".',
    ),
    Broken('flip probability', lambda t: transforms.RandomFlip(2), 'prob must be in [0, 1]; got 2'),
    Broken('unknown geometry', lambda t: geometry.Geometry('CUB'), "geometry 'CUB' is unknown; there are WE, BAS, XY"),
    Broken(
        'size of nothing',
        lambda t: transforms.AntialiasResize(0),
        'a size is one positive number or (height, width); got 0',
    ),
    Broken(
        'reduction',
        lambda t: class_average.ClassAverageLoss(2, reduction='max'),
        "reduction must be 'mean' or 'sum'; got 'max'",
    ),
]
