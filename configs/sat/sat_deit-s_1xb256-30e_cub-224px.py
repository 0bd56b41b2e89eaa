_base_ = [
    '../_base_/models/sat_deit-s.py',
    '../_base_/datasets/cub_224px_bas-v1.py',
    '../_base_/schedules/sat_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, area=0.25, loss_weight=dict(area=1.0, norm=1.0)))
train_dataloader = dict(batch_size=256)
val_evaluator = test_evaluator = dict(
    _delete_=True, type='LocalizationMetric', protocols=['bas-v2'], fixed={'bas-v2': 0.4}
)
