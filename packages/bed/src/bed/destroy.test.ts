import assert from 'node:assert/strict';
import { mountPointsBelow } from './destroy.js';

describe('the mount points of a cluster', () => {
  it("are those in its folder, not those of a cluster whose name begins alike, nor the folder's own", () => {
    const mountinfo = [
      '60 1 8:1 /a /state/dev/node1/root rw - overlay overlay rw',
      '61 60 8:1 /b /state/dev/node1/root/var\\040lib rw - ext4 /dev/vda rw',
      '62 1 8:1 /c /state/dev2/node1/root rw - overlay overlay rw',
      '63 1 8:1 /d /state/dev rw - ext4 /dev/vda rw',
    ];
    assert.deepEqual(mountPointsBelow('/state/dev', mountinfo.join('\n')), ['/state/dev/node1/root', '/state/dev/node1/root/var lib']);
  });
});
