import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { allPlaces } from './command/command-words.js';
import { TREE } from './command/tree.js';
import { renderCliReference, renderExitCodes } from './docs/cli-reference.js';
import { EXIT } from './exit.js';
import { FakeTransport } from './testing/fake-transport.js';
import { assertGolden, runCli } from './testing/run-cli.js';

const BIN = fileURLToPath(new URL('../bin/tsctl.js', import.meta.url));

describe('tsctl', () => {
  it('prints help for no argument, --help and help', async () => {
    const { code, out } = await runCli('--help');
    assert.equal(code, 0);
    assertGolden('help', out);
    assert.equal((await runCli('')).out, out);
    assert.equal((await runCli('help')).out, out);
  });

  it('prints help of a command with its options and examples', async () => {
    const { code, out } = await runCli('help stack rm');
    assert.equal(code, 0);
    assert.equal((await runCli('stack rm --help')).out, out);
    assertGolden('help-stack-rm', out);
  });

  it('suggests the nearest for unknown commands and options', async () => {
    const command = await runCli('dploy');
    assert.equal(command.code, 2);
    assert.match(command.err, /unknown command 'dploy'\n\(Did you mean deploy\?\)/);
    for (const line of ['help dploy', 'dploy --help'])
      assert.deepEqual(await runCli(line).then(({ code, err }) => [code, err]), [2, command.err]);
    const option = await runCli('deploy --detahc');
    assert.equal(option.code, 2);
    assert.match(option.err, /Did you mean --detach\?/);
    assert.match((await runCli('stack lss')).err, /Did you mean ls\?/);
  });

  it('takes wrong values and too many arguments for wrong use', async () => {
    for (const line of ['ls -o xml', 'ls --timeout soon', 'ls extra', 'stack', 'rm', 'ls --context'])
      assert.equal((await runCli(line)).code, 2, line);
  });

  it('prints its version', async () => {
    for (const line of ['version', '--version', '-V']) assert.match((await runCli(line)).out, /^tsctl \d+\.\d+\.\d+\n$/);
  });

  it('ends with 1 and no stack trace for a fault of its own, and with one for TESSERA_DEBUG=1', async () => {
    const fault = (): FakeTransport =>
      new FakeTransport().on('GET /v1/stacks', () => {
        throw new TypeError('boom');
      });
    const { code, err } = await runCli('ls', fault());
    assert.equal(code, 1);
    assert.match(err, /^error: boom\n {2}cure: /);
    assert.doesNotMatch(err, /main\.test/);
    assert.match((await runCli('ls', fault(), { env: { TESSERA_DEBUG: '1' } })).err, /main\.test/);
  });

  it('has an example for every command, and documents each of them', async () => {
    const reference = await renderCliReference();
    for (const { path, definition } of await allPlaces(TREE)) {
      if (!definition) continue;
      assert.ok(definition.examples.length > 0, path);
      assert.ok(reference.includes(`### ${path}\n`), path);
      for (const { line } of definition.examples) assert.match(line, /tsctl /, path);
    }
  });

  it('documents every exit code', () => {
    for (const code of Object.values(EXIT)) assert.match(renderExitCodes(), new RegExp(`^\\| ${code} \\| \\S`, 'm'));
  });
});

/** All that help may load: what else creeps in makes every start slower. */
const LIGHT_PACKAGES = ['commander'];
const MOST_MODULES = 16;
/** Writes the address of each module that is loaded to descriptor 3. */
const LISTING_HOOK = `import { appendFileSync } from 'node:fs';
export async function load(url, context, next) { appendFileSync(3, url + '\\n'); return next(url, context); }`;

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script).replaceAll("'", '%27')}`;
}

describe('the process of tsctl', () => {
  it('loads little for --help', () => {
    const command = 'exec "$0" --import "$1" "$2" --help 3>&1 >/dev/null';
    const output = execFileSync(
      'sh',
      ['-c', command, process.execPath, dataUrl(`import { register } from 'node:module'; register('${dataUrl(LISTING_HOOK)}');`), BIN],
      { encoding: 'utf8' },
    );
    const loaded = output
      .trim()
      .split('\n')
      .filter((url) => url.startsWith('file:'));
    const packages = new Set(loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));
    assert.deepEqual(
      [...packages].filter((name) => !LIGHT_PACKAGES.includes(name)),
      [],
    );
    assert.ok(loaded.length > 5 && loaded.length <= MOST_MODULES, `${loaded.length} modules:\n${loaded.join('\n')}`);
  });

  it('ends without a complaint when the reader of its output goes away', async () => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', '"$0" "$1" completion bash | true', process.execPath, BIN], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.deepEqual({ code, errors }, { code: 0, errors: '' });
  });
});
