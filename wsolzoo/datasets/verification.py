"""Is the data set on this disk the one that it should be? Counts, checksums, every image, every box."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from wsolzoo.datasets.annotation import wrong_box
from wsolzoo.datasets.base import ZooDataset
from wsolzoo.datasets.decoding import BrokenFile
from wsolzoo.datasets.defocus.transforms import LoadDefocusTruth
from wsolzoo.datasets.loading import LoadImage, LoadMask
from wsolzoo.registry import DATASETS

SPLITS = ('train', 'val', 'test')
MASK_FILES = ('seg_map_path', 'blurred_path', 'defocus_path')


@dataclass
class Problem:
    """Something missing or wrong."""

    kind: str
    where: str
    detail: str


@dataclass
class SplitReport:
    """What was found in one split."""

    split: str
    reader: str = ''
    role: str = ''
    data_root: str = ''
    images: int = 0
    boxes: int = 0
    masks: int = 0
    classes: int = 0
    images_per_class: tuple[int, int] = (0, 0)
    problems: list[Problem] = field(default_factory=list)

    def add(self, kind: str, where: str, detail: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(kind, where, detail))

    def to_dict(self) -> dict:
        """Plain data for JSON."""
        return asdict(self)


def dataset_configs(config: dict) -> Iterator[tuple[str, dict]]:
    """Split and config of every reader in a config, those inside wrappers too."""
    for split in SPLITS:
        loader = config.get(f'{split}_dataloader') or {}
        stack = [loader['dataset']] if 'dataset' in loader else []
        while stack:
            cfg = stack.pop()
            inner = cfg.get('datasets') or cfg.get('sources') or ([cfg['dataset']] if 'dataset' in cfg else [])
            stack.extend(inner)
            if not inner:
                yield split, dict(cfg)


def verify_split(
    split: str,
    cfg: dict,
    partial: bool = False,
    workers: int = 2,
    progress: Callable[[Iterable, int], Iterable] = lambda items, total: items,
) -> SplitReport:
    """Check one reader: its annotation, its counts, each of its files.

    Args:
        split: name for the report.
        cfg: config of the reader; its pipeline is not run.
        partial: do not compare counts with the official ones.
        workers: threads that open files.
        progress: wraps an iterable of known length.
    """
    report = SplitReport(split, str(cfg.get('type')), str(cfg.get('role')), str(cfg.get('data_root', '')))
    plain = {**cfg, 'pipeline': [], 'serialize_data': False}
    if cfg.get('holdout'):
        plain.update(holdout=0, held_out=False)  # the whole split; the hold-out is a rule, not data
    try:
        dataset = DATASETS.build(plain)
    except (OSError, ValueError, KeyError, TypeError) as error:
        report.add('annotation', report.data_root, str(error))
        return report
    if not isinstance(dataset, ZooDataset):
        report.add('reader', report.reader, 'only readers of class ZooDataset can be verified')
        return report
    count(dataset, report, partial)
    check_archives(dataset, report)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for problems in progress(_check_images(dataset, pool), len(dataset)):
            report.problems.extend(problems)
    return report


def count(dataset: ZooDataset, report: SplitReport, partial: bool) -> None:
    """Images, boxes and classes, against the official counts."""
    infos = dataset.data_list
    report.role, report.images = dataset.role, len(infos)
    report.boxes = sum(len(info.get('gt_bboxes', ())) for info in infos) if dataset.has_truth else 0
    report.masks = sum(not info.keys().isdisjoint(MASK_FILES) for info in infos) if dataset.has_truth else 0
    per_class = Counter(info['gt_label'] for info in infos if 'gt_label' in info)
    if per_class:
        report.classes, report.images_per_class = len(per_class), (min(per_class.values()), max(per_class.values()))
    names = dataset.metainfo.get('classes') or ()
    absent = [name for label, name in enumerate(names) if label not in per_class]
    if absent:
        report.add('class', dataset.data_root, f'{len(absent)} classes have no image, for instance {absent[0]}')
    images, boxes = dataset.COUNTS.get(dataset.count_key, (None, None))
    for what, official, here in [('images', images, report.images), ('boxes', boxes, report.boxes)]:
        wanted = official is not None and (what == 'images' or dataset.has_truth)
        if wanted and not partial and official != here:
            report.add('count', dataset.data_root, f'{here} {what}, the official split has {official}')


def check_archives(dataset: ZooDataset, report: SplitReport) -> None:
    """MD5 sums of the downloads, where they were kept in the data set's folder or beside it."""
    for name, official in dataset.ARCHIVES.items():
        for folder in (Path(dataset.data_root), Path(dataset.data_root).parent):
            if (folder / name).is_file():
                here = _md5(folder / name)
                if here != official:
                    report.add('checksum', str(folder / name), f'MD5 {here}, the official file has {official}')


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _check_images(dataset: ZooDataset, pool: ThreadPoolExecutor) -> Iterator[list[Problem]]:
    """The problems of each image in order, a thousand images in flight at most."""
    for start in range(0, len(dataset), 1000):
        indices = range(start, min(start + 1000, len(dataset)))
        yield from pool.map(lambda index: check_image(dataset, index), indices)


