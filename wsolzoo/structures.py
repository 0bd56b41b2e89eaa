"""The one record that travels with an image, from the data set to the evaluator, and what is drawn of it."""

from dataclasses import dataclass

import numpy as np
from mmengine.structures import BaseDataElement

WEAKSUP, FULLSUP, TEST = 'train-weaksup', 'train-fullsup', 'test'
ROLES = (WEAKSUP, FULLSUP, TEST)
"""What a split may be used for: learning from labels alone, choosing thresholds and checkpoints, reporting."""


class DataSample(BaseDataElement):
    """Everything wsolzoo knows about one image, in any task. A field that does not apply is absent, never ``None``.

    Every field has one meaning and one unit, in every task; a task says which of them it reads and writes
    (:mod:`wsolzoo.models.tasks`).

    Meta information (describes the image):
        img_id (str): unique within the split; results are keyed by it.
        img_path (str): the file, absent for drawn images.
        ori_shape (tuple[int, int]): height, width of the stored image.
        img_shape (tuple[int, int]): height, width of what the network sees.
        role (str): one of :data:`ROLES`.
        map_unit (str), pred_unit (str): what 1 stands for in ``gt_map`` and in ``pred_map``, absent for shares.

    Truth (moved with the image by the transforms; all but ``gt_label`` is absent on ``train-weaksup``):
        gt_label (int): class index.
        gt_boxes (ndarray): (M, 4) float64, x0 y0 x1 y1 in pixels of the network input, end exclusive.
        gt_box_labels (ndarray): (M,) int64 class index of each box; where absent all are of ``gt_label``.
        gt_multilabel (ndarray): (K,) float32, 1 for every class that is in the image.
        gt_mask (ndarray): (h, w) uint8, 0 background, 1 object, 255 ignored.
        gt_map (Tensor): (1, h, w) float32 in [0, 1], the dense target of saliency and defocus.
        gt_image (Tensor): (3, h, w) uint8 BGR, the network's input itself, where a metric compares pictures.

    What another model said of a training image, no truth (moved with the image by the transforms):
        pseudo_boxes (ndarray): as ``gt_boxes``.
        pseudo_mask (ndarray): as ``gt_mask``.
        pseudo_map (Tensor): (1, h, w) float32 in [0, 1], its map of the image's class.

    Prediction:
        pred_scores (Tensor): (K,) softmax class scores.
        pred_raw_map (Tensor): (h, w) float32 evidence for a class at feature resolution, of any range.
        pred_raw_maps (Tensor): (M, h, w) the same of several classes, the likeliest first; pred_map_labels (M,) int64.
        pred_map (Tensor): (h, w) float32 in [0, 1], the estimate of ``gt_map`` in the frame of the network input.
        pred_boxes (Tensor): (M, 4) float32 as ``gt_boxes``; pred_box_scores (M,), pred_box_labels (M,) int64.
        pred_mask (Tensor): (h, w) int64 class index of every pixel; pred_class_maps (Tensor): (K, h, w) class scores.
        pred_image (Tensor): (3, h, w) uint8 BGR, a picture that was made.
    """


@dataclass(frozen=True)
class Drawing:
    """What there is to see of one prediction, in the pixels of the image; :func:`wsolzoo.visualization.draw` shows it.

    Attributes:
        map: (H, W) in [0, 1].
        boxes: (M, 4) xyxy, end exclusive.
        box_names: what stands at each box; empty for nothing.
        mask: (H, W) class index of every pixel, 0 background.
        image: (H, W, 3) uint8 RGB, a picture that was made rather than looked at.
        of_nothing: whether ``image`` was made without looking at the image given: the two are no pair.
        full_scale: what 1 of ``map`` stands for, as in ``7.0``; ``None`` for evidence without a scale.
        unit: of ``full_scale``.
        caption: a few words.
    """

    map: np.ndarray | None = None
    boxes: np.ndarray | None = None
    box_names: tuple[str, ...] = ()
    mask: np.ndarray | None = None
    image: np.ndarray | None = None
    of_nothing: bool = False
    full_scale: float | None = None
    unit: str = ''
    caption: str = ''
