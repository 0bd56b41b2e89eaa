# The same blur everywhere: the median of the training maps, which calibrate_reblur.py prints beside the table.
_base_ = './reblur.py'
model = dict(network=dict(_delete_=True, type='ConstantMap', sigma=0.9))
