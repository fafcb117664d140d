import assert from 'node:assert/strict';
import { MAX_SUBNET } from './address-plan.js';
import { checkClusterName, clusterCgroup, DEFAULT_DEV_DIR, uplinkName } from './names.js';

describe('the names of a bed', () => {
  it('accept what a person would call a cluster', () => {
    for (const name of ['dev', 'a', 'test-3', 'x'.repeat(24)]) checkClusterName(name);
  });

  it('refuse what would be a path, an option, or too long', () => {
    for (const name of ['', '..', 'a/b', '-f', '3com', 'Dev', 'x'.repeat(25)]) {
      assert.throws(() => checkClusterName(name), /use 1 to 24 of a-z/, name);
    }
  });

  it('refuse the folder of the base tree', () => {
    assert.throws(() => checkClusterName('base'), /reserved/);
  });

  it('fit into the 15 characters of an interface name', () => {
    assert.ok(uplinkName(MAX_SUBNET).length <= 15);
  });

  it('keep clusters of equal name in two state directories apart', () => {
    assert.equal(clusterCgroup(DEFAULT_DEV_DIR, 'dev'), 'tessera-dev-dev');
    assert.notEqual(clusterCgroup('/tmp/a', 'dev'), clusterCgroup('/tmp/b', 'dev'));
  });
});
