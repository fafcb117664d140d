import assert from 'node:assert/strict';
import { defaultService } from '@tessera/api';
import { Failure } from '../../failure.js';
import { applyFlags, coresValue, portValue, sizeValue } from './spec-flags.js';

const spec = defaultService('web', 'nginx');

describe('applyFlags', () => {
  it('gives an equal spec for no flags, and leaves the given one alone', () => {
    const before = structuredClone(spec);
    assert.deepEqual(applyFlags(spec, {}), spec);
    applyFlags(spec, { envAdd: [['A', 'b']], labelAdd: [['x', 'y']], force: true });
    assert.deepEqual(spec, before);
  });

  it('replaces a variable of the same name instead of adding a second', () => {
    const withEnv = applyFlags(spec, {
      envAdd: [
        ['A', '1'],
        ['B', '2'],
      ],
    });
    assert.deepEqual(applyFlags(withEnv, { envAdd: [['A', '3']], envRm: ['B'] }).template.container.env, ['A=3']);
  });

  it('replaces the published port of the same target', () => {
    const published = applyFlags(spec, { publishAdd: [portValue('8080:80')] });
    assert.deepEqual(
      applyFlags(published, { publishAdd: [portValue('9090:80')] }).ports.map((port) => port.published),
      [9090],
    );
    assert.deepEqual(applyFlags(published, { publishRm: [80] }).ports, []);
  });

  it('grows forceUpdate, so that all tasks are replaced', () => {
    assert.equal(applyFlags(spec, { force: true }).template.forceUpdate, 1);
  });

  it('adds and removes constraints without doubles', () => {
    const one = applyFlags(spec, { constraintAdd: ['node.role==worker', 'node.role==worker'] });
    assert.deepEqual(one.placement.constraints, ['node.role==worker']);
    assert.deepEqual(applyFlags(one, { constraintRm: ['node.role==worker'] }).placement.constraints, []);
  });

  it('refuses replicas for a global service', () => {
    assert.throws(() => applyFlags({ ...spec, mode: { kind: 'global' } }, { replicas: 2 }), Failure);
  });
});

describe('values of flags', () => {
  it('reads ports as Docker writes them', () => {
    assert.deepEqual(portValue('80'), { protocol: 'tcp', target: 80, mode: 'ingress' });
    assert.deepEqual(portValue('53:53/udp'), { protocol: 'udp', target: 53, published: 53, mode: 'ingress' });
    assert.deepEqual(portValue('127.0.0.1:8080:80'), {
      protocol: 'tcp',
      target: 80,
      published: 8080,
      mode: 'ingress',
      hostIp: '127.0.0.1',
    });
    for (const wrong of ['', '0', '70000:80', '80/icmp', 'a:b', '1:2:3:4']) assert.throws(() => portValue(wrong), Failure, wrong);
  });

  it('reads sizes in powers of 1024', () => {
    assert.deepEqual(['10', '1k', '512M', '1.5g', '1GiB', '2TB'].map(sizeValue), [
      10,
      1024,
      512 * 1024 ** 2,
      1.5 * 1024 ** 3,
      1024 ** 3,
      2 * 1024 ** 4,
    ]);
    for (const wrong of ['', 'M', '1X', '-1']) assert.throws(() => sizeValue(wrong), Failure, wrong);
  });

  it('reads cores into billionths', () => {
    assert.deepEqual([coresValue('2'), coresValue('0.25')], [2e9, 2.5e8]);
    assert.throws(() => coresValue('half'), Failure);
  });
});
