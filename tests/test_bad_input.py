"""Everything that comes from outside may be broken: what breaks, and the sentence that a user reads then."""

import argparse
import os
import pickle
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import NamedTuple

import layouts
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from tiny_run import REPO, tool

from wsolzoo import cli, maps, registry
from wsolzoo.apis.inferencer import expand
from wsolzoo.datasets import geometry, loading, transforms
from wsolzoo.datasets.box_csv import BoxCSV
from wsolzoo.datasets.cub import CUB
from wsolzoo.datasets.image_mask_folder import ImageMaskFolder
from wsolzoo.datasets.scenes import WSOLScenes
from wsolzoo.datasets.wsol_metadata import WSOLMetadata
from wsolzoo.engine.weights.checkpoint import load_from_local, load_weights
from wsolzoo.engine.weights.mismatch import only_prefix
from wsolzoo.evaluation.localization import protocols
from wsolzoo.evaluation.metrics import LocalizationMetric
from wsolzoo.evaluation.offline.annotations import read_annotations
from wsolzoo.evaluation.offline.map_files import MapFiles
from wsolzoo.methods import class_average
from wsolzoo.models.backbones import PlainNet
from wsolzoo.models.tasks.localizer import Localizer
from wsolzoo.registry import MODELS
from wsolzoo.run import launch
from wsolzoo.structures import DataSample
from wsolzoo.synthetic.scenes import SceneSpec
from wsolzoo.testing import scope

HEAD = 'image_id,x0,y0,x1,y1,width,height\n'
FROM_ELSEWHERE = (
    "A component in a loose file needs custom_imports=dict(imports=['its_module']) in the config; one of a sibling "
    "library goes into a wrapper: dict(type='MMPretrainBackbone', net=dict(type='ResNet', depth=50)) or "
    "dict(type='TimmBackbone', model_name='resnet50')."
)
NO_CHECKPOINT = (
    'no checkpoint: name one after the config, or set load_from in the config; the zoo publishes none for it'
)
TINY = 'cam/cam_plainnet_1xb32-15e_scenes-96px.py'


class Broken(NamedTuple):
    """One broken input: what is wrong with it, who is given it, and exactly what is said (``~`` is its folder)."""

    what: str
    call: Callable[[Path], object]
    says: str


def jpeg(path: Path, share: float = 1.0) -> str:
    data = (layouts.picture(path)).read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return str(path)


def file(path: Path, content: str | bytes = '') -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def load(path: str) -> dict:
    return loading.LoadImage().transform({'img_path': path})


def load_mask(**entry) -> dict:
    return loading.LoadMask().transform({'img_id': 'a', **entry})


def table(tmp: Path, *rows: str, header: str = 'file,class,x1,y1,x2,y2', **kwargs):
    file(tmp / 'boxes.csv', '\n'.join([header, *rows]) + '\n')
    settings = {'role': 'test', 'data_root': str(tmp), 'ann_file': 'boxes.csv', 'serialize_data': False, **kwargs}
    return BoxCSV(**settings)


def metadata(tmp: Path, ids='a.jpg\n', labels='a.jpg,0\n', boxes='a.jpg,0,0,5,5\n'):
    for name, text in (('image_ids', ids), ('class_labels', labels), ('localization', boxes)):
        file(tmp / f'{name}.txt', text)
    return WSOLMetadata('test', data_root=str(tmp), ann_file='.', serialize_data=False)


def folder(tmp: Path, line: str):
    (tmp / 'images').mkdir()
    (tmp / 'annotations/trimaps').mkdir(parents=True)
    file(tmp / 'list.txt', line)
    return ImageMaskFolder('test', data_root=str(tmp), ann_file='list.txt', serialize_data=False)


def scenes(**kwargs):
    return WSOLScenes(**{'split': 'train', 'count': 10, 'serialize_data': False, **kwargs})


def images_half_gone(tmp: Path):
    """A training split of which every image is missing: the first is borne, the second is more than 1 %."""
    data = table(tmp, 'a.jpg,0,,,,', 'b.jpg,0,,,,', role='train-weaksup', pipeline=[loading.LoadImage()])
    return [data[i] for i in range(2)]


