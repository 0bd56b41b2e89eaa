"""Tiny copies of the layouts that real data sets come in."""

from pathlib import Path

import cv2
import numpy as np

SIZE = (30, 40)  # height, width

CROPS = [
    {'type': 'DefocusAugment', 'size': 16, 'max_side': None},
    {'type': 'PackLocalization', 'meta_keys': ('img_id', 'img_shape', 'domain', 'map_unit')},
]
"""What a defocus sample becomes in training."""


def noise(h=40, w=48, seed=0):
    """A picture of independent grey levels."""
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3)).astype(np.uint8)


def ramp(h=40, w=48):
    """Depth in mm that falls from row to row."""
    return np.repeat(np.linspace(5000, 600, h)[:, None], w, 1)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')
    return path


def picture(path: Path, size=SIZE, seed=0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8))
    return path


def mask(path: Path, grey: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), grey.astype(np.uint8))
    return path


def box_csv(root: Path) -> Path:
    rows = [
        'subset,file,class,fine_class,x1,y1,x2,y2,mask,split,width,height',
        'pets,images/b.jpg,dog,boxer,1.5,2,20,25,masks/b.png,test,40,30',
        'pets,images/a.jpg,cat,Siamese,0,0,10,10,,train,40,30',
        'pets,images/c.jpg,dog,beagle,,,,,,train,40,30',
        'pets,images/b.jpg,dog,boxer,21,2,39,29,masks/b.png,test,40,30',
        'numbers,images/a.jpg,7,,0,0,10,10,,test,40,30',
        'numbers,images/b.jpg,3,,0,0,10,10,,test,40,30',
    ]
    for seed, name in enumerate('abc'):
        picture(root / f'images/{name}.jpg', seed=seed)
    grey = np.zeros(SIZE)
    grey[2:25, 2:20], grey[2:25, 20:22] = 255, 128
    mask(root / 'masks/b.png', grey)
    write(root / 'ANNOTATIONS.csv', '\n'.join(rows) + '\n')
    return root


def cub(root: Path) -> Path:
    """Two classes, three images each, the third for test."""
    names = [f'00{c}.{bird}/{bird}_{n}.jpg' for c, bird in [(1, 'Auk'), (2, 'Wren')] for n in (1, 2, 3)]
    for seed, name in enumerate(names):
        picture(root / 'images' / name, seed=seed)
    write(root / 'images.txt', ''.join(f'{i} {name}\n' for i, name in enumerate(names, 1)))
    write(root / 'image_class_labels.txt', ''.join(f'{i} {name[2]}\n' for i, name in enumerate(names, 1)))
    write(root / 'train_test_split.txt', ''.join(f'{i} {int(i % 3 > 0)}\n' for i in range(1, 7)))
    write(root / 'bounding_boxes.txt', ''.join(f'{i} {i}.0 2.0 10.5 20.0\n' for i in range(1, 7)))
    write(root / 'classes.txt', '1 001.Auk\n2 002.Wren\n')
    return root


def wsol_boxes(root: Path, folder: str = '') -> Path:
    """CUBV2's and ImageNetV2's layout; no newline at the end of a file, as in the original."""
    for seed, name in enumerate(['0/5.jpeg', '1/6.jpeg']):
        picture(root / folder / name, seed=seed)
    write(root / 'metadata/val/image_ids.txt', '0/5.jpeg\n1/6.jpeg')
    write(root / 'metadata/val/class_labels.txt', '0/5.jpeg,0\n1/6.jpeg,1')
    write(root / 'metadata/val/localization.txt', '0/5.jpeg,1,2,30,20\n1/6.jpeg,0,0,5,5\n1/6.jpeg,6.5,6,39,29')
    return root


