import assert from 'node:assert/strict';
import { CommandError, capture, run } from './run.js';

describe('run', () => {
  it('gives what the command wrote and passes input and environment', async () => {
    const script = 'read line; echo "$line $GREETED"; echo aside >&2';
    const result = await run(['sh', '-c', script], { input: 'hello\n', env: { ...process.env, GREETED: 'world' } });
    assert.deepEqual(result, { code: 0, stdout: 'hello world\n', stderr: 'aside\n' });
  });

  it('shows the command, its code and its stderr when it fails', async () => {
    await assert.rejects(run(['sh', '-c', 'echo no such bridge >&2; exit 3']), (error: unknown) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.message, /^sh -c .*ended with code 3\nno such bridge$/);
      return true;
    });
  });

  it('kills a command that runs longer than its limit', async () => {
    await assert.rejects(run(['sleep', '60'], { timeoutMs: 20 }), /sleep 60: ended by SIGKILL \(limit 20 ms\)/);
  });

  it('waits for the end of a command that is aborted', async () => {
    const abort = new AbortController();
    const running = assert.rejects(run(['sleep', '61'], { signal: abort.signal }), /sleep 61: The operation was aborted/);
    abort.abort();
    await running;
    assert.equal((await capture(['pgrep', '-P', String(process.pid), '-f', 'sleep 61'])).code, 1);
  });

  it('names a program that is not there', async () => {
    await assert.rejects(run(['tessera-no-such-program']), /tessera-no-such-program: spawn .*ENOENT/);
  });

  it('survives a command that does not read its input', async () => {
    const result = await capture(['false'], { input: 'x'.repeat(1_000_000) });
    assert.equal(result.code, 1);
  });
});
