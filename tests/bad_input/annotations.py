"""Lists, tables and folders that do not say what they must."""

from pathlib import Path

from tests.bad_input import Broken, file
from wsolzoo.datasets.box_csv import BoxCSV
from wsolzoo.datasets.cub import CUB
from wsolzoo.datasets.image_mask_folder import ImageMaskFolder
from wsolzoo.datasets.scenes import WSOLScenes
from wsolzoo.datasets.wsol_metadata import WSOLMetadata
from wsolzoo.evaluation.offline.annotations import read_annotations
from wsolzoo.synthetic.scenes import SceneSpec

HEAD = 'image_id,x0,y0,x1,y1,width,height\n'


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