IMAGES = [
    Broken(
        'empty file',
        lambda t: load(file(t / 'a.jpg')),
        'image cannot be decoded: ~/a.jpg (0 bytes; truncated, or not an image)',
    ),
    Broken(
        'text',
        lambda t: load(file(t / 'a.jpg', 'no image')),
        'image cannot be decoded: ~/a.jpg (8 bytes; truncated, or not an image)',
    ),
    Broken(
        'half a JPEG',
        lambda t: load(jpeg(t / 'a.jpg', 0.5)),
        'image cannot be decoded: ~/a.jpg (1105 bytes; truncated, or not an image)',
    ),
    Broken(
        'half a PNG',
        lambda t: load(jpeg(t / 'a.png', 0.5)),
        'image cannot be decoded: ~/a.png (1849 bytes; truncated, or not an image)',
    ),
    Broken('no file', lambda t: load(str(t / 'a.jpg')), 'image cannot be read: ~/a.jpg (No such file or directory)'),
    Broken('a folder', lambda t: load(str(t)), 'image cannot be read: ~ (Is a directory)'),
    Broken(
        'too small for the crop',
        lambda t: transforms.RandomCrop(9)(dict(img=np.zeros((8, 8, 3)), img_id='a')),
        'RandomCrop(size=(9, 9)) cannot cut 9x9 pixels out of an image of 8x8 (a); put AntialiasResize before it',
    ),
    Broken(
        'too small for ten crops',
        lambda t: transforms.TenCrop(9)(dict(img=np.zeros((8, 8, 3), np.uint8))),
        'TenCrop(size=(9, 9)) needs an image at least that large; got (8, 8)',
    ),
    Broken(
        'more than 1 % broken',
        images_half_gone,
        '1 of 2 images are broken, more than 1%; the last: image cannot be read: ~/a.jpg (No such file or '
        'directory). tools/dataset_tools/verify.py CONFIG lists them all; docs/datasets.md says how to get '
        'the data again',
    ),
    Broken('inferencer: no file', lambda t: list(expand([str(t / 'a.jpg')])), 'image ~/a.jpg does not exist'),
    Broken(
        'inferencer: empty folder',
        lambda t: list(expand([str(t)])),
        '~ holds no image (.jpg, .jpeg, .png, .bmp, .webp, .tif, .tiff, .ppm)',
    ),
    Broken(
        'inferencer: floats',
        lambda t: list(expand([np.zeros((4, 4))])),
        'an image is a path, a folder or an (H, W, 3) uint8 RGB array; got float64 array of shape (4, 4)',
    ),
]

