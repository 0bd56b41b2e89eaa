"""Registered metrics: thin shells over :mod:`wsolzoo.evaluation.functional`, one record per image."""

from wsolzoo.evaluation.metrics.defocus import BlurMaskMetric as BlurMaskMetric
from wsolzoo.evaluation.metrics.defocus import DefocusError as DefocusError
from wsolzoo.evaluation.metrics.defocus import RTFError as RTFError
from wsolzoo.evaluation.metrics.detection import DetectionMetric as DetectionMetric
from wsolzoo.evaluation.metrics.frechet import FrechetDistance as FrechetDistance
from wsolzoo.evaluation.metrics.localization import LocalizationMetric as LocalizationMetric
from wsolzoo.evaluation.metrics.saliency import SaliencyMetric as SaliencyMetric
from wsolzoo.evaluation.metrics.segmentation import SegmentationMetric as SegmentationMetric
