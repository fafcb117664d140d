import assert from 'node:assert/strict';
import { ApiError, type NetworkSpec } from '@tessera/api';
import { FakeTransport } from '../../testing/fake-transport.js';
import { runCli } from '../../testing/run-cli.js';

const spec: NetworkSpec = {
  name: 'backbone',
  labels: {},
  driver: 'overlay',
  driverOptions: {},
  internal: false,
  attachable: false,
  ipv6: false,
};
const network = { id: 'net1', revision: 1, createdAt: 0, updatedAt: 0, spec, allocation: { subnet: '10.100.0.0/16', vni: 4097 } };

describe('tsctl network', () => {
  it('lists networks with what the manager allotted', async () => {
    const { out } = await runCli('network ls', new FakeTransport().on('GET /v1/networks', [network]));
    assert.equal(out, 'NAME       DRIVER    SUBNET          STACK   INTERNAL\nbackbone   overlay   10.100.0.0/16   -       no\n');
  });

  it('creates one of its flags', async () => {
    const transport = new FakeTransport().on('POST /v1/networks', network);
    const { out } = await runCli('network create --subnet 10.9.0.0/16 --internal --opt encrypted=true backbone', transport);
    assert.equal(out, 'net1\n');
    assert.deepEqual(transport.bodies, [{ ...spec, internal: true, driverOptions: { encrypted: 'true' }, subnet: '10.9.0.0/16' }]);
  });

  it('asks for an MTU', async () => {
    const transport = new FakeTransport().on('POST /v1/networks', network);
    await runCli('network create --mtu 1280 backbone', transport);
    assert.deepEqual(transport.bodies, [{ ...spec, driverOptions: { 'com.docker.network.driver.mtu': '1280' } }]);
  });

  it('says by whom a network is used that it cannot remove', async () => {
    const refusal = new ApiError('in-use', "network 'backbone' is used by 2 services", { details: ['shop_web', 'shop_db'] });
    const { err, code } = await runCli('network rm backbone', new FakeTransport().on('DELETE /v1/networks/backbone', refusal));
    assert.equal(code, 1);
    assert.match(err, /is used by 2 services\n {2}shop_web\n {2}shop_db\n/);
  });

  it('removes by name', async () => {
    assert.equal((await runCli('network rm backbone', new FakeTransport().on('DELETE /v1/networks/backbone', {}))).out, 'backbone\n');
  });
});
