import assert from 'node:assert/strict';
import { parseHierarchies } from './hierarchies.js';

const HYBRID = [
  '47 46 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '48 47 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:5 - cgroup cgroup rw,cpu,cpuacct',
  '49 47 0:30 / /sys/fs/cgroup/systemd rw shared:6 - cgroup cgroup rw,xattr,name=systemd',
  '50 47 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  '51 29 0:31 / /mnt/cgroup rw - cgroup2 cgroup2 rw',
];

describe('the cgroup hierarchies of a machine', () => {
  it('are one for each controller mount, and the unified one, on a hybrid machine', () => {
    assert.deepEqual(
      parseHierarchies(HYBRID.join('\n')).map(({ version, name }) => [version, name]),
      [
        [1, 'cpu,cpuacct'],
        [1, 'systemd'],
        [2, 'unified'],
      ],
    );
  });

  it('are a single one on a pure cgroup v2 machine', () => {
    const line = '35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
    assert.deepEqual(parseHierarchies(line), [{ version: 2, name: '', options: ['rw', 'nsdelegate'] }]);
  });
});
