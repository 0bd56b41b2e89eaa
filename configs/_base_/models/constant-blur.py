# The same blur everywhere, the median of the training maps: tools/analysis_tools/calibrate_reblur.py prints it.
_base_ = './reblur.py'
model = dict(network=dict(_delete_=True, type='ConstantMap', sigma=1.2))
