import assert from 'node:assert/strict';
import type { PublishedPort } from '@tessera/api';
import { serviceSpec } from '../model/testing/builders.js';
import { serviceProblems } from './service-rules.js';

function problemsOf(hostIp: string, mode: PublishedPort['mode'] = 'ingress'): string[] {
  const spec = serviceSpec('web', 1, ({ ports }) => void ports.push({ protocol: 'tcp', target: 80, published: 80, mode, hostIp }));
  return serviceProblems(spec, { has: () => true });
}

describe('the address of a node that a service publishes a port at', () => {
  it('is one', () => {
    for (const good of ['192.0.2.1', 'fd00::5', '0.0.0.0', '::']) assert.deepEqual(problemsOf(good), []);
    assert.deepEqual(problemsOf('[fd00::5]'), ["service 'web' publishes a port at '[fd00::5]', which is no IP address"]);
  });

  it('is not the loopback of IPv6, but where Docker binds it', () => {
    assert.deepEqual(problemsOf('::1'), [
      "service 'web': a port in ingress mode cannot be bound to ::1: bind it to 127.0.0.1, or publish it with mode: host",
    ]);
    assert.deepEqual(problemsOf('::1', 'host'), []);
  });
});
