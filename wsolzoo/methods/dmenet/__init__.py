"""DMENet: defocus map estimation with domain adaptation, sharpness calibration and content preservation.

Lee, Lee, Cho, Lee, *Deep Defocus Map Estimation Using Domain Adaptation*, CVPR 2019. The method is the subject of the
granted patent KR 10-2363049 (POSTECH); using it may need a licence from its owner.
"""

from wsolzoo.methods.dmenet import blur, content, domain, encoder, model, sharpness

__all__ = ['blur', 'content', 'domain', 'encoder', 'model', 'sharpness']
