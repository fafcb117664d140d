import assert from 'node:assert/strict';
import { parseCount, parseDockerHost, parseLabel, parseReserve, parseResource } from './options.js';

describe('options of the agent', () => {
  it('are read', () => {
    assert.deepEqual(parseResource('gpu=2'), { kind: 'gpu', count: 2 });
    assert.deepEqual(parseResource('gpu=GPU-1,GPU-2'), { kind: 'gpu', count: 2, ids: ['GPU-1', 'GPU-2'] });
    assert.deepEqual(parseResource('gpu=0,'), { kind: 'gpu', count: 1, ids: ['0'] });
    assert.deepEqual(parseReserve('cpu=0.5,memory=512M'), { nanoCpus: 5e8, memoryBytes: 512 * 1024 ** 2 });
    assert.deepEqual(parseReserve('memory=1G'), { nanoCpus: 0, memoryBytes: 1024 ** 3 });
    assert.deepEqual(parseLabel('zone=a=b'), ['zone', 'a=b']);
    assert.equal(parseDockerHost('unix:///run/docker.sock'), '/run/docker.sock');
    assert.equal(parseDockerHost('/run/docker.sock'), '/run/docker.sock');
    assert.equal(parseCount('0'), 0);
  });

  it('are refused with the form that they need', () => {
    assert.throws(() => parseResource('gpu'), /--resource gpu: use kind=count/);
    assert.throws(() => parseResource('gpu=a,,b'), /"" is no id/);
    assert.throws(() => parseResource('gpu=a,a'), /"a" is no id, or is there twice/);
    for (const text of ['0.5', 'disk=1G', 'cpu=many', 'memory=-1', 'cpu=1,'])
      assert.throws(() => parseReserve(text), /--reserve .*: use cpu=cores,memory=size/);
    assert.throws(() => parseLabel('=x'), /--label =x: use key=value/);
    assert.throws(() => parseDockerHost('tcp://1.2.3.4:2375'), /own host/);
    assert.throws(() => parseCount('-1'), /whole number/);
  });
});