def check_image(dataset: ZooDataset, index: int) -> list[Problem]:
    """Open one image and its masks, and compare the boxes with its size."""
    info = dataset.get_data_info(index)
    where = str(info.get('img_path') or info['img_id'])
    boxes = info.pop('gt_bboxes', ())  # looked at below, all of them and to the pixel
    try:
        height, width = LoadImage(thorough=True)(info)['ori_shape']
    except BrokenFile as error:
        return [Problem('image', where, str(error))]
    problems = [Problem('box', where, text) for text in wrong_boxes(boxes, width, height)]
    try:
        truth = LoadDefocusTruth()(LoadMask(ignore_value=None)({**info}))
    except (BrokenFile, ValueError) as error:
        return [*problems, Problem('mask', where, str(error))]
    for key, name in (('gt_seg_map', 'mask'), ('gt_map', 'map')):
        if key in truth:
            rows, columns = truth[key].shape
            if abs(columns / rows - width / height) > 0.02 * width / height:
                problems.append(Problem(name, where, f'the {name} is {columns}x{rows}, the image {width}x{height}'))
    return problems


def wrong_boxes(boxes: Iterable, width: int, height: int) -> Iterator[str]:
    """What is wrong with each box of an image of that size."""
    for box in np.asarray(boxes, np.float64).reshape(-1, 4):
        if wrong := wrong_box(box, (height, width)):
            yield f'the box {box.tolist()} {wrong}'


def summary(reports: list[SplitReport], shown: int = 10) -> str:
    """The reports as text: a line a split, then what is wrong, a few of each kind."""
    lines = []
    for report in reports:
        low, high = report.images_per_class
        classes = f' of {report.classes} classes ({low} to {high} each)' if report.classes else ''
        truth = f', {report.boxes} boxes, {report.masks} masks' if report.role != 'train-weaksup' else ', labels only'
        lines.append(
            f'{report.split:6s}{report.reader} ({report.role}): {report.images} images{classes}{truth}: '
            f'{"good" if not report.problems else f"{len(report.problems)} problems"}'
        )
    for report in reports:
        for kind in dict.fromkeys(problem.kind for problem in report.problems):
            found = [problem for problem in report.problems if problem.kind == kind]
            lines.append(f'\n{report.split}: {len(found)} x {kind}')
            lines += [f'  {p.where}: {p.detail}' if p.where not in p.detail else f'  {p.detail}' for p in found[:shown]]
            if len(found) > shown:
                lines.append(f'  … and {len(found) - shown} more (all of them with --out)')
    return '\n'.join(lines)
