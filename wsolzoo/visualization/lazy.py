"""MMEngine's Visualizer without its figure, until somebody draws."""

from types import SimpleNamespace
from typing import Any

from mmengine.visualization import Visualizer

from wsolzoo.registry import VISUALIZERS


@VISUALIZERS.register_module(name='Visualizer')
class LazyVisualizer(Visualizer):
    """MMEngine's Visualizer; matplotlib is imported and the figure made when something is drawn, not before.

    A run that writes scalars needs neither, and both together take a third of the time that importing torch takes.
    """

    FIGURE = ('fig_save_canvas', 'fig_save', 'ax_save', 'dpi')

    def __init__(self, name: str = 'visualizer', **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        for name in self.FIGURE:
            self.__dict__.pop(name, None)

    def _initialize_fig(self, fig_cfg: dict) -> tuple:
        return None, SimpleNamespace(get_dpi=lambda: None), None

    def __getattr__(self, name: str) -> Any:
        if name not in self.FIGURE:
            raise AttributeError(f'{type(self).__name__} has no {name!r}')
        self.fig_save_canvas, self.fig_save, self.ax_save = super()._initialize_fig(self.fig_save_cfg)
        self.dpi = self.fig_save.get_dpi()
        return vars(self)[name]