ANNOTATIONS = [
    Broken(
        'no data_root',
        lambda t: table(t, 'a,0,,,,', data_root=str(t / 'no')),
        'BoxCSV: the folder of the data set (data_root) is missing: ~/no (looked for in ~). Expected '
        'layout: data_root/ANNOTATIONS.csv with columns file,class,x1,y1,x2,y2[,mask,subset,split], and '
        'the images. Set data_root to the folder of the data set; docs/datasets.md says where to get it '
        'and how to lay it out',
    ),
    Broken(
        'no table',
        lambda t: table(t, ann_file='other.csv'),
        'BoxCSV: the table of boxes is missing: ~/other.csv (looked for in ~). Expected layout: '
        'data_root/ANNOTATIONS.csv with columns file,class,x1,y1,x2,y2[,mask,subset,split], and the '
        'images. Set data_root to the folder of the data set; docs/datasets.md says where to get it and '
        'how to lay it out',
    ),
    Broken('table without rows', lambda t: table(t), 'BoxCSV: no image in ~ matches the filters'),
    Broken(
        'column missing',
        lambda t: table(t, 'a,0,1', header='file,class,x1'),
        '~/boxes.csv has no column x2, y1, y2. Expected: data_root/ANNOTATIONS.csv with columns '
        'file,class,x1,y1,x2,y2[,mask,subset,split], and the images',
    ),
    Broken(
        'a word for a coordinate',
        lambda t: table(t, 'a.jpg,0,1,2,three,4'),
        "~/boxes.csv, line 2: a box is four numbers x0, y0, x1, y1; got '1, 2, three, 4'",
    ),
    Broken(
        'NaN coordinate',
        lambda t: table(t, 'a.jpg,0,1,2,nan,4'),
        "~/boxes.csv, line 2: a box is four numbers x0, y0, x1, y1; got '1, 2, nan, 4'",
    ),
    Broken(
        'two classes',
        lambda t: table(t, 'a.jpg,0,,,,', 'a.jpg,1,,,,'),
        '~/boxes.csv, line 3: a.jpg has two classes; an image has one label, unless multi_label=True',
    ),
    Broken(
        'label beyond the classes',
        lambda t: table(t, 'a.jpg,5,,,,', metainfo=dict(classes=('x', 'y'))),
        "~/boxes.csv, line 2: a class is a whole number from 0 to 1; got '5'",
    ),
    Broken(
        'CUB: list missing',
        lambda t: CUB('test', data_root=str(t), split='test', serialize_data=False),
        'CUB: the list classes.txt is missing: ~/classes.txt (looked for in ~). Expected layout: '
        'data_root/{images/,images.txt,image_class_labels.txt,train_test_split.txt,bounding_boxes.txt,classes.txt}, '
        'as in CUB_200_2011.tgz (not CUB-200 of 2010). Set data_root to the folder of the data set; '
        'docs/datasets.md says where to get it and how to lay it out',
    ),
    Broken(
        'id without label',
        lambda t: metadata(t, labels=''),
        '~/class_labels.txt has no line for a.jpg, which ~/image_ids.txt, line 1 names',
    ),
    Broken(
        'too few values',
        lambda t: metadata(t, labels='a.jpg\n'),
        "~/class_labels.txt, line 1: expected 'path,label' in each line; got 'a.jpg'",
    ),
    Broken(
        'box of an unknown image',
        lambda t: metadata(t, boxes='a.jpg,0,0,5,5\nz.jpg,0,0,5,5\n'),
        '~/localization.txt, line 2 names z.jpg, which image_ids.txt does not',
    ),
    Broken(
        'image without box',
        lambda t: metadata(t, ids='a.jpg\nb.jpg\n', labels='a.jpg,0\nb.jpg,0\n'),
        '~/localization.txt has no line for b.jpg (1 such images)',
    ),
    Broken(
        'id twice',
        lambda t: metadata(t, ids='a.jpg\na.jpg\n'),
        '~/image_ids.txt, line 2: a.jpg stands here for the second time, first on ~/image_ids.txt, line 1',
    ),
    Broken(
        'line without label',
        lambda t: folder(t, 'Abyssinian_100\n'),
        "~/list.txt, line 1: expected 'name label…' in each line; got 'Abyssinian_100'",
    ),
    Broken(
        'label before the first',
        lambda t: folder(t, 'Abyssinian_100 0\n'),
        "~/list.txt, line 1: a class is a whole number from 1; got '0'",
    ),
    Broken(
        'unknown role',
        lambda t: scenes(role='training'),
        "role must be one of train-weaksup, train-fullsup, test; got 'training'",
    ),
    Broken(
        'unknown split',
        lambda t: scenes(split='trainval'),
        "WSOLScenes has the splits train, val, test; got 'trainval'",
    ),
    Broken(
        'hold-out of one',
        lambda t: scenes(holdout=1),
        'holdout is 0 (none) or at least 2, and held_out needs one; got 1, False',
    ),
    Broken('scene size', lambda t: SceneSpec(size=100), 'size must be one of 64, 96, 128; got 100'),
    Broken(
        'training asks for boxes',
        lambda t: scenes().get_data_info(0)['gt_bboxes'],
        'gt_bboxes of scenes/train/00000: a train-weaksup split gives class labels only: boxes and masks '
        'of training images must not reach the model. Use role="train-fullsup" for a split that chooses '
        'thresholds and checkpoints, role="test" for one that reports',
    ),
    Broken(
        'training reads masks',
        lambda t: scenes(pipeline=[dict(type='LoadMask')]),
        'LoadMask reads boxes or masks, but a train-weaksup split gives class labels only: boxes and masks '
        'of training images must not reach the model. Use role="train-fullsup" for a split that chooses '
        'thresholds and checkpoints, role="test" for one that reports',
    ),
    Broken(
        'evaluation: no file',
        lambda t: read_annotations(t / 'no.csv'),
        '~/no.csv does not exist; give a metadata folder or a CSV file with image_id,x0,y0,x1,y1,width,height',
    ),
    Broken(
        'evaluation: columns',
        lambda t: read_annotations(file(t / 'a.csv', 'image_id,x0\n')),
        '~/a.csv: column y0, x1, y1, width, height missing; the first line must be image_id,x0,y0,x1,y1,width,height',
    ),
    Broken('evaluation: empty', lambda t: read_annotations(file(t / 'a.csv', HEAD)), '~/a.csv names no image'),
    Broken(
        'evaluation: a word',
        lambda t: read_annotations(file(t / 'a.csv', HEAD + 'a,0,0,five,5,9,9\n')),
        "~/a.csv, line 2: 'five' is not a number",
    ),
    Broken(
        'evaluation: upside down',
        lambda t: read_annotations(file(t / 'a.csv', HEAD + 'a,5,0,0,5,9,9\n')),
        '~/a.csv, line 2: a box is x0,y0,x1,y1 with x0 <= x1 and y0 <= y1, got [5.0, 0.0, 0.0, 5.0]',
    ),
    Broken(
        'evaluation: size',
        lambda t: read_annotations(file(t / 'a.csv', HEAD + 'a,0,0,5,5,0,9\n')),
        '~/a.csv, line 2: width and height are positive integers, got 0,9',
    ),
]

