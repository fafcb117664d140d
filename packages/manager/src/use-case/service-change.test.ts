import assert from 'node:assert/strict';
import { defaultService, type Service, type UpdateStatus } from '@tessera/api';
import { changeService } from './service-change.js';

const making = { now: 7, newId: () => 'new' };

function running(update?: UpdateStatus['state']): Service {
  const [made] = changeService(defaultService('web', 'app:1'), [], undefined, making).unit;
  assert.ok(made?.type === 'put' && made.kind === 'services');
  return { ...made.object, revision: 5, ...(update && { update: { state: update, startedAt: 1, message: '' } }) };
}

describe('asking for the spec that a service has already', () => {
  it('changes nothing', () => {
    const { outcome, unit } = changeService(defaultService('web', 'app:1'), [], running(), making);
    assert.deepEqual([outcome, unit], ['unchanged', []]);
  });

  it('puts an end to the story of an update that was rolled back to it', () => {
    const { outcome, unit } = changeService(defaultService('web', 'app:1'), [], running('rollback-completed'), making);
    assert.equal(outcome, 'unchanged');
    assert.deepEqual(unit, [{ type: 'put', kind: 'services', object: running(), expect: { revision: 5 } }]);
  });

  it('leaves an update alone that is paused or still on its way back', () => {
    for (const state of ['paused', 'rollback-started', 'rollback-paused'] as const) {
      assert.deepEqual(changeService(defaultService('web', 'app:1'), [], running(state), making).unit, []);
    }
  });
});
