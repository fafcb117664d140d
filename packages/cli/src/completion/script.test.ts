import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { TREE } from '../command/tree.js';
import { runCli } from '../testing/run-cli.js';
import { completionScript } from './script.js';

/** What bash offers after these words, the last of which is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const script = await completionScript('bash', TREE);
  const call = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', `${script}\n${call}`, 'bash', 'tsctl', ...words], { encoding: 'utf8' });
  return output.trim().split('\n');
}

describe('completion', () => {
  it('offers commands, nouns and verbs in bash', async () => {
    assert.deepEqual(await offered('dep'), ['deploy']);
    assert.deepEqual(await offered('stack', 'r'), ['rollback', 'rm']);
    assert.deepEqual(await offered('cluster', 'token', ''), ['rotate', '--output', '--context', '--timeout', '--no-color', '--help']);
  });

  it('offers the options of the command that is being typed', async () => {
    assert.deepEqual(await offered('service', 'update', '--env-'), ['--env-rm', '--env-add']);
    assert.deepEqual(await offered('-o', 'json', 'node', 'drain', '--w'), ['--wait']);
  });

  it('offers the values of options', async () => {
    assert.deepEqual(await offered('ls', '--output', ''), ['table', 'wide', 'json', 'yaml']);
    assert.deepEqual(await offered('dev', 'up', '--store', 'e'), ['embedded', 'etcd']);
  });

  it('offers files after -f', async () => {
    assert.deepEqual(await offered('deploy', '-f', '/etc/host').then((files) => files.includes('/etc/hosts')), true);
  });

  it('makes scripts that the shells can read, where they are installed', async () => {
    for (const [shell, ...check] of [
      ['bash', '-n'],
      ['zsh', '-n'],
      ['fish', '--no-execute'],
    ] as const) {
      const { error, status, stderr } = spawnSync(shell, check, {
        input: await completionScript(shell, TREE),
        encoding: 'utf8',
      });
      if (error === undefined) assert.equal(status, 0, `${shell}: ${stderr}`);
    }
  });

  it('names the shells that there are when asked for another', async () => {
    const { code, err } = await runCli('completion tcsh');
    assert.equal(code, 2);
    assert.match(err, /bash, zsh, fish/);
  });
});
