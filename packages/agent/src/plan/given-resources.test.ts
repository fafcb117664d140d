import assert from 'node:assert/strict';
import type { TaskAssignment } from '@tessera/api';
import { assignmentOf } from '../testing/builders.js';
import { resourceEnv, withGivenGpus } from './given-resources.js';

function taskWith(generic: { kind: string; count: number }[], resources?: TaskAssignment['resources']): TaskAssignment {
  const task = assignmentOf(resources ? { resources } : {});
  task.template.reservations.generic = generic;
  return task;
}

describe('Generic resources of a task', () => {
  it('are told in the environment, by id or by count', () => {
    const task = taskWith(
      [
        { kind: 'gpu', count: 2 },
        { kind: 'ssd', count: 3 },
      ],
      [{ kind: 'gpu', ids: ['GPU-1', 'GPU-2'] }],
    );
    assert.deepEqual(resourceEnv(task), ['DOCKER_RESOURCE_GPU=GPU-1,GPU-2', 'DOCKER_RESOURCE_SSD=3']);
    assert.deepEqual(resourceEnv(taskWith([])), []);
  });

  it('fill a request of GPUs that leaves open which ones', () => {
    const task = taskWith([{ kind: 'NVIDIA-GPU', count: 1 }], [{ kind: 'NVIDIA-GPU', ids: ['GPU-7'] }]);
    task.template.container.deviceRequests = [
      { count: -1, capabilities: [['gpu']] },
      { deviceIds: ['0'], capabilities: [['gpu']] },
      { count: 1, capabilities: [['tpu']] },
    ];
    assert.deepEqual(withGivenGpus(task), [
      { capabilities: [['gpu']], deviceIds: ['GPU-7'] },
      { deviceIds: ['0'], capabilities: [['gpu']] },
      { count: 1, capabilities: [['tpu']] },
    ]);
  });

  it('leave requests as they are for a task without ids', () => {
    const task = taskWith([{ kind: 'gpu', count: 1 }]);
    task.template.container.deviceRequests = [{ count: 1, capabilities: [['gpu']] }];
    assert.deepEqual(withGivenGpus(task), task.template.container.deviceRequests);
  });
});
