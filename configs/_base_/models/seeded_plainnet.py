# A decoder on the small network and its classifier, both as they were trained before.
_base_ = './cam_plainnet.py'
model = dict(
    backbone=dict(out_stages=('stage1', 'stage2', 'stage3'), freeze=True),
    head=dict(_delete_=True, type='FCAMHead', num_classes=10, classifier=_base_.model.head, widths=(64, 32, 16)),
)
