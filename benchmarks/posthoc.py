"""Cost of the map of one class an image, against the classifier's own forward pass and against the library's Grad-CAM.

    python benchmarks/posthoc.py [--device cuda] [--batch 4] [--repeats 5]

ResNet50 with a CAM head, 224x224, random weights. All variants run in turn in one process; ratios are taken within a
turn, and their median is judged. The maps of CAM, of our Grad-CAM and of the library's, each ended as the library ends
them (ReLU, stretched to [0, 1], resized), must be equal to 1e-4. Exits with 1 where they differ or a goal is missed.
"""

import argparse
import logging
import statistics
import sys
import time

GOALS = {
    'CAM over the plain forward': ('<=', 1.03),
    "the library's Grad-CAM over CAM": ('>=', 2.7),
}
TOLERANCE = 1e-4


def build(device: str):
    """ResNet50 at the size of a thousand classes, ready to be asked."""
    import torch

    from wsolzoo.testing import build_model

    torch.manual_seed(0)
    head = {'type': 'CAMHead', 'num_classes': 1000, 'init_cfg': {'type': 'Normal', 'layer': 'Linear', 'std': 1.0}}
    model = {'type': 'PostHocCAM', 'backbone': {'type': 'ResNet', 'depth': 50}, 'head': head, 'method': 'cam'}
    return build_model({'model': model}).to(device).eval()


def variants(model, images, labels) -> dict:
    """What is measured: functions from nothing to maps (N, h, w), or to nothing but class scores."""
    import torch
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from wsolzoo.methods.posthoc import ScoresOfImages

    plain, targets = ScoresOfImages(model), [ClassifierOutputTarget(label) for label in labels.tolist()]
    last = model.backbone.get_submodule(model.backbone._stage_paths[model.backbone.stage_names[-1]][-1])

    @torch.no_grad()
    def asked(method: str):
        model.method = method
        return model.look(images).maps_of(labels[:, None])[:, 0]

    def forward():
        with torch.no_grad():
            return plain(images)

    def library():
        with GradCAM(plain, [last]) as rule:
            return rule(images, targets)

    return {'forward': forward, 'CAM': lambda: asked('cam'), 'Grad-CAM': lambda: asked('gradcam'), 'library': library}


def largest_difference(runs: dict, size: int) -> float:
    """Between the library's maps and ours, ended as it ends them."""
    import numpy as np
    from pytorch_grad_cam.utils.image import scale_cam_image

    expected, found = runs['library'](), 0.0
    for name in ('CAM', 'Grad-CAM'):
        maps = runs[name]().clamp(min=0).cpu().numpy()
        found = max(found, float(np.abs(scale_cam_image(scale_cam_image(maps, (size, size))) - expected).max()))
    return found


def measure(runs: dict, device: str, repeats: int) -> dict[str, list[float]]:
    """Seconds of each variant in every turn: CPU time, or wall time until the device is done."""
    import torch

    clock = time.process_time if device == 'cpu' else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            start = clock()
            run()
            if device == 'cuda':
                torch.cuda.synchronize()
            times[name] += [clock() - start] if turn else []
    return times


def main() -> int:
    """Print the ratios; 1 where a goal is missed or maps differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu', choices=('cpu', 'cuda'))
    parser.add_argument('--batch', type=int, default=4, help='images at once')
    parser.add_argument('--size', type=int, default=224, help='side of the images')
    parser.add_argument('--repeats', type=int, default=5, help='turns that are measured')
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    logging.disable(logging.INFO)  # what initialised each weight
    model = build(args.device)
    images = torch.randn(args.batch, 3, args.size, args.size, device=args.device)
    runs = variants(model, images, torch.arange(args.batch, device=args.device))
    difference = largest_difference(runs, args.size)
    print(f'largest difference of a map from the library: {difference:.1e} (limit {TOLERANCE:g})')
    times = measure(runs, args.device, args.repeats)
    for name, values in times.items():
        print(f'{name:10s} {statistics.median(values) / args.batch * 1000:8.1f} ms an image')
    pairs = {
        'CAM over the plain forward': ('CAM', 'forward'),
        'Grad-CAM over the plain forward': ('Grad-CAM', 'forward'),
        "the library's Grad-CAM over CAM": ('library', 'CAM'),
        "the library's Grad-CAM over ours": ('library', 'Grad-CAM'),
    }
    missed = difference > TOLERANCE
    for name, (one, other) in pairs.items():
        ratios = sorted(a / b for a, b in zip(times[one], times[other], strict=True))
        ratio, told = statistics.median(ratios), ''
        if name in GOALS:
            sign, goal = GOALS[name]
            met = ratio >= goal if sign == '>=' else ratio <= goal
            missed |= not met
            told = f'  goal {sign} {goal}  {"met" if met else "MISSED"}'
        print(f'{name:34s} {ratio:5.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f}){told}')
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