GREY = np.zeros((4, 4), np.uint8)
MASKS = [
    Broken(
        'no mask file',
        lambda t: load_mask(seg_map_path=str(t / 'm.png')),
        'mask is missing: ~/m.png',
    ),
    Broken(
        'not an image',
        lambda t: load_mask(seg_map_path=file(t / 'm.png', 'text')),
        'mask cannot be decoded: ~/m.png (4 bytes; truncated, or not an image)',
    ),
    Broken(
        'no object',
        lambda t: loading.BoxFromMask()(dict(img_id='a', seg_map_path='m.png', gt_seg_map=GREY)),
        'the mask of a shows no object (m.png). Give LoadMask the grey level of the object (object_value), '
        'or take the image out of the list',
    ),
    Broken(
        'another size than the image',
        lambda t: transforms.CenterCrop(2)(dict(img=np.zeros((8, 8, 3)), gt_seg_map=GREY, img_id='a')),
        'gt_seg_map is (4, 4) but the image (8, 8) (a); put AntialiasResize before the crop',
    ),
    Broken(
        'metric: another size',
        lambda t: metric(protocol='choe2020-pxap', gt_mask=GREY[:2]),
        "LocalizationMetric, image 'a': gt_mask is (2, 4), but the network saw (4, 4); resize it in the pipeline",
    ),
]


def npy(path: Path, array) -> Path:
    np.save(path, array, allow_pickle=True)
    return path.parent


def metric(protocol='choe2020-v1', **sample) -> None:
    complete = dict(
        img_id='a', img_shape=(4, 4), gt_label=0, pred_raw_map=np.eye(2), gt_boxes=np.array([[0, 0, 2, 2.0]])
    )
    given = {key: value for key, value in {**complete, **sample}.items() if value is not None}
    LocalizationMetric(protocols=[protocol]).process({}, [given])


