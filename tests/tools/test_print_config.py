def test_prints_what_is_inherited(tiny_config, in_process, capsys):
    status, out, _ = in_process(
        'print_config.py', str(tiny_config), '--cfg-options', 'train_cfg.max_epochs=9', split=True
    )
    assert status == 0
    assert 'max_epochs=9' in out
    assert "type='TinyNet'" in out


def test_prints_a_part(tiny_config, in_process):
    status, out, _ = in_process('print_config.py', str(tiny_config), '--key', 'optim_wrapper.optimizer', split=True)
    assert status == 0
    assert "optimizer = dict(lr=0.1, type='SGD')" in out
    assert 'TinyNet' not in out


def test_mistakes(tiny_config, in_process):
    assert in_process('print_config.py', 'nothing.py')[0] == 2
    status, stderr = in_process('print_config.py', str(tiny_config), '--key', 'model.nothing')
    assert status == 2
    assert "model.nothing: there is no 'nothing'" in stderr
