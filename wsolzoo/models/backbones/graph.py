"""Networks not written in stages: follow its data flow, cut where one feature map is all that goes on."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call

_REAL = nn.Module.__call__, nn.Module.__getattr__


class CutError(ValueError):
    """A network cannot be cut, and why."""


class Ref(NamedTuple):
    """The value of an earlier step."""

    name: str


class Step(NamedTuple):
    """One operation: what :class:`torch.fx.Node` says, in plain values that can be copied and pickled."""

    name: str
    op: str
    target: Any
    args: Any
    kwargs: Any


@dataclass(frozen=True)
class Segment:
    """The steps between two cuts.

    Attributes:
        name: path of the last submodule called in it.
        steps: what to do, in order.
        inputs, outputs: names of the values that enter and leave, beside parameters.
        entry, exit: how those values are made from a map (N, C, h, w) and how a map is made from them: for each
            ``'nchw'``, ``'nhwc'``, ``'tokens'`` (N, h*w, C), ``'hw'``, ``'h'``, ``'w'`` or ``'batch'``.
        scale: output cells per input cell along one side.
        skip: tokens before those of the map, which nothing later reads.
        channels, stride: of the map.
    """

    name: str
    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    entry: tuple[str, ...] = ()
    exit: tuple[str, ...] = ()
    scale: float = 1.0
    skip: int = 0
    channels: int = 0
    stride: int = 1


class _Entry(nn.Module):
    """Calls the method that makes features, with its other arguments at their defaults."""

    def __init__(self, net: nn.Module, method: str) -> None:
        super().__init__()
        self.net = net
        self.method = method

    def forward(self, x: Tensor) -> Any:
        return getattr(self.net, self.method)(x)


@contextmanager
def _not_followed() -> Iterator[None]:
    """Inside, modules are called for real although a trace is going on."""
    followed = nn.Module.__call__, nn.Module.__getattr__
    nn.Module.__call__, nn.Module.__getattr__ = _REAL
    try:
        yield
    finally:
        nn.Module.__call__, nn.Module.__getattr__ = followed


class _ValuedProxy(fx.Proxy):
    """A symbolic value that knows what it is on the example image, as far as its length goes."""

    def __len__(self) -> int:
        return len(self.tracer.values[self.node.name])


class _CoarseTracer(fx.Tracer):
    """Follows the calls a network makes in its own ``forward``, and looks into plain ``Sequential`` containers only.

    Every step is carried out on an example image beside, so that the shapes of all values are known. A decision that
    depends on them is taken as the example says, and checked whenever the steps are run.
    """

    def __init__(self, example: Tensor, expand: Sequence[str], wrap: Iterable[Callable], modules: Iterable) -> None:
        super().__init__(autowrap_functions=tuple(wrap))
        self._autowrap_search += list(modules)
        self.values: dict[str, Any] = {}
        self.example = example
        self.expand = [pattern.split('.') for pattern in expand]

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a submodule is one step."""
        parts = module_qualified_name.split('.')[1:]
        opened = any(len(e) == len(parts) and all(map(fnmatch, parts, e)) for e in self.expand)
        return not (opened or type(m).forward is nn.Sequential.forward)

    def create_node(self, kind: str, target: Any, *args, **kwargs) -> fx.Node:
        """A step; the value of a buffer is looked up here, for it gets no symbolic value of its own."""
        node = super().create_node(kind, target, *args, **kwargs)
        if kind == 'get_attr':
            if not str(target).startswith('net.'):
                raise CutError('it makes constant tensors while it runs')
            with _not_followed():
                self.values[node.name] = run_step(self.root, _plain(node), self.values, self.example.device)
        return node

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Symbolic value of a step, whose example value is computed now."""
        if node.op == 'placeholder':
            self.values[node.name] = self.example
        elif node.op not in ('output', 'get_attr'):
            with _not_followed():
                self.values[node.name] = run_step(self.root, _plain(node), self.values, self.example.device)
        return _ValuedProxy(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:
        """The outcome of a decision on the example."""
        outcome = bool(self.values[obj.node.name])
        self.create_node('call_function', expect, (obj.node, outcome), {})
        return outcome

    def iter(self, obj: fx.Proxy):
        """Its parts, as many as the example has."""
        return iter([obj[i] for i in range(len(self.values[obj.node.name]))])


def expect(condition: Any, outcome: bool) -> None:
    """Refuse to run steps that were recorded under another outcome.

    Raises:
        RuntimeError: the network would take another path for this image size.
    """
    if bool(condition) != outcome:
        raise RuntimeError(
            'the network takes another path for images of this size than for those it was cut with; build the backbone '
            'with img_size= the size it is used at'
        )


def trace(
    net: nn.Module, method: str, example: Tensor, expand: Sequence[str] = (), wrap: Iterable[Callable] = ()
) -> tuple[list[fx.Node], dict[str, Any]]:
    """The steps of ``net.method(x)``, coarse, and the value of each on an example image.

    Args:
        net: a network.
        method: name of the method that makes features.
        example: (N, 3, H, W); on the ``meta`` device nothing is computed but shapes.
        expand: paths of submodules to look into.
        wrap: functions that are one step.

    Returns:
        The steps, with submodule paths that start with ``net.``, and the values by step name.

    Raises:
        CutError: the network decides by the values of tensors, or runs other code in training than in evaluation.
    """
    training, found = net.training, []
    modules = {inspect.getmodule(cls) for cls in type(net).__mro__} - {inspect.getmodule(nn.Module)}
    for mode in (True, False):
        nn.Module.train(net, mode)
        tracer = _CoarseTracer(example, expand, wrap, modules)
        try:
            with torch.no_grad():
                found.append(tracer.trace(_Entry(net, method)))
        except Exception as error:  # whatever the foreign code raises on symbolic values
            raise CutError(
                f'its forward pass cannot be followed ({type(error).__name__}: {_first_line(error)})'
            ) from error
        finally:
            nn.Module.train(net, training)
    if len({str(graph) for graph in found}) > 1:
        raise CutError('its forward pass is another one in training than in evaluation')
    for node in reversed(found[-1].nodes):
        if not node.users and node.op not in ('placeholder', 'output') and node.target is not expect:
            found[-1].erase_node(node)
    return list(found[-1].nodes), tracer.values


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [''])[0][:200]


def segments(nodes: Sequence[fx.Node]) -> list[Segment]:
    """Cut after every step where nothing but that step's value and sizes may be needed later.

    The cuts are candidates: :func:`fit_segments` keeps those whose values are one map.
    """
    steps = [node for node in nodes if node.op not in ('placeholder', 'output', 'get_attr')]
    position = {node: i for i, node in enumerate(steps)}
    source = next(node for node in nodes if node.op == 'placeholder')
    last_use = {
        node: max((position.get(user, len(steps)) for user in node.users), default=i) for node, i in position.items()
    }
    last_use[source] = max((position.get(user, len(steps)) for user in source.users), default=-1)
    found, begin, inputs = [], 0, (source.name,)
    for index, node in enumerate(steps):
        live = [value for value in (source, *steps[: index + 1]) if last_use[value] > index]
        if index == len(steps) - 1:
            live = [node]
        following = steps[index + 1].op if index + 1 < len(steps) else ''
        path = next((str(step.target) for step in reversed(steps[begin : index + 1]) if step.op == 'call_module'), None)
        if path is None or following in ('call_function', 'call_method') or source in live or len(live) > 4:
            continue
        needed = [part for step in steps[begin : index + 1] for part in step.all_input_nodes if part.op == 'get_attr']
        body = tuple(_plain(part) for part in (*dict.fromkeys(needed), *steps[begin : index + 1]))
        outputs = tuple(value.name for value in live)
        found.append(Segment(path.removeprefix('net.'), body, inputs, outputs))
        begin, inputs = index + 1, outputs
    return found


def _plain(node: fx.Node) -> Step:
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda part: Ref(part.name))
    return Step(node.name, node.op, node.target, args, dict(kwargs))


def run_steps(root: nn.Module, steps: Iterable[Step], values: dict[str, Any]) -> dict[str, Any]:
    """Carry out ``steps`` with the submodules and parameters of ``root``; returns ``values`` and the new ones."""
    values = dict(values)
    for step in steps:
        values[step.name] = run_step(root, step, values)
    return values


def run_step(root: nn.Module, step: Step, values: dict[str, Any], pretend: torch.device | None = None) -> Any:
    """Carry out one step. With ``pretend``, parameters and buffers are copies without numbers (or at all) there."""
    args, kwargs = _resolve(step.args, values), _resolve(step.kwargs, values)
    if step.op == 'get_attr':
        parent, _, name = step.target.rpartition('.')
        found = getattr(root.get_submodule(parent), name)
        return found.to(pretend) if pretend and isinstance(found, Tensor) else found
    if step.op == 'call_module':
        module = root.get_submodule(step.target)
        if pretend is None:
            return module(*args, **kwargs)
        state = dict(module.named_parameters()) | dict(module.named_buffers())
        copies = {name: value.detach().to(pretend, copy=True) for name, value in state.items()}
        return functional_call(module, copies, args, kwargs)
    if step.op == 'call_method':
        return getattr(args[0], step.target)(*args[1:], **kwargs)
    if 'training' in kwargs:
        kwargs['training'] = root.training
    return step.target(*args, **kwargs)


def _resolve(part: Any, values: dict[str, Any]) -> Any:
    if isinstance(part, Ref):
        return values[part.name]
    if isinstance(part, slice):
        return slice(_resolve(part.start, values), _resolve(part.stop, values), _resolve(part.step, values))
    if isinstance(part, dict):
        return {key: _resolve(value, values) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return (list if isinstance(part, list) else tuple)(_resolve(value, values) for value in part)
    return part


def to_map(segment: Segment, values: dict[str, Any], size: tuple[int, int]) -> Tensor:
    """The map (N, C, h, w) among the values that leave a segment; ``size`` is that of the map which entered."""
    for name, kind in zip(segment.outputs, segment.exit, strict=True):
        x = values[name]
        if kind == 'nchw':
            return x
        if kind == 'nhwc':
            return x.permute(0, 3, 1, 2)
        if kind == 'tokens':
            tokens = x[:, segment.skip :]
            h = round(size[0] * segment.scale)
            h = h if h and tokens.shape[1] % h == 0 else round(tokens.shape[1] ** 0.5)
            return tokens.transpose(1, 2).unflatten(2, (h, tokens.shape[1] // h))
    raise AssertionError(f'no map leaves {segment.name}')


def from_map(segment: Segment, x: Tensor) -> dict[str, Any]:
    """The values that enter a segment, from the map (N, C, h, w) that the stage before it gave."""
    made = {
        'nchw': lambda: x,
        'nhwc': lambda: x.permute(0, 2, 3, 1),
        'tokens': lambda: x.flatten(2).transpose(1, 2),
        'hw': lambda: (x.shape[2], x.shape[3]),
        'h': lambda: x.shape[2],
        'w': lambda: x.shape[3],
        'batch': lambda: x.shape[0],
    }
    return {name: made[kind]() for name, kind in zip(segment.inputs, segment.entry, strict=True)}


def fit_segments(
    candidates: Sequence[Segment], values: dict[str, Any], size: tuple[int, int], prefix: int
) -> list[Segment]:
    """Join segments until each ends in one map, judged by the shapes of their values.

    Args:
        candidates: from :func:`segments`.
        values: from :func:`trace`, on an image of ``size``.
        size: height and width of that image.
        prefix: tokens before those of the map (class tokens). They end at the last segment alone: a cut in between
            would lose them.

    Raises:
        CutError: no segment ends in a map.
    """
    fitted: list[Segment] = []
    steps: tuple[Step, ...] = ()
    entry: tuple[str, ...] = ('nchw',)
    before = size
    inputs = candidates[0].inputs if candidates else ()
    for index, segment in enumerate(candidates):
        steps += segment.steps
        last = index == len(candidates) - 1
        outs = [values[name] for name in segment.outputs]
        kinds, grid = _kinds(outs, size, prefix if last else 0)
        if grid is None or segment.name in {done.name for done in fitted}:
            continue
        skip = prefix if last and kinds == ('tokens',) else 0
        channels = next(x.shape[1 if kind == 'nchw' else -1] for x, kind in zip(outs, kinds) if isinstance(x, Tensor))
        scale, stride = grid[0] / before[0], max(1, round(size[0] / grid[0]))
        fitted.append(
            Segment(segment.name, steps, inputs, segment.outputs, entry, kinds, scale, skip, channels, stride)
        )
        steps, entry, inputs, before = (), kinds, segment.outputs, grid
    if not fitted:
        raise CutError('none of its intermediate values is one feature map')
    return fitted


def _kinds(values: Sequence[Any], size: tuple[int, int], prefix: int) -> tuple[tuple[str, ...], tuple[int, int] | None]:
    """What each value is, and the grid (h, w) of the map among them; ``None`` where they are not one map and sizes."""
    maps = [(value, *_as_map(value, size, prefix)) for value in values if isinstance(value, Tensor)]
    if len(maps) != 1 or maps[0][2] is None:
        return (), None
    grid = maps[0][2]
    kinds = []
    for value in values:
        if isinstance(value, Tensor):
            kinds.append(maps[0][1])
        elif isinstance(value, (tuple, list)) and all(isinstance(n, int) for n in value) and tuple(value) == grid:
            kinds.append('hw')
        elif isinstance(value, int) and value in (2, *grid):
            kinds.append({grid[1]: 'w', grid[0]: 'h', 2: 'batch'}[value])
        else:
            return (), None
    return tuple(kinds), grid


def _as_map(value: Tensor, size: tuple[int, int], prefix: int) -> tuple[str, tuple[int, int] | None]:
    ratio = size[0] / size[1]
    if value.dim() == 4:
        _, a, b, c = value.shape
        if abs(b / c / ratio - 1) < 0.2:
            return 'nchw', (b, c)
        if abs(a / b / ratio - 1) < 0.2:
            return 'nhwc', (a, b)
    if value.dim() == 3:
        cells = value.shape[1] - prefix
        h = round((cells * ratio) ** 0.5)
        if h and cells % h == 0 and abs(h / (cells // h) / ratio - 1) < 0.2:
            return 'tokens', (h, cells // h)
    return '', None