MAPS = [
    Broken(
        'three axes', lambda t: maps.minmax(np.zeros((1, 2, 2))), 'a map is a non-empty 2-D array; got shape (1, 2, 2)'
    ),
    Broken(
        'complex',
        lambda t: maps.minmax(np.zeros((2, 2), complex)),
        'a map is made of real numbers; got dtype complex128',
    ),
    Broken(
        'unknown normaliser',
        lambda t: maps.normalize(np.zeros((2, 2)), 'minmaxx'),
        "there is no map normaliser 'minmaxx'; did you mean 'minmax'?",
    ),
    Broken(
        'not normalised',
        lambda t: maps.quantise(np.full((2, 2), 2.0)),
        'a normalised map lies in [0, 1]; got 2.0 to 2.0. Normalise it first.',
    ),
    Broken(
        'unknown interpolation',
        lambda t: maps.resize(np.eye(2), (4, 4), 'lanczos'),
        "interpolation is one of linear, cubic; got 'lanczos'",
    ),
    Broken(
        'no folder',
        lambda t: MapFiles(t / 'maps'),
        '~/maps does not exist; give a folder of <image_id>.npy files or one .npz file',
    ),
    Broken(
        'not an archive',
        lambda t: MapFiles(file(t / 'maps.npz', 'text')),
        '~/maps.npz is no archive of maps; write it with numpy.savez(path, **{image_id: map})',
    ),
    Broken(
        'a batch',
        lambda t: MapFiles(npy(t / 'a.npy', np.zeros((1, 2, 2)))).read('a'),
        '~/a.npy has shape (1, 2, 2); a map is (height, width): save one channel, no batch',
    ),
    Broken(
        'not finite',
        lambda t: MapFiles(npy(t / 'a.npy', np.array([[0, np.nan]]))).read('a'),
        '~/a.npy holds 1 values that are NaN, infinite or beyond 1e+300; find out why the model makes them',
    ),
    Broken(
        'objects',
        lambda t: MapFiles(npy(t / 'a.npy', np.array([[None, 1]]))).read('a'),
        '~/a.npy has type object; a map holds real numbers, float32 at best',
    ),
    Broken(
        'metric: no map',
        lambda t: metric(pred_raw_map=None),
        "LocalizationMetric needs `pred_raw_map` or `pred_boxes` of image 'a'; the sample holds ['gt_boxes', "
        "'gt_label', 'img_id', 'img_shape']",
    ),
    Broken(
        'metric: no id',
        lambda t: metric(img_id=None),
        "LocalizationMetric keys its records by `img_id`, which is missing; the sample holds ['gt_boxes', "
        "'gt_label', 'img_shape', 'pred_raw_map']",
    ),
    Broken(
        'metric: no box',
        lambda t: metric(gt_boxes=None),
        "LocalizationMetric needs `gt_boxes` of image 'a'; the sample holds ['gt_label', "
        "'img_id', 'img_shape', 'pred_raw_map']",
    ),
    Broken(
        'metric: unknown protocol',
        lambda t: LocalizationMetric(protocols=['choe2020']),
        "there is no protocol 'choe2020'; did you mean choe2020-v2 or choe2020-v1 or choe2020-pxap?",
    ),
    Broken(
        'metric: protocol without base',
        lambda t: protocols.resolve(dict(name='mine')),
        'a protocol given as a dict needs "base" and "name"; base missing in {\'name\': \'mine\'}',
    ),
]


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


class Evil:
    def __reduce__(self):
        return os.system, ('touch evil_was_here',)


def saved(path: Path, value) -> str:
    torch.save(value, path)
    return str(path)


def net() -> PlainNet:
    return PlainNet(base_channels=4, strides=(2, 2), depth=1)


ANOTHER = 'Is it the file you meant, and complete? Copy or download it again, or take another checkpoint.'

