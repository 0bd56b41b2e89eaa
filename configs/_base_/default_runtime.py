default_scope = 'wsolzoo'
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1),
    weights_fit=dict(type='CheckpointReportHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    buffers=dict(type='BufferSyncHook'),
    finite_loss=dict(type='FiniteLossHook'),
    random_state=dict(type='RandomStateHook'),
    resume=dict(type='ResumeHook'),
    selection=dict(type='SelectionHook'),
    progress=dict(type='ProgressHook'),
)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
log_processor = dict(by_epoch=True)
log_level = 'INFO'
runner_type = 'TerseRunner'
randomness = dict(seed=0)
load_from = None
resume = False
