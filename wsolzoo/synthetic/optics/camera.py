"""What happens to a picture behind the lens: exposure, grain, compression. Never before the blur."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Camera:
    """A camera whose settings are drawn anew for every picture, uniformly from ranges. [D]: the source has none.

    Grain that is added before the blur is smoothed with the picture and tells a network where the picture is blurred,
    which no photograph does. So the order is: lens, exposure, grain, compression.

    Attributes:
        exposure: factor on all grey levels.
        grain: deviation of the noise, grey levels.
        softness: deviation of the Gaussian that correlates the noise of neighbouring pixels, as demosaicing does; its
            strength stays ``grain``.
        quality: of the JPEG; ``None`` for no compression.
        grainy: share of the pictures that have grain.
        compressed: share of the pictures that are compressed.
    """

    exposure: tuple[float, float] = (0.8, 1.2)
    grain: tuple[float, float] = (0.0, 4.0)
    softness: tuple[float, float] = (0.0, 0.7)
    quality: tuple[int, int] | None = (70, 98)
    grainy: float = 1.0
    compressed: float = 1.0

    def __call__(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(H, W, 3) float32 BGR as the lens gives it, to the photograph, uint8."""
        exposure, strength, softness = (rng.uniform(*ends) for ends in (self.exposure, self.grain, self.softness))
        if self.grainy < 1 and rng.random() >= self.grainy:
            strength = 0.0
        noise = rng.standard_normal(picture.shape, np.float32)
        if softness > 0.2:
            noise = cv2.GaussianBlur(noise, (0, 0), softness)
            noise /= max(float(noise.std()), 1e-6)
        taken = to_bytes(picture * np.float32(exposure) + noise * np.float32(strength))
        if self.quality is None or (self.compressed < 1 and rng.random() >= self.compressed):
            return taken
        quality = int(rng.integers(self.quality[0], self.quality[1] + 1))
        return cv2.imdecode(cv2.imencode('.jpg', taken, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """Grey levels rounded and clipped to uint8.

    Example:
        >>> to_bytes(np.array([-3.0, 1.6, 300.0]))
        array([  0,   2, 255], dtype=uint8)
    """
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
