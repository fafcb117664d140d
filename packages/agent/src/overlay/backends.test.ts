import assert from 'node:assert/strict';
import type { ServiceEndpoints } from '@tessera/api';
import type { ServiceChange } from '../model/service-change.js';
import { networkOf } from '../testing/builders.js';
import { Backends } from './backends.js';

function service(id: string, ...addresses: string[]): ServiceEndpoints {
  const names = { id, serviceId: id, serviceName: id, shortName: id, networkId: 'net7' };
  const endpoints = addresses.map((address) => ({ taskId: `t${address}`, nodeId: 'n1', address }));
  return { ...names, aliases: [], endpointMode: 'vip', ports: [], ingress: [], endpoints };
}

const NETWORKS = [networkOf(7)];
const ASKED = ['10.7.1.2', '10.7.1.3', '10.7.1.4', '192.0.2.1'];

describe('the addresses that services are balanced over', () => {
  let backends: Backends;
  const change = (before: ServiceEndpoints | undefined, after: ServiceEndpoints | undefined): void => {
    const one: ServiceChange = { id: (after ?? before)?.id ?? '', before, after };
    backends.change([one]);
  };
  const takeGone = (): string[] | undefined => {
    const isGone = backends.takeGone(NETWORKS);
    return isGone && ASKED.filter(isGone);
  };
  const [web, db] = [service('web', '10.7.1.2', '10.7.1.3'), service('db', '10.7.1.3')];

  beforeEach(() => {
    backends = new Backends();
    assert.equal(backends.takeGone([]), undefined);
  });

  it('are all that count at first: tasks may have gone while nobody looked', () => {
    change(undefined, web);
    assert.deepEqual(takeGone(), ['10.7.1.4']);
    assert.equal(takeGone(), undefined);
  });

  it('are gone when no service has them any more', () => {
    change(undefined, web);
    change(undefined, db);
    takeGone();
    change(web, undefined);
    assert.deepEqual(takeGone(), ['10.7.1.2']);
    change(db, service('db', '10.7.1.4'));
    assert.deepEqual(takeGone(), ['10.7.1.3']);
  });

  it('are kept in mind until they are asked for, unless another task has them by then', () => {
    change(undefined, web);
    takeGone();
    change(web, service('web'));
    change(undefined, db);
    assert.deepEqual(takeGone(), ['10.7.1.2']);
  });

  it('may be served again before the kernel is asked', () => {
    change(undefined, web);
    takeGone();
    change(web, undefined);
    const isGone = backends.takeGone(NETWORKS)!;
    change(undefined, db);
    assert.deepEqual(ASKED.filter(backends.unserved(isGone)), ['10.7.1.2']);
  });
});
