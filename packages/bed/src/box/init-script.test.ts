import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { clusterPaths } from '../state/paths.js';
import { initScript, lightHostSetup, quoted } from './init-script.js';

function setup(devDir: string, hierarchies: { version: 1 | 2; name: string; options: string[] }[]): string[] {
  const paths = clusterPaths('dev', devDir).host('node1');
  return lightHostSetup({ name: 'node1', paths, devDir, hierarchies, cgroup: 'tessera-dev-dev/node1' });
}

describe('the script of a pid 1', () => {
  it('quotes every character for sh', () => {
    const word = `a 'b' "c" $d \\e`;
    assert.equal(execFileSync('sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' }), word);
  });

  it('is valid sh', () => {
    const lines = setup('/var/lib/tessera-dev', [{ version: 1, name: 'cpu,cpuacct', options: ['cpu', 'cpuacct'] }]);
    execFileSync('sh', ['-n'], { input: initScript(lines, '/state/leader', 'dev/node1') });
  });

  it("puts the host's cgroup in the place of each root of a hybrid machine", () => {
    const script = setup('/var/lib/tessera-dev', [
      { version: 1, name: 'memory', options: ['memory'] },
      { version: 2, name: 'unified', options: [] },
    ]).join('\n');
    assert.match(script, /machine-sys\/fs\/cgroup\/memory\/tessera-dev-dev\/node1' '\/sys\/fs\/cgroup\/memory'/);
    assert.match(script, /machine-sys\/fs\/cgroup\/unified\/tessera-dev-dev\/node1' '\/sys\/fs\/cgroup\/unified'/);
    assert.match(script, /mount -t tmpfs -o mode=755 cgroup/);
  });

  it("puts the host's cgroup in the place of the single root of a cgroup v2 machine", () => {
    const script = setup('/var/lib/tessera-dev', [{ version: 2, name: '', options: [] }]).join('\n');
    assert.match(script, /machine-sys\/fs\/cgroup\/tessera-dev-dev\/node1' '\/sys\/fs\/cgroup'/);
    assert.doesNotMatch(script, /mount -t tmpfs -o mode=755 cgroup/);
  });

  it("keeps the state directory visible when it lies below the host's own /var/lib", () => {
    assert.match(setup('/var/lib/tessera-dev', []).join('\n'), /mount --bind '\/var\/lib\/tessera-dev'/);
    assert.doesNotMatch(setup('/srv/beds', []).join('\n'), /mount --bind '\/srv\/beds'/);
  });
});
