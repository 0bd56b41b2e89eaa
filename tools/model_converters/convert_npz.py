"""Turn ImageNet weights stored as NumPy arrays into checkpoints for our backbones and CAM heads.

Reads SqueezeNet 1.1 (torchvision's key names) and 8-bit MobileNetV1 / MobileNetV2 (a layer list with its graph).
Writes a bare ``state_dict`` under ``backbone.`` and ``head.``, named ``{name}-{first 8 hex digits of its sha256}.pth``,
and prints the config that fits it.

SqueezeNet's classifier is a 1x1 convolution (padding 1) with ReLU before global pooling: it becomes that of
``ConvCAMHead`` (``head.classifier.1``). A MobileNet's becomes the linear layer of ``CAMHead`` (``head.fc``) without its
background class. Batch norm is folded into 8-bit weights; with ``--calibrate`` its running statistics are measured on
pictures, so that the network also works in training mode, otherwise they are 0 and 1, and fine-tuning must keep batch
norm in evaluation mode.

    python tools/model_converters/convert_npz.py squeezenet1_1_imagenet_fp16.npz checkpoints --check ilsvrc-val1300
"""

import argparse
from pathlib import Path


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('npz', type=Path, help='the arrays')
    parser.add_argument('out_dir', type=Path, help='where the checkpoint goes')
    parser.add_argument('--layout', choices=['timm', 'mmpretrain'], default='timm', help='whose MobileNetV2 to fill')
    parser.add_argument('--calibrate', type=Path, metavar='DIR', help='pictures to measure batch norm statistics on')
    parser.add_argument(
        '--check', type=Path, metavar='DIR', help='count top-1 and top-5 on a folder with ANNOTATIONS.csv'
    )
    return parser.parse_args()


def main() -> None:
    """Convert one file."""
    args = parse_args()
    from npz_networks import accuracy, build, calibrate, convert, save

    recipe, state_dict = convert(args.npz, args.layout)
    if args.calibrate:
        state_dict = calibrate(recipe, state_dict, args.calibrate)
    path = save(state_dict, args.out_dir, args.npz.stem)
    print(f'{path}\n{recipe.config()}')
    if args.check and recipe.head:
        top1, top5, count = accuracy(recipe, build(recipe, state_dict), args.check)
        print(f'top-1 {top1:.4f}, top-5 {top5:.4f} on {count} images at {recipe.size} px')


if __name__ == '__main__':
    main()
