import assert from 'node:assert/strict';
import { desiredLink } from '../plan/network/links.js';
import { NetworkIncomplete } from '../ports/node-network.js';
import { networkOf } from '../testing/builders.js';
import { overlayWorld, serviceOn, underlay } from '../testing/overlay-world.js';

describe('the services of a node', () => {
  it('touches only the service that changed, and nothing of links and bridges', async () => {
    const { host, overlay, tell } = overlayWorld();
    const networks = [networkOf(7)];
    const [web, db] = [serviceOn('web', 'net7', '10.7.1.9'), serviceOn('db', 'net7', '10.7.1.8')];
    await tell(networks, [web, db]);
    host.held = networks.map((one) => desiredLink(one, underlay));
    host.done.length = 0;
    await tell(networks, [web, serviceOn('db', 'net7', '10.7.2.4')]);
    assert.deepEqual(host.done, ['change']);
    assert.doesNotMatch(host.scripts.at(-1) ?? '', /10\.7\.1\.9/);
    assert.match(host.scripts.at(-1) ?? '', /dnat ip to 10\.7\.2\.4/);
    await overlay.stop();
  });

  it('forgets the flows of tasks that take no traffic any more, and no others', async () => {
    const { host, overlay, tell } = overlayWorld();
    const networks = [networkOf(7)];
    const [web, db] = [serviceOn('web', 'net7', '10.7.1.9'), serviceOn('db', 'net7', '10.7.1.8')];
    await tell(networks, [web, db]);
    host.flowsTo = ['10.7.1.9', '10.7.1.8', '192.0.2.77'];
    await tell(networks, [web, serviceOn('db', 'net7', '10.7.2.4')]);
    assert.deepEqual(host.forgotten, ['10.7.1.8']);
    await overlay.stop();
  });

  it('looks once more a little later for flows to tasks that are gone, unless another one has the address by then', async () => {
    const { host, overlay, clock, tell } = overlayWorld();
    const networks = [networkOf(7)];
    await tell(networks, [serviceOn('a', 'net7', '10.7.1.8'), serviceOn('b', 'net7', '10.7.1.9')]);
    await tell(networks);
    await tell(networks, [serviceOn('c', 'net7', '10.7.1.9')]);
    host.flowsTo = ['10.7.1.8', '10.7.1.9'];
    await clock.advance(1_000);
    assert.deepEqual(host.forgotten, ['10.7.1.8']);
    await overlay.stop();
  });

  it('forgets at its start the flows of tasks that went while the agent was away', async () => {
    const { host, overlay, tell } = overlayWorld();
    host.flowsTo = ['10.7.1.9', '10.7.1.8', '192.0.2.77'];
    await tell([]);
    await tell([networkOf(7)], [serviceOn('web', 'net7', '10.7.1.9')]);
    assert.deepEqual(host.forgotten, ['10.7.1.8']);
    await overlay.stop();
  });

  it('balances as it should also while the engine does not answer', async () => {
    const { host, overlay, tell } = overlayWorld();
    await tell([networkOf(7)], [serviceOn('web', 'net7', '10.7.1.9')]);
    host.bridges.list = async () => Promise.reject(new Error('the engine does not answer'));
    await assert.rejects(tell([networkOf(7)], [serviceOn('web', 'net7', '10.7.2.4')]), NetworkIncomplete);
    assert.match(host.scripts.at(-1) ?? '', /dnat ip to 10\.7\.2\.4/);
    await overlay.stop();
  });

  it('loads the whole table when the kernel refuses a change', async () => {
    const { host, overlay, tell } = overlayWorld();
    const networks = [networkOf(7)];
    await tell(networks);
    host.done.length = 0;
    host.refuses = 1;
    await tell(networks, [serviceOn('web', 'net7', '10.7.1.9')]);
    assert.deepEqual(host.done, ['ruleset']);
    await overlay.stop();
  });

  it('goes on from what it was told when the kernel refuses the whole table as well', async () => {
    const { host, overlay, tell, clock } = overlayWorld();
    const networks = [networkOf(7)];
    const [web, db] = [serviceOn('web', 'net7', '10.7.1.9'), serviceOn('db', 'net7', '10.7.1.8')];
    await tell(networks, [web, db]);
    await clock.advance(1_000);
    host.flowsTo = ['10.7.1.9'];
    host.refuses = 2;
    await assert.rejects(tell(networks, [db]), /File exists/);
    assert.deepEqual(host.forgotten, []);
    await clock.advance(5_000);
    assert.match(host.scripts.at(-1) ?? '', /chain forward.*dnat ip to 10\.7\.1\.8/s);
    assert.doesNotMatch(host.scripts.at(-1) ?? '', /10\.7\.1\.9/);
    assert.deepEqual(host.forgotten, ['10.7.1.9']);
    await overlay.stop();
  });

  it('answers a container for all networks that it is on, and a stranger for the one it asks in', async () => {
    const { host, overlay, tell } = overlayWorld();
    host.containers = [{ networks: ['tessera.shop_net7--7', 'tessera.shop_net8--8', 'bridge'], addresses: ['10.7.1.5', '10.8.1.5'] }];
    await tell([networkOf(7), networkOf(8)], [serviceOn('web', 'net7', '10.7.1.9'), serviceOn('db', 'net8', '10.8.1.9')]);
    const names = (client: string) => host.lookupFor('10.7.1.1', client);
    assert.deepEqual(names('10.7.1.5')('tasks.db')?.addresses, ['10.8.1.9']);
    assert.equal(names('10.7.1.77')('db'), undefined);
    assert.deepEqual(names('10.7.1.77')('web')?.addresses, ['10.7.240.1']);
    await overlay.stop();
  });
});
