"""Print a config with everything it inherits.

python tools/print_config.py cam/cam_plainnet_1xb32-15e_scenes-96px.py --cfg-options train_cfg.max_epochs=1
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Print a config with everything it inherits.')
    parser.add_argument('config', help='config file, or the name of a shipped one (cam/x.py)')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    parser.add_argument('--key', help='print only this part, as in model.backbone')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Print; returns 2 where the config or the key does not exist."""
    args = parse_args(argv)
    from mmengine.config import Config

    from wsolzoo.resources import find_config
    from wsolzoo.run.launch import EXPLAINED, read_config

    try:
        cfg = read_config(find_config(args.config), args.cfg_options, imports=False)
    except EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if not args.key:
        print(Config(cfg.to_dict()).pretty_text)
        return 0
    part = cfg
    for name in args.key.split('.'):
        try:
            part = part[int(name)] if isinstance(part, list | tuple) else part[name]
        except (KeyError, IndexError, ValueError, TypeError):
            print(f'error: {args.key}: there is no {name!r}', file=sys.stderr)
            return 2
    print(Config({name: part}).pretty_text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