def openimages(root: Path) -> Path:
    """One image a split; masks are twice as large as the image; the ignore file stands on the first row."""
    for split in ('train', 'val', 'test'):
        name = f'{split}/0abc/1.jpg'
        picture(root / name)
        write(root / f'metadata/{split}/image_ids.txt', name)
        write(root / f'metadata/{split}/class_labels.txt', f'{name},4')
        if split != 'train':
            rows = [f'{name},{split}/0abc/1_m1.png,{split}/0abc/1_ignore.png', f'{name},{split}/0abc/1_m2.png,']
            write(root / f'metadata/{split}/localization.txt', '\n'.join(rows))
            for file, columns in [('m1', slice(0, 20)), ('m2', slice(20, 40)), ('ignore', slice(30, 60))]:
                grey = np.zeros((60, 80))
                grey[:, columns] = 255
                mask(root / f'{split}/0abc/1_{file}.png', grey)
    return root


def ilsvrc(root: Path) -> Path:
    write(root / 'LOC_synset_mapping.txt', 'n02 crane, bird\nn01 tench, Tinca tinca\n')
    for wnid in ('n01', 'n02'):
        for n in (1, 2):
            picture(root / f'Data/CLS-LOC/train/{wnid}/{wnid}_{n}.JPEG')
    for n, wnid, boxes in [(1, 'n02', [(1, 2, 30, 20)]), (2, 'n01', [(0, 0, 5, 5), (6, 6, 39, 29)])]:
        picture(root / f'Data/CLS-LOC/val/ILSVRC2012_val_0000000{n}.JPEG')
        objects = ''.join(
            f'<object><name>{wnid}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax>'
            '</bndbox></object>'
            for a, b, c, d in boxes
        )
        text = f'<annotation><size><width>40</width><height>30</height></size>{objects}</annotation>'
        write(root / f'Annotations/CLS-LOC/val/ILSVRC2012_val_0000000{n}.xml', text)
    return root


def tiny_imagenet(root: Path) -> Path:
    write(root / 'wnids.txt', 'n09\nn03\n')
    write(root / 'words.txt', 'n03\tbell, chime\nn09\tlakeside\n')
    for wnid in ('n03', 'n09'):
        names = [f'{wnid}_{n}.JPEG' for n in (0, 1, 2, 10)]
        for seed, name in enumerate(names):
            picture(root / f'train/{wnid}/images/{name}', (64, 64), seed)
        write(root / f'train/{wnid}/{wnid}_boxes.txt', ''.join(f'{name}\t0\t10\t63\t{30}\n' for name in names))
    for n in range(2):
        picture(root / f'val/images/val_{n}.JPEG', (64, 64), n)
    write(root / 'val/val_annotations.txt', 'val_0.JPEG\tn09\t0\t32\t44\t62\nval_1.JPEG\tn03\t5\t5\t5\t5\n')
    return root


def pets(root: Path) -> Path:
    """The official layout of the Oxford-IIIT pets: trimaps of 1 pet, 2 background, 3 outline."""
    names = [f'Bombay_{n}' for n in range(3)] + [f'pug_{n}' for n in range(3)]
    for seed, name in enumerate(names):
        picture(root / f'images/{name}.jpg', seed=seed)
        trimap = np.full(SIZE, 2)
        trimap[4:26, 5:35], trimap[5:25, 6:34] = 3, 1
        mask(root / f'annotations/trimaps/{name}.png', trimap)
    lines = [f'{name} {1 + (name[0] == "p")} 1 1\n' for name in names]
    write(root / 'annotations/trainval.txt', ''.join(lines[:2] + lines[3:5]))
    write(root / 'annotations/test.txt', '#Image CLASS-ID SPECIES BREED ID\n' + lines[2] + lines[5])
    return root


def image_folder(root: Path) -> Path:
    """Six pictures a split in folders of two classes, with the boxes of all but one of the test pictures as CSV."""
    rows = ['file,class,x1,y1,x2,y2']
    for split in ('train', 'test'):
        for seed in range(6):
            name = f'{split}/{("cat", "dog")[seed % 2]}/{seed}.jpg'
            picture(root / name, seed=seed)
            if split == 'test' and seed:
                rows.append(f'{name},{("cat", "dog")[seed % 2]},5,4,{25 + seed},20')
    write(root / 'boxes.csv', '\n'.join(rows) + '\n')
    return root