CHECKPOINTS = [
    Broken(
        'no file',
        lambda t: (file(t / 'epoch_1.pth'), load_from_local(str(t / 'epoch_2.pth'))),
        'no checkpoint ~/epoch_2.pth. Did you mean epoch_1.pth?',
    ),
    Broken(
        'empty',
        lambda t: load_from_local(file(t / 'a.pth')),
        f'~/a.pth is no readable checkpoint (it is empty). {ANOTHER}',
    ),
    Broken(
        'a web page',
        lambda t: load_from_local(file(t / 'a.pth', '<html>404</html>')),
        f'~/a.pth is not a checkpoint that torch can read safely (Unsupported operand 60). {ANOTHER}',
    ),
    Broken(
        'runs a command',
        lambda t: load_from_local(saved(t / 'a.pth', {'a': Evil()})),
        '~/a.pth was refused: beside weights it holds posix.system, and reading that would run code of '
        'whoever made the file. Nothing was run. Get the weights as a bare state_dict or as .safetensors; '
        'or, if you trust where the file comes from, open it once where nothing can be lost and keep only '
        "its tensors: torch.save(torch.load('in.pth', weights_only=False)['state_dict'], 'out.pth').",
    ),
    Broken(
        'holds an object',
        lambda t: load_from_local(saved(t / 'a.pth', argparse.Namespace(lr=1))),
        '~/a.pth was refused: beside weights it holds argparse.Namespace, and reading that would run code '
        'of whoever made the file. Nothing was run. Get the weights as a bare state_dict or as '
        '.safetensors; or, if you trust where the file comes from, open it once where nothing can be lost '
        "and keep only its tensors: torch.save(torch.load('in.pth', weights_only=False)['state_dict'], "
        "'out.pth').",
    ),
    Broken(
        'another network',
        lambda t: load_weights(net(), saved(t / 'a.pth', {'x.weight': torch.ones(1)})),
        '~/a.pth does not fit PlainNet:\n  0 weights loaded\n  10 of the model not in the file (left as they '
        'are): stem.* (5), stage1.* (5)\n  1 of the file not in the model (ignored): x.weight',
    ),
    Broken(
        'no weights in it',
        lambda t: load_weights(net(), saved(t / 'a.pth', {'epoch': 3})),
        '~/a.pth: expected a state_dict (names → tensors) or a dict that holds one; got epoch',
    ),
    Broken(
        'prefix',
        lambda t: only_prefix({'backbone.a': torch.ones(1)}, 'head.'),
        "no weight under 'head.'; there are: backbone.a",
    ),
    Broken(
        'storage',
        lambda t: CheckpointLoader.load_checkpoint('s3://bucket/a.pth'),
        's3://bucket/a.pth: this storage is not supported. Copy the file here and name its path.',
    ),
    Broken(
        'unknown torchvision name',
        lambda t: CheckpointLoader.load_checkpoint('torchvision://vgg61'),
        'torchvision://vgg61: no such weights. Did you mean vgg19, vgg16, vgg13, vgg11, vgg19_bn?',
    ),
    Broken(
        'resume from nothing',
        lambda t: launch.set_resume(Config(dict()), str(t / 'epoch_9.pth')),
        'checkpoint ~/epoch_9.pth does not exist. There is no *.pth in ~ either.',
    ),
    Broken(
        'pickle',
        lambda t: load_from_local(file(t / 'a.pkl', pickle.dumps(Evil()))),
        f'~/a.pkl is not a checkpoint that torch can read safely (Unsupported operand 149). {ANOTHER}',
    ),
]


def entry(name: str, module: str) -> None:
    """Load the plugins of an environment with one, and look up a type that it should have brought."""
    found = registry.Plugins()
    registry._load(EntryPoint(name, module, registry.GROUP), found)


def unknown_type_with_broken_plugin(tmp: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, '_found', registry.Plugins(failed={'bad': 'ImportError: no module x'}))
        MODELS.get('MyMethod')


def collide(tmp: Path) -> None:
    MODELS.register_module(name='Localizer', module=type('Localizer', (), {'__module__': 'mine'}))


def command(*words: str):
    return lambda tmp: cli.main([str(tmp) if word == '~' else word for word in words])


def evaluate(*options: str):
    def call(tmp: Path) -> int:
        npy(tmp / 'b.npy', np.eye(4))
        (tmp / 'boxes.csv').write_text(HEAD + 'a,0,0,5,5,9,9\nb,0,0,5,5,9,9\n')
        return tool('evaluate_maps.py').main([str(tmp), str(tmp / 'boxes.csv'), *options])

    return call


def of_tool(name: str, *words: str):
    return lambda tmp: tool(name).main([word.replace('~', str(tmp)) for word in words])


PLUGINS = [
    Broken(
        'module missing',
        lambda t: entry('bad', 'no_such_module'),
        "The wsolzoo plugin 'bad' (no_such_module) could not be imported and is left out: "
        "ModuleNotFoundError: No module named 'no_such_module'",
    ),
    Broken(
        'not a module name',
        lambda t: entry('odd', 'wsolzoo.cli:nothing'),
        "The wsolzoo plugin 'odd' (wsolzoo.cli:nothing) could not be imported and is left out: "
        "AttributeError: module 'wsolzoo.cli' has no attribute 'nothing'",
    ),
    Broken(
        'type of a plugin that failed',
        unknown_type_with_broken_plugin,
        "'MyMethod' is not in the model registry of wsolzoo.\n  close names: none\n  plugins loaded: none\n  "
        f"plugin 'bad' failed to import: ImportError: no module x\n  {FROM_ELSEWHERE}",
    ),
    Broken(
        'name taken',
        collide,
        "'Localizer' is already registered in the model registry of wsolzoo: first by wsolzoo.models.tasks.localizer "
        '(<repo>/wsolzoo/models/tasks/localizer.py), now by mine. Rename one of them, give the plugin a registry with '
        'its own scope, or pass force=True to replace the first.',
    ),
]

