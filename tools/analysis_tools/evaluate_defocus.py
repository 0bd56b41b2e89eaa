"""Judge a defocus model on generated sets (exact maps) and on real focal stacks (an order of frames).

    python tools/analysis_tools/evaluate_defocus.py CONFIG CHECKPOINT --set photos=data/defocus/pairs-test \
        --stack usb=../shared/data/depth/stack_usb --constant data/defocus/scenes-train --out result.json

A focal stack is a folder whose frames are named by numbers (00.jpg, 01.jpg, …). At a pixel the frame with the greatest
local sharpness should get the smallest estimated blur. ``--constant`` adds what the mean map value of a training set
would score everywhere: a model that does not beat it has learned nothing about pictures.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--set', nargs='+', default=[], metavar='NAME=DIR', help='folders made by make_defocus.py')
    parser.add_argument('--stack', nargs='+', default=[], metavar='NAME=DIR', help='focal stacks')
    parser.add_argument('--constant', metavar='DIR', help='a generated set whose mean blur is the baseline')
    parser.add_argument('--smooth', type=float, default=8.0, help='pixels a stack is averaged over (frames wander)')
    parser.add_argument('--out', help='write the result as JSON')
    return parser.parse_args(argv)


def build(config: str, checkpoint: str):
    """The model in evaluation mode."""
    from wsolzoo.engine.weights.checkpoint import load_weights
    from wsolzoo.registry import MODELS
    from wsolzoo.run import launch

    launch.prepare_environment()
    model = MODELS.build(launch.load_config(config).model)
    load_weights(model, checkpoint)
    return model.eval()


def estimate(model, image: np.ndarray) -> tuple[np.ndarray, str]:
    """Map (h, w) of one image (H, W, 3) uint8 BGR, and its unit."""
    import torch

    from wsolzoo.structures import DataSample

    data = {'inputs': [torch.from_numpy(image.transpose(2, 0, 1).copy())], 'data_samples': [DataSample()]}
    with torch.no_grad():
        sample = model.test_step(data)[0]
    return sample.pred_map.numpy(), sample.pred_unit


def judge_set(folder: str, predict) -> dict[str, float]:
    """Errors and blur-mask scores on a generated set; ``predict(image)`` gives map and unit."""
    from wsolzoo.datasets.defocus.readers import GeneratedDefocus
    from wsolzoo.evaluation.metrics.defocus import BlurMaskMetric, DefocusError

    data = GeneratedDefocus(folder)
    error, mask = DefocusError(), BlurMaskMetric(min_polarity=None)
    for info in data:
        name, root = info['img_id'], Path(folder)
        pred, unit = predict(cv2.imread(info['img_path']))
        sample = {'img_id': name, 'pred_map': pred, 'pred_unit': unit, 'map_unit': data.map_unit}
        sample['gt_map'] = cv2.imread(info['defocus_path'], cv2.IMREAD_UNCHANGED) / data.map_scale
        sample['gt_mask'] = (cv2.imread(str(root / 'blurred' / f'{name}.png'), cv2.IMREAD_UNCHANGED) > 127).astype(int)
        error.process(None, [sample])
        mask.process(None, [sample])
    return {'images': len(data)} | error.evaluate(len(data)) | mask.evaluate(len(data))


def judge_stack(folder: str, predict, smooth: float) -> dict[str, float]:
    """Does estimated blur order the frames of a focal stack? Shares of pixels in percent."""
    from scipy.ndimage import gaussian_filter

    from wsolzoo.evaluation.functional import defocus as fn
    from wsolzoo.evaluation.metrics.keyed import percent
    from wsolzoo.synthetic.optics.lens import to_sigma

    frames = [cv2.imread(str(path)) for path in sorted(Path(folder).glob('[0-9]*.jpg'))]
    blur = []
    for frame in frames:
        pred, unit = predict(frame)
        blur.append(gaussian_filter(to_sigma(pred, unit), smooth))
    h, w = blur[0].shape
    sharp = np.stack([fn.sharpness(cv2.cvtColor(f, cv2.COLOR_BGR2GRAY), smooth)[:h, :w] for f in frames])
    valid = fn.clear_focus(sharp)
    result = fn.stack_agreement(sharp, np.stack(blur), valid)._asdict()
    best = sharp.argmax(0)[valid]
    chance_near = np.mean([(np.abs(np.arange(len(frames)) - f) <= 1).mean() for f in best])
    shares = {name: result.pop(name) for name in ('hit', 'near')}
    shares |= {'chance_hit': 1 / len(frames), 'chance_near': float(chance_near)}
    return {'frames': len(frames), **result, **percent(shares)}


def main(argv: list[str] | None = None) -> None:
    """Judge, print and write."""
    args = parse_args(argv)
    cv2.setNumThreads(1)
    model = build(args.config, args.checkpoint)
    result = {'config': args.config, 'checkpoint': args.checkpoint, 'sets': {}, 'stacks': {}}
    for name, folder in (entry.split('=', 1) for entry in args.set):
        result['sets'][name] = judge_set(folder, lambda image: estimate(model, image))
    for name, folder in (entry.split('=', 1) for entry in args.stack):
        result['stacks'][name] = judge_stack(folder, lambda image: estimate(model, image), args.smooth)
    if args.constant:
        from wsolzoo.datasets.defocus.readers import GeneratedDefocus

        train = GeneratedDefocus(args.constant)
        maps = [cv2.imread(info['defocus_path'], cv2.IMREAD_UNCHANGED).mean() for info in train]
        value = float(np.mean(maps)) / train.map_scale
        result['constant'] = {'value': value, 'unit': train.map_unit}
        for name, folder in (entry.split('=', 1) for entry in args.set):
            flat = judge_set(folder, lambda image: (np.full(image.shape[:2], value), train.map_unit))
            result['constant'][name] = flat
    text = json.dumps(result, indent=1)
    print(text)
    if args.out:
        Path(args.out).write_text(text + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
