"""Maps, files of maps, and what the metric is given."""

from pathlib import Path

import numpy as np

from tests.bad_input import Broken, file
from wsolzoo import maps
from wsolzoo.evaluation.localization import protocols
from wsolzoo.evaluation.metrics import LocalizationMetric
from wsolzoo.evaluation.offline.map_files import MapFiles


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