COMMANDS = [
    Broken(
        'unknown command',
        command('trian'),
        "wsolzoo: no command 'trian'; did you mean 'train'?",
    ),
    Broken('train: no config', of_tool('train.py'), 'tool: error: the following arguments are required: config'),
    Broken(
        'train: missing config',
        of_tool('train.py', '~/no.py'),
        'error: config ~/no.py does not exist (working directory: ~).',
    ),
    Broken(
        'train: resume from nothing',
        of_tool('train.py', TINY, '--resume', '~/no.pth'),
        'error: checkpoint ~/no.pth does not exist. There is no *.pth in ~ either.',
    ),
    Broken(
        'train: seed',
        of_tool('train.py', TINY, '--seed', 'one'),
        "tool: error: argument --seed: invalid int value: 'one'",
    ),
    Broken(
        'test: no checkpoint',
        of_tool('test.py', 'cam/cam_vgg16_1xb32-50e_cub-224px.py'),
        f'error: {NO_CHECKPOINT}',
    ),
    Broken(
        'test: missing checkpoint',
        of_tool('test.py', TINY, '~/no.pth'),
        'error: checkpoint ~/no.pth does not exist. There is no *.pth in ~ either.',
    ),
    Broken(
        'infer: no image',
        of_tool('infer.py', TINY, '~/no.jpg', '--out-dir', '~'),
        'error: image ~/no.jpg does not exist',
    ),
    Broken(
        'maps: map missing',
        evaluate(),
        "error: ~/a.npy is missing; save the map of image 'a' there, or count such images as misses with "
        '--allow-missing',
    ),
    Broken(
        'maps: protocol',
        evaluate('--protocol', 'choe2021-v2'),
        "error: there is no protocol 'choe2021-v2'; did you mean choe2020-v2 or choe2020-v1 or choe2020-v2-pas?",
    ),
    Broken(
        'maps: fixed',
        evaluate('--fixed', 'choe2020-v2'),
        "error: --fixed takes NAME=T with a number T; got 'choe2020-v2'",
    ),
    Broken(
        'maps: threshold',
        evaluate('--fixed', 'choe2020-v2=1.5'),
        'error: --fixed choe2020-v2=1.5: a threshold is in [0, 1)',
    ),
    Broken(
        'maps: interval',
        evaluate('--interval', '0'),
        'error: --interval: threshold interval is from 0.0001 to below 1; got 0.0',
    ),
    Broken('maps: workers', evaluate('--workers', '0'), 'tool: error: --workers is at least 1'),
]

TABLE = {
    f'{kind}: {row.what}': row
    for kind, rows in {
        'image': IMAGES,
        'annotation': ANNOTATIONS,
        'mask': MASKS,
        'map': MAPS,
        'config': CONFIGS,
        'checkpoint': CHECKPOINTS,
        'plugin': PLUGINS,
        'command': COMMANDS,
    }.items()
    for row in rows
}


def said(call: Callable[[Path], object], tmp: Path, capsys) -> str:
    """The text of the error, of the warning, or of what a tool printed before it left with status 2."""
    capsys.readouterr()
    try:
        with scope(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            status = call(tmp)
    except SystemExit as left:
        status = left.code
    except KeyError as error:
        return str(error) if type(error) is not KeyError else error.args[0]
    except Exception as error:
        return str(error)
    if status == 2:
        return capsys.readouterr().err.strip().splitlines()[-1]
    assert caught, 'nothing was said'
    return str(caught[-1].message)


@pytest.mark.parametrize('name', TABLE)
def test_what_is_said(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['tool'])
    assert (
        said(TABLE[name].call, tmp_path, capsys).replace(str(tmp_path), '~').replace(str(REPO), '<repo>')
        == TABLE[name].says
    )
    assert not (tmp_path / 'evil_was_here').exists()


def test_the_table_is_large_and_every_sentence_complete():
    assert len(TABLE) >= 60
    assert all(row.says for row in TABLE.values())
