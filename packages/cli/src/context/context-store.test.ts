import assert from 'node:assert/strict';
import { Failure } from '../failure.js';
import { FakeIo } from '../testing/fake-io.js';
import { CONTEXTS, runCli } from '../testing/run-cli.js';
import { type Context, ContextStore } from './context-store.js';

const PATH = '/config/contexts.json';
const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
const context: Context = { endpoints: ['https://10.0.0.2:4600'], ca: PEM, certificate: PEM, key: PEM };

describe('ContextStore', () => {
  it('writes a file that only its owner reads, and finds the context again', async () => {
    const io = new FakeIo();
    await new ContextStore(io).save('prod', context, { use: false });
    assert.equal(io.modes.get(PATH), 0o600);
    assert.deepEqual(await new ContextStore(io).chosen(), { name: 'prod', context });
  });

  it('chooses by argument, then TSCTL_CONTEXT, then the current one', async () => {
    const io = new FakeIo();
    for (const name of ['a', 'b', 'c']) await new ContextStore(io).save(name, context, { use: false });
    assert.equal((await new ContextStore(io).chosen()).name, 'a');
    io.env.TSCTL_CONTEXT = 'b';
    assert.equal((await new ContextStore(io).chosen()).name, 'b');
    assert.equal((await new ContextStore(io).chosen('c')).name, 'c');
  });

  it('says how to make one when there is none', async () => {
    await assert.rejects(
      new ContextStore(new FakeIo()).chosen(),
      (error) => error instanceof Failure && error.exitCode === 2 && /dev up/.test(error.cure ?? ''),
    );
  });

  it('names those that there are when one is unknown, with exit code 4', async () => {
    const io = new FakeIo({ files: { [PATH]: CONTEXTS } });
    await assert.rejects(
      new ContextStore(io).chosen('prod'),
      (error) => error instanceof Failure && error.exitCode === 4 && /test/.test(error.cure ?? ''),
    );
  });

  it('takes no name of Object for a context', async () => {
    await assert.rejects(new ContextStore(new FakeIo()).chosen('constructor'), Failure);
  });

  it('has no current context after the current one was removed', async () => {
    const io = new FakeIo({ files: { [PATH]: CONTEXTS } });
    assert.equal(await new ContextStore(io).remove('test'), true);
    assert.equal(await new ContextStore(io).remove('test'), false);
    await assert.rejects(new ContextStore(io).chosen(), /no cluster is chosen/);
  });

  it('looks in TESSERA_CONFIG_DIR, XDG_CONFIG_HOME and HOME, in this order', () => {
    const at = (env: Record<string, string>): string => new ContextStore(new FakeIo({ env: { TESSERA_CONFIG_DIR: '', ...env } })).path;
    assert.equal(at({ TESSERA_CONFIG_DIR: '/t', XDG_CONFIG_HOME: '/x', HOME: '/h' }), '/t/contexts.json');
    assert.equal(at({ XDG_CONFIG_HOME: '/x', HOME: '/h' }), '/x/tessera/contexts.json');
    assert.equal(at({ HOME: '/h' }), '/h/.config/tessera/contexts.json');
    assert.throws(() => at({}), Failure);
  });
});

describe('tsctl and a bad file of contexts', () => {
  const withFile = (text: string, mode = 0o600) => runCli('ls', undefined, { files: { [PATH]: text }, modes: { [PATH]: mode } });

  it('refuses one that others can read, and says the cure', async () => {
    const { code, err } = await withFile(CONTEXTS, 0o644);
    assert.equal(code, 2);
    assert.match(err, /can be read by others \(mode 0644\)/);
    assert.match(err, /cure: chmod 600 \/config\/contexts\.json/);
  });

  it('names the file and what is wrong with it', async () => {
    const cases: [string, RegExp][] = [
      ['{', /contexts\.json is damaged/],
      ['[]', /has no "contexts"/],
      ['{"version":2,"contexts":{}}', /version is 2, not 1/],
      ['{"version":1,"contexts":{"a":{"endpoints":["http://x"]}}}', /context "a" needs "endpoints"/],
      ['{"version":1,"contexts":{"a":{"endpoints":["https://x"],"ca":"no"}}}', /context "a" needs "ca" in PEM form/],
    ];
    for (const [text, expected] of cases) {
      const { code, err } = await withFile(text);
      assert.equal(code, 2, text);
      assert.match(err, expected);
    }
  });
});

describe('tsctl context', () => {
  it('carries a context from one user to another', async () => {
    const exported = (await runCli('context show --export')).out;
    const { code, io } = await runCli('context import --use prod', undefined, { stdin: exported });
    assert.equal(code, 0);
    const { out } = await runCli('context ls', undefined, { files: { [PATH]: io.contents.get(PATH) ?? '' } });
    assert.equal(out, 'NAME     MANAGERS\nprod *   https://10.0.0.1:4600\ntest     https://10.0.0.1:4600\n');
  });

  it('shows no key unless asked to export', async () => {
    for (const line of ['context show', 'context show -o json', 'context ls -o json'])
      assert.ok(!(await runCli(line)).out.includes('BEGIN'), line);
  });

  it('refuses what is no context', async () => {
    assert.equal((await runCli('context import prod', undefined, { stdin: '{"endpoints":[]}' })).code, 2);
    assert.equal((await runCli('context import prod', undefined, { stdin: 'nonsense' })).code, 2);
    assert.equal((await runCli('context import ../prod', undefined, { stdin: JSON.stringify(context) })).code, 2);
  });

  it('ends with 4 for one that there is not', async () => {
    assert.equal((await runCli('context use nope')).code, 4);
    assert.equal((await runCli('context rm nope')).code, 4);
    assert.equal((await runCli('ls --context nope')).code, 4);
  });
});
