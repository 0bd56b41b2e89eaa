"""The one record that travels with an image, from the data set to the evaluator."""

from mmengine.structures import BaseDataElement

WEAKSUP, FULLSUP, TEST = 'train-weaksup', 'train-fullsup', 'test'
ROLES = (WEAKSUP, FULLSUP, TEST)
"""What a split may be used for: learning from labels alone, choosing thresholds and checkpoints, reporting."""


class LocSample(BaseDataElement):
    """Everything wsolzoo knows about one image. A field that does not apply is absent, never ``None``.

    Meta information (describes the image):
        img_id (str): unique within the split; results are keyed by it.
        img_path (str): the file, absent for drawn images.
        ori_shape (tuple[int, int]): height, width of the stored image.
        img_shape (tuple[int, int]): height, width of what the network sees.
        role (str): one of :data:`ROLES`.

    Truth (moved with the image by the transforms; ``gt_boxes`` and ``gt_mask`` are absent on ``train-weaksup``):
        gt_label (int): class index.
        gt_boxes (ndarray): (M, 4) float64, x0 y0 x1 y1 in pixels of the network input, end exclusive.
        gt_mask (ndarray): (h, w) uint8, 0 background, 1 object, 255 ignored.
        gt_map (Tensor): (1, h, w) float32, the dense target of saliency and defocus.

    Prediction:
        pred_scores (Tensor): (K,) softmax class scores.
        pred_map (Tensor): (h, w) float32 raw map at feature resolution, not normalised.
    """
