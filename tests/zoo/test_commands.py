"""What a metafile may have run, and what not."""

import pytest

from wsolzoo.zoo.commands import TESTS, TRAININGS, CommandError, UnsetError, read_commands

TEST = 'python tools/test.py configs/cam/x.py configs/cam/x.pth --seed 0 --cfg-options model.head.r=9.0 a.b=[1,2]'


def test_a_command_is_split_into_what_it_is_about_and_its_options():
    (command,) = read_commands(TEST, TESTS)
    assert command.tool == 'tools/test.py'
    assert command.positional == ('configs/cam/x.py', 'configs/cam/x.pth')
    assert command.options == ('model.head.r=9.0', 'a.b=[1,2]')
    assert command.testing('new.pth').words == ('configs/cam/x.py', 'new.pth', *command.words[2:])


def test_several_commands_stand_on_lines_of_their_own():
    lines = 'python tools/train.py configs/a/a.py\npython tools/train.py configs/a/b.py --amp\n'
    assert [command.positional[0] for command in read_commands(lines, TRAININGS)] == [
        'configs/a/a.py',
        'configs/a/b.py',
    ]


@pytest.mark.parametrize(
    ('line', 'complaint'),
    [
        ('rm -rf configs', 'a command is `python TOOL CONFIG'),
        ('python -c "import os" x', '-c is not run from a metafile'),
        ('python tools/tests.py configs/cam/x.py', "did you mean 'tools/test.py'"),
        ('python tools/train.py configs/cam/x.py', 'tools/train.py is not run'),
        ('python tools/../x.py configs/cam/x.py', 'is not run from a metafile'),
        ('python tools/test.py configs/cam/x.py --out secret.json', 'takes no --out'),
        ('python tools/test.py configs/cam/x.py --work-dir=x', 'takes no --work-dir'),
        ('python tools/test.py /etc/x.py', '/etc/x.py leaves the checkout'),
        ('python tools/test.py configs/x.py ../x.pth', '../x.pth leaves the checkout'),
        ('python tools/test.py configs/x.py --cfg-options load_from=/etc/x', 'leaves the checkout'),
        ('python tools/test.py "configs/x.py', 'not a command: No closing quotation'),
        ('', 'the command is empty'),
    ],
)
def test_nothing_else_is_run(line, complaint):
    with pytest.raises(CommandError) as error:
        read_commands(line, TESTS)
    assert complaint in str(error.value)


def test_a_shell_would_have_something_to_do_and_there_is_none():
    (command,) = read_commands('python tools/test.py configs/x.py; rm x', TESTS)
    assert command.words == ('configs/x.py;', 'rm', 'x'), 'words of one tool, which will refuse them'


def test_what_is_made_goes_to_work_dirs_which_is_moved():
    line = 'python tools/prune.py configs/x.py work_dirs/a/epoch_1.pth work_dirs/cut.pth --rule fc6=0.5'
    (command,) = read_commands(line, TRAININGS)
    assert command.within('there').words[1:3] == ('there/a/epoch_1.pth', 'there/cut.pth')
    line = 'python tools/train.py configs/x.py --cfg-options load_from=work_dirs/cut.pth'
    assert read_commands(line, TRAININGS)[0].within('there').options == ('load_from=there/cut.pth',)
    for place in ('cut.pth', 'configs/cut.pth', ''):
        with pytest.raises(CommandError, match='would not write to work_dirs/'):
            read_commands(f'python tools/prune.py configs/x.py work_dirs/x.pth {place}', TRAININGS)


def test_variables_come_from_whoever_runs_it():
    line = 'python tools/analysis_tools/evaluate_defocus.py configs/x.py $JUDGE --stack usb=${DATA}/usb'
    (command,) = read_commands(line, TESTS)
    filled = command.filled({'JUDGE': '--set "a=my set"', 'DATA': '/data'})
    assert filled.words == ('configs/x.py', '--set', 'a=my set', '--stack', 'usb=/data/usb')
    with pytest.raises(UnsetError, match=r'\$DATA, which is not set'):
        command.filled({'JUDGE': ''})
