"""The training pipeline against the PIL pipeline of the reference codes: time per image, pixels, bytes sent.

Goal G9: at least 1.9 times as fast, pixels within one grey level of PIL's, a quarter of the bytes sent by a loader
worker. Both sides run in one process and one thread, interleaved image by image, on the same files; CPU time, median of
the ratios of the rounds. ``python benchmarks/loading.py [--images FOLDER]``; exits with 1 where the goal is missed.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from time import process_time

GOAL_RATIO, GOAL_LEVELS, GOAL_BYTES = 1.9, 1, 4


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=Path, help='folder of JPEG files (default: 500x375 pictures made here)')
    parser.add_argument('--count', type=int, default=48, help='images in a round')
    parser.add_argument('--rounds', type=int, default=11)
    return parser.parse_args()


def make_images(folder: Path, count: int) -> list[Path]:
    """JPEG files of 500x375 pixels, 4:2:0, quality 92, whose size on disk is that of photographs (about 56 kB)."""
    import numpy as np
    from PIL import Image, ImageFilter

    random = np.random.default_rng(0)
    paths = []
    for index in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (24, 32, 3), np.uint8)).resize((500, 375), Image.BICUBIC)
        fine = Image.fromarray(random.integers(0, 256, (375, 500, 3), np.uint8)).filter(ImageFilter.GaussianBlur(0.8))
        paths.append(folder / f'{index}.jpg')
        Image.blend(coarse, fine, 0.27).save(paths[-1], quality=92, subsampling=2)
    return paths


def pil_pipeline(path: Path, x: int, y: int, flip: bool):
    """What the reference codes do (PIL, bilinear 256, crop, mirror, float, normalise) without torchvision."""
    import numpy as np
    import torch
    from PIL import Image

    with Image.open(path) as file:
        img = file.convert('RGB').resize((256, 256), Image.BILINEAR)
    img = img.crop((x, y, x + 224, y + 224))
    if flip:
        img = img.transpose(Image.FLIP_LEFT_RIGHT)
    tensor = torch.from_numpy(np.array(img)).permute(2, 0, 1).contiguous().to(torch.float32).div_(255)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return tensor.sub_(mean[:, None, None]).div_(std[:, None, None])


def torchvision_pipeline():
    """The same through torchvision's transforms, as published; ``None`` where torchvision is not installed."""
    try:
        from torchvision import transforms
    except ImportError:
        return None
    return transforms.Compose(
        [
            transforms.Resize((256, 256)),
            transforms.RandomCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )


def levels_from_pil(paths: list[Path]) -> int:
    """The largest difference to PIL's resize, in grey levels, over whole images."""
    import numpy as np
    from PIL import Image

    from wsolzoo.datasets.loading import LoadImage
    from wsolzoo.datasets.resizing import antialias_resize

    worst = 0
    for path in paths:
        ours = antialias_resize(LoadImage().decode(str(path)), (256, 256))[..., ::-1]
        with Image.open(path) as file:
            theirs = np.asarray(file.convert('RGB').resize((256, 256), Image.BILINEAR))
        worst = max(worst, int(np.abs(ours.astype(np.int16) - theirs).max()))
    return worst


def bytes_saved(path: Path) -> float:
    """Bytes of the image tensor that a worker sends in the PIL pipeline, over those in ours."""
    sample = our_pipeline()({'img_id': path.name, 'img_path': str(path), 'gt_label': 0})
    return pil_pipeline(path, 0, 0, False).nbytes / sample['inputs'].nbytes


def our_pipeline():
    """The training pipeline of the base configs."""
    from mmcv.transforms import Compose

    from wsolzoo.datasets.geometry import Geometry
    from wsolzoo.datasets.loading import LoadImage, PackLocalization

    return Compose([LoadImage(), Geometry('WE', 224, train=True), PackLocalization()])


def time_once(function, *args) -> float:
    """CPU seconds of one call."""
    start = process_time()
    function(*args)
    return process_time() - start


def compare(paths: list[Path], rounds: int) -> dict[str, list[float]]:
    """CPU milliseconds per image of each pipeline, a number a round."""
    from PIL import Image

    ours, published = our_pipeline(), torchvision_pipeline()

    def ours_once(path: Path) -> None:
        ours({'img_id': path.name, 'img_path': str(path), 'gt_label': 0})

    def published_once(path: Path) -> None:
        with Image.open(path) as file:
            published(file.convert('RGB'))

    times: dict[str, list[float]] = {'ours': [], 'PIL, lean': [], **({'PIL, torchvision': []} if published else {})}
    for index in range(rounds + 1):
        spent = dict.fromkeys(times, 0.0)
        for number, path in enumerate(paths):
            spent['ours'] += time_once(ours_once, path)
            spent['PIL, lean'] += time_once(pil_pipeline, path, number % 32, number % 31, bool(number % 2))
            if published:
                spent['PIL, torchvision'] += time_once(published_once, path)
        if index:  # the first round warms up
            for name, seconds in spent.items():
                times[name].append(seconds / len(paths) * 1000)
    return times


def main() -> int:
    """Measure, print, judge."""
    args = parse_args()
    os.environ['OMP_NUM_THREADS'] = '1'
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    from statistics import median

    with tempfile.TemporaryDirectory() as folder:
        found = (
            sorted(p for p in args.images.rglob('*') if p.suffix.lower() in ('.jpg', '.jpeg'))
            if args.images
            else make_images(Path(folder), args.count)
        )
        paths = found[: args.count]
        if not paths:
            print(f'no JPEG files in {args.images}')
            return 2
        size = sum(path.stat().st_size for path in paths) / len(paths) / 1024
        times, levels, saved = compare(paths, args.rounds), levels_from_pil(paths), bytes_saved(paths[0])
    print(f'{len(paths)} images, {size:.0f} kB each, {args.rounds} rounds, one thread, CPU time')
    for name, values in times.items():
        ratio = median(value / own for value, own in zip(values, times['ours']))
        print(f'{name:17s} {median(values):6.2f} ms/image   {ratio:5.2f} x ours')
    reference = 'PIL, torchvision' if 'PIL, torchvision' in times else 'PIL, lean'
    ratio = median(value / own for value, own in zip(times[reference], times['ours']))
    print(f'pixels differ from PIL by at most {levels} grey level(s); a worker sends 1/{saved:.2f} of the bytes')
    passed = ratio >= GOAL_RATIO and levels <= GOAL_LEVELS and saved >= GOAL_BYTES
    print(f'G9: {ratio:.2f} x {reference}, goal {GOAL_RATIO}: {"reached" if passed else "MISSED"}')
    return 0 if passed else 1


if __name__ == '__main__':
    sys.exit(main())
