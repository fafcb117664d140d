import assert from 'node:assert/strict';
import { defaultService, type ServiceSpec } from '@tessera/api';
import { compareSnapshots } from './compare.js';
import type { Snapshot } from './snapshot.js';

function stack(change: (web: ServiceSpec) => void = () => {}, more: Partial<Snapshot> = {}): Snapshot {
  const web = defaultService('shop_web', 'web:1');
  web.template.container.env = ['A=1', 'B=2'];
  web.template.networks = [{ network: 'shop_back', aliases: ['web'] }];
  change(web);
  return { services: [web], networks: [], files: [], ...more };
}

describe('the comparison of two releases', () => {
  it('of the same things is empty', () => {
    assert.deepEqual(compareSnapshots(stack(), stack()), []);
  });

  it('names fields as people know them', () => {
    const after = stack((web) => {
      web.template.container.image = 'web:2';
      web.template.container.env = ['NEW=x=y', 'B=3'];
      web.template.networks.unshift({ network: 'shop_front', aliases: [] });
      web.mode = { kind: 'replicated', replicas: 4 };
      web.template.fileHashes = { shop_conf: '0123456789abcdef' };
    });
    const [difference, ...others] = compareSnapshots(stack(), after);
    assert.deepEqual(others, []);
    assert.deepEqual(difference, {
      kind: 'service',
      name: 'shop_web',
      change: 'changed',
      fields: [
        { field: 'content of shop_conf', to: '0123456789ab' },
        { field: 'environment A', from: '1' },
        { field: 'environment B', from: '2', to: '3' },
        { field: 'environment NEW', to: 'x=y' },
        { field: 'image', from: 'web:1', to: 'web:2' },
        { field: 'mode.replicas', from: '1', to: '4' },
        { field: 'networks.shop_front.network', to: 'shop_front' },
      ],
    });
  });

  it('tells what came, what went, and new contents', () => {
    const conf = { kind: 'configs' as const, name: 'shop_conf', labels: {}, hash: 'a'.repeat(64) };
    const before = stack(undefined, { files: [conf, { ...conf, kind: 'secrets', name: 'shop_key' }] });
    const after: Snapshot = { services: [], networks: [], files: [{ ...conf, hash: 'b'.repeat(64) }] };
    assert.deepEqual(
      compareSnapshots(before, after).map(({ kind, name, change, fields }) => [kind, name, change, fields[0]?.to]),
      [
        ['service', 'shop_web', 'removed', undefined],
        ['config', 'shop_conf', 'changed', 'b'.repeat(12)],
        ['secret', 'shop_key', 'removed', undefined],
      ],
    );
  });
});
