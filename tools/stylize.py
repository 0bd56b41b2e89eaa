"""Paint a photograph in the style of another picture (Gatys et al., CVPR 2016), with a frozen network of the zoo.

python tools/stylize.py content.jpg style.jpg --out painted.png
python tools/stylize.py content.jpg style.jpg --net mobilenetv1 --style-weight 100 --beside triple.jpg

Writes the picture, and beside it the course of the loss as PAINTED_loss.png. Pictures to try it with are drawn by
tools/visualization/style_pictures.py. The weights of vgg16 (528 MB) and squeezenet-torchvision (5 MB) are fetched from
torchvision, the others made once, of arrays that docs/npz_weights.md tells of:
    python tools/model_converters/convert_npz.py squeezenet1_1_imagenet_fp16.npz checkpoints
"""

import argparse
import sys
import time
from pathlib import Path

MAKE = 'python tools/model_converters/convert_npz.py squeezenet1_1_imagenet_fp16.npz checkpoints'
NETS: dict[str, dict] = {
    'squeezenet': {
        'features': {'type': 'SqueezeNet'},
        'pixels': {'mean': [104.0, 117.0, 123.0], 'std': [1.0] * 3, 'rgb': False},
        'content_stages': ['fire4'],
        'style_stages': ['conv1', 'fire2', 'fire3', 'fire5', 'fire7'],
        'weights': 'checkpoints/squeezenet1_1_imagenet_fp16-63f97cdd.pth',
    },
    'mobilenetv1': {
        'features': {'type': 'MobileNetV1', 'relu6': True, 'tf_padding': True, 'norm_eval': True},
        'pixels': {'mean': [128.0] * 3, 'std': [128.0] * 3, 'rgb': True},
        'content_stages': ['blocks.2.1'],
        'style_stages': ['stem', 'blocks.0.0', 'blocks.1.1', 'blocks.2.1', 'blocks.3.2'],
        'weights': 'checkpoints/mobilenet_v1_1.0_224_backbone_q8-c2b3f523.pth',
    },
    'squeezenet-torchvision': {
        'features': {'type': 'SqueezeNet'},
        'pixels': {'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375], 'rgb': True},
        'content_stages': ['fire4'],
        'style_stages': ['conv1', 'fire2', 'fire3', 'fire5', 'fire7'],
        'weights': 'torchvision://squeezenet1_1',
    },
    'vgg16': {  # the layers of the source, whose network is VGG-19
        'features': {'type': 'VGG16'},
        'pixels': {'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375], 'rgb': True},
        'content_stages': ['conv4_2'],
        'style_stages': ['conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1'],
        'weights': 'torchvision://vgg16',
    },
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('content', help='photograph: what is to be seen')
    parser.add_argument('style', help='picture: how it is to be painted')
    parser.add_argument('--out', default='painted.png', metavar='FILE', help='picture to write (default: %(default)s)')
    parser.add_argument('--net', choices=sorted(NETS), default='squeezenet', help='who looks (default: %(default)s)')
    parser.add_argument(
        '--weights', help='checkpoint of the network (default: what convert_npz.py writes; vgg16: fetched)'
    )
    parser.add_argument('--size', type=int, default=256, help='longest side in pixels (default: %(default)s)')
    parser.add_argument('--steps', type=int, default=300, help='of the optimizer (default: %(default)s)')
    parser.add_argument('--lr', type=float, default=0.05, help='rate of Adam (default: %(default)s)')
    parser.add_argument('--content-weight', type=float, default=1.0, help='default: %(default)s')
    parser.add_argument('--style-weight', type=float, default=30.0, help='default: %(default)s')
    parser.add_argument('--noise', type=float, default=0.0, help='share of noise at the start, 0 to 1')
    parser.add_argument('--beside', metavar='FILE', help='picture with content, style and result in a row')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    for path in filter(None, (args.out, args.beside)):
        if Path(path).suffix.lower() not in ('.png', '.jpg', '.jpeg', '.webp'):
            parser.error(f'a picture is written as .png, .jpg or .webp; got {path}')
    if args.steps < 1 or args.size < 32:
        parser.error('--steps is at least 1, --size at least 32')
    return args


def read(path: str, size: int):
    """A picture (h, w, 3) uint8 RGB whose longest side is ``size``."""
    import cv2

    from wsolzoo.datasets.decoding import decode

    image = decode(Path(path).read_bytes(), path)[..., ::-1]
    factor = size / max(image.shape[:2])
    shape = tuple(max(32, round(side * factor)) for side in image.shape[1::-1])
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def build(args: argparse.Namespace):
    """The model with its network's weights.

    Raises:
        UserError: there are no weights.
    """
    import torch
    from mmengine.logging import MMLogger

    from wsolzoo.errors import UserError
    from wsolzoo.registry import MODELS
    from wsolzoo.testing import scope

    MMLogger.get_current_instance().setLevel('WARNING')  # not a line for every tensor that is loaded
    settings = dict(NETS[args.net])
    weights = args.weights or settings.pop('weights')
    settings.pop('weights', None)
    if '://' not in weights and not Path(weights).is_file():
        raise UserError(
            f'there are no weights {weights}. Name them by --weights, fetch others with '
            f'--net squeezenet-torchvision (5 MB), or make them:\n  {MAKE}'
        )
    part = {} if '://' in weights else {'prefix': 'backbone.'}
    pretrained = {'type': 'Pretrained', 'checkpoint': weights, **part}
    settings['features'] = settings['features'] | {'init_cfg': pretrained}
    torch.manual_seed(args.seed)
    with scope():
        model = MODELS.build(
            {
                'type': 'NeuralStyle',
                'content': read(args.content, args.size),
                'style': read(args.style, args.size),
                'loss_weight': {'content': args.content_weight, 'style': args.style_weight},
                'noise': args.noise,
                **settings,
            }
        )
        model.init_weights()
    return model


def paint(model, steps: int, lr: float) -> list[dict[str, float]]:
    """Optimise the picture; the scalars of every step."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from wsolzoo.registry import OPTIM_WRAPPER_CONSTRUCTORS
    from wsolzoo.testing import scope

    settings = {'canvas': {'type': 'OptimWrapper', 'optimizer': {'type': 'Adam', 'lr': lr}}}
    with scope():
        wrapper = OPTIM_WRAPPER_CONSTRUCTORS.build(
            {'type': 'ChildOptimWrapperConstructor', 'optim_wrapper_cfg': settings}
        )(model)
    model.train()
    course = []
    text = TextColumn('{task.description}')
    with Progress(text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True) as progress:
        bar = progress.add_task('painting', total=steps)
        for _ in range(steps):
            scalars = {name: float(value) for name, value in model.train_step({}, wrapper).items()}
            course.append(scalars)
            progress.update(bar, advance=1, description=f'painting, loss {scalars["loss"]:.3g}')
    return course


def draw_course(course: list[dict[str, float]], path: Path) -> Path:
    """The losses over the steps; returns the file written."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.5))
    for name in course[0]:
        axes.plot([scalars[name] for scalars in course], label=name.removeprefix('loss_').replace('loss', 'together'))
    axes.set_yscale('log', nonpositive='mask')  # the content begins at 0
    axes.set_xlabel('step')
    axes.set_ylabel('weighted loss')
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return path


def main(argv: list[str] | None = None) -> int:
    """Paint; returns the exit status: 0, or 2 where the message says what is wrong."""
    args = parse_args(argv)
    from wsolzoo.models.tasks.pictures import Pictures
    from wsolzoo.run import launch
    from wsolzoo.structures import DataSample
    from wsolzoo.visualization.overlay import side_by_side
    from wsolzoo.visualization.visualizer import save_picture

    begun = time.perf_counter()
    try:
        model = build(args)
    except (*launch.EXPLAINED, ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    course = paint(model, args.steps, args.lr)
    (sample,) = model.eval().predict(model.canvas.pixels, [DataSample()])
    out = Path(args.out)
    painted = Pictures().answer(sample, (0, 0), None, {})['made']
    print(f'picture  {save_picture(out, painted)}')
    if args.beside:
        row = [read(args.content, args.size), read(args.style, args.size), painted]
        print(f'beside   {save_picture(args.beside, side_by_side(row))}')
    print(f'course   {draw_course(course, out.with_name(f"{out.stem}_loss.png"))}')
    parts = [f'{name.removeprefix("loss_")} {course[0][name]:.3g} → {course[-1][name]:.3g}' for name in course[0]]
    print(f'{len(course)} steps in {time.perf_counter() - begun:.0f} s: {", ".join(parts)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
