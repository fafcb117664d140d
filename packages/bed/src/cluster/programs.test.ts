import assert from 'node:assert/strict';
import { findPrograms } from './programs.js';

describe('findPrograms', () => {
  it('finds the daemons of this checkout, to be run by this Node', async () => {
    const { manager, agent } = await findPrograms({});
    assert.equal(manager[0], process.execPath);
    assert.match(manager[1] ?? '', /\/bin\/tessera-manager\.js$/);
    assert.match(agent[1] ?? '', /\/bin\/tessera-agent\.js$/);
  });

  it('takes other ones that the environment names', async () => {
    const { manager, agent } = await findPrograms({ TESSERA_MANAGER: '/bin/true' });
    assert.deepEqual(manager, ['/bin/true']);
    assert.equal(agent.length, 2);
  });

  it('says what to do when one is not there', async () => {
    await assert.rejects(findPrograms({ TESSERA_AGENT: '/nowhere/agent' }), /tessera-agent is not at \/nowhere\/agent: .*TESSERA_AGENT/);
  });
});
