"""A headless Chromium driven through its debugging pipe: enough to look at one local page."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time

FLAGS = (
    *('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--hide-scrollbars'),
    *('--disable-background-networking', '--disable-component-update', '--disable-sync', '--remote-debugging-pipe'),
)
PATIENCE = 120
START = (
    'import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])'
)


def find() -> str | None:
    """The program, if there is one."""
    return shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')


class Browser:
    """One tab. ``trouble`` collects what the console and the network complain about.

    Args:
        profile: an empty folder.
    """

    def __init__(self, profile):
        there, ours = os.pipe(), os.pipe()
        # the browser reads its third descriptor and writes its fourth
        reads, writes = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (there[0], ours[1]))
        flags = [*FLAGS, f'--user-data-dir={profile}', 'about:blank']
        self.process = subprocess.Popen(
            [sys.executable, '-c', START, str(reads), str(writes), find(), *flags],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (there[0], ours[1], reads, writes):
            os.close(end)
        self.out, self.into, self.unread = os.fdopen(there[1], 'wb', buffering=0), ours[0], bytearray()
        self.trouble, self.heard, self.session, self.count = [], [], None, 0
        tab = next(t for t in self.ask('Target.getTargets')['targetInfos'] if t['type'] == 'page')
        self.session = self.ask('Target.attachToTarget', targetId=tab['targetId'], flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.ask(f'{domain}.enable')

    def _hear(self):
        while b'\0' not in self.unread:
            if not select.select([self.into], [], [], PATIENCE)[0]:
                raise TimeoutError(f'the browser has said nothing for {PATIENCE} s')
            if not (new := os.read(self.into, 1 << 20)):
                raise RuntimeError('the browser has gone')
            self.unread += new
        text, _, rest = bytes(self.unread).partition(b'\0')
        self.unread = bytearray(rest)
        message = json.loads(text)
        method, told = message.get('method'), message.get('params', {})
        if method == 'Log.entryAdded' or method == 'Runtime.exceptionThrown':
            self.trouble.append(json.dumps(told)[:500])
        if method == 'Network.requestWillBeSent' and not told['request']['url'].startswith(('data:', 'file:')):
            self.trouble.append('asked for ' + told['request']['url'])
        self.heard.append(method)
        return message

    def ask(self, method, **params):
        """Send a command of the DevTools protocol and wait for its answer."""
        self.count += 1
        message = {'id': self.count, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        self.out.write(json.dumps(message).encode() + b'\0')
        while (answer := self._hear()).get('id') != self.count:
            pass
        assert 'error' not in answer, answer
        return answer['result']

    def show(self, path, width=1280, height=900, dark=False):
        """Load a page at that size."""
        size = {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': width < 600}
        self.ask('Emulation.setDeviceMetricsOverride', **size)
        feature = {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}
        self.ask('Emulation.setEmulatedMedia', features=[feature])
        self.heard.clear()
        self.ask('Page.navigate', url=f'file://{path}')
        deadline = time.monotonic() + 60
        while 'Page.loadEventFired' not in self.heard and time.monotonic() < deadline:
            self._hear()

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.ask('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        assert 'exceptionDetails' not in answer, answer
        return answer['result'].get('value')

    def picture(self, whole=True):
        """What it shows, as PNG."""
        return base64.b64decode(self.ask('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data'])

    def pdf(self):
        """The page as it would be printed."""
        return base64.b64decode(self.ask('Page.printToPDF', printBackground=True)['data'])

    def close(self):
        """End the program."""
        self.process.terminate()
        self.process.wait(20)
        self.out.close()
        os.close(self.into)
