import assert from 'node:assert/strict';
import { parseCount, parseDockerHost, parseLabel, parseResource } from './options.js';

describe('options of the agent', () => {
  it('are read', () => {
    assert.deepEqual(parseResource('gpu=2'), { kind: 'gpu', count: 2 });
    assert.deepEqual(parseLabel('zone=a=b'), ['zone', 'a=b']);
    assert.equal(parseDockerHost('unix:///run/docker.sock'), '/run/docker.sock');
    assert.equal(parseDockerHost('/run/docker.sock'), '/run/docker.sock');
    assert.equal(parseCount('0'), 0);
  });

  it('are refused with the form that they need', () => {
    assert.throws(() => parseResource('gpu'), /--resource gpu: use kind=count/);
    assert.throws(() => parseLabel('=x'), /--label =x: use key=value/);
    assert.throws(() => parseDockerHost('tcp://1.2.3.4:2375'), /own host/);
    assert.throws(() => parseCount('-1'), /whole number/);
  });
});
