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
    const late = { ...network, id: 'net2', spec: { ...spec, name: 'late', stack: 'shop' } };
    const use = { networkId: 'net1', used: 3, free: 250, encrypted: true };
    const six = { ...network, allocation: { ...network.allocation, subnet6: 'fd00:7::/64' } };
    const { allocation: _, ...later } = { ...network, id: 'net3', spec: { ...spec, name: 'later', ipv6: true } };
    const transport = new FakeTransport().on('GET /v1/networks', [later, late, six]).on('GET /v1/network-use', [use]);
    assert.equal(
      (await runCli('network ls', transport)).out,
      `NAME       DRIVER    SCOPE     STACK   SUBNET          IPV6          USED   FREE   ENCRYPTED   INTERNAL
backbone   overlay   cluster   -       10.100.0.0/16   fd00:7::/64      3    250   yes         no
late       overlay   cluster   shop    10.100.0.0/16   no               -      -   no          no
later      overlay   cluster   -       -               yes              -      -   no          no
`,
    );
    const [first] = JSON.parse((await runCli('network ls -o json', transport)).out);
    assert.deepEqual(first, { ...six, use: { used: 3, free: 250, encrypted: true } });
  });

  it('creates one of its flags', async () => {
    const transport = new FakeTransport().on('POST /v1/networks', network);
    const { out } = await runCli('network create --subnet 10.9.0.0/16 --internal --opt encrypted=true backbone', transport);
    assert.equal(out, 'net1\n');
    assert.deepEqual(transport.bodies, [{ ...spec, internal: true, driverOptions: { encrypted: 'true' }, subnet: '10.9.0.0/16' }]);
  });

  it('asks for IPv6, with a subnet of its own or without', async () => {
    const transport = new FakeTransport().on('POST /v1/networks', network);
    await runCli('network create --ipv6 backbone', transport);
    await runCli('network create --ipv6 --subnet6 fd00:20::/64 backbone', transport);
    assert.deepEqual(transport.bodies, [
      { ...spec, ipv6: true },
      { ...spec, ipv6: true, subnet6: 'fd00:20::/64' },
    ]);
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
