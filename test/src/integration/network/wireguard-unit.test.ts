import assert from 'node:assert/strict';
import { Bed, type Host } from '@tessera/bed';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { concerning, provideBusybox, testBedName } from '../../support/test-bed.js';
import { eventually } from '../../support/test-cluster.js';
import { UnitHost } from '../../support/unit-host.js';

/** The first run on a machine builds the Debian tree, which takes a minute on an idle one. */
const FIRST_RUN_LIMIT_MS = 600_000;
const LIMIT_MS = 30_000;
const UNIT = 'tessera-wireguard';
const COMPOSE = `services:
  secret: { image: "\${IMAGE}", command: ["sleep", "100000"], networks: [secret], deploy: { mode: global } }
networks:
  secret: { driver_opts: { encrypted: "" }, enable_ipv6: true }
`;
const name = testBedName('wgunit');

/** Where a kernel has no WireGuard, systemd runs it beside the agent. */
describe('wireguard-go on hosts with systemd', () => {
  let machine: MachineSnapshot;
  let bed: Bed;
  let one: UnitHost;
  let two: UnitHost;

  before(async function () {
    this.timeout(FIRST_RUN_LIMIT_MS);
    machine = await snapshotMachine();
    bed = await Bed.create({ name, hosts: 2, kind: 'full' });
    [one, two] = bed.hosts.map((host: Host) => new UnitHost(host)) as [UnitHost, UnitHost];
    await Promise.all([one.install(), two.install()]);
    const image = await provideBusybox(bed);
    await one.shell(`tsctl cluster init --name unit --address ${one.host.ip}; systemctl start tessera-manager`);
    await one.eventually('tsctl cluster info', /Manager:.*leads/);
    const token = await one.shell('tsctl cluster token rotate worker');
    for (const each of [one, two])
      await each.shell(
        `TESSERA_JOIN_TOKEN=${token} tessera-agent join --manager https://${one.host.ip}:4600; systemctl start tessera-agent`,
      );
    await one.eventually('tsctl node ls', /node1 +ready.*\n.*node2 +ready/);
    await one.shell('cat > /root/compose.yml', COMPOSE);
    assert.match(await one.shell(`IMAGE=${image} tsctl deploy -f /root/compose.yml shop --timeout 60s`), /converged/);
  });

  after(async () => {
    const network = bed?.machineAddress;
    await Bed.destroy(name);
    await assertMachineClean(machine, concerning(name, network));
  });

  /** Whether the container on the first host reaches the one on the second. */
  async function pings(field: 'IPAddress' | 'GlobalIPv6Address' = 'IPAddress'): Promise<boolean> {
    const look = (host: UnitHost, format: string): Promise<string> =>
      host.shell(`docker inspect -f '${format}' $(docker ps -q --filter label=tessera.service-name=shop_secret)`);
    const pid = await look(one, '{{.State.Pid}}');
    const address = await look(two, `{{range .NetworkSettings.Networks}}{{.${field}}}{{end}}`);
    return (await one.host.exec(['nsenter', '-t', pid, '-n', 'ping', '-c', '1', '-W', '1', address])).code === 0;
  }

  function property(of: string, host = one, unit = UNIT): Promise<string> {
    return host.shell(`systemctl show -p ${of} --value ${unit}`);
  }

  const pingsAgain = (): Promise<unknown> => eventually(pings, 'an encrypted ping to be answered', LIMIT_MS);

  it('runs as a unit of its own, outside of the agent', async () => {
    await pingsAgain();
    assert.equal(await property('ActiveState'), 'active');
    const pid = await property('MainPID');
    assert.equal(await one.shell(`cat /proc/${pid}/comm`), 'wireguard-go');
    assert.match(await one.shell(`cat /proc/${pid}/cgroup`), /:\/.*tessera-wireguard\.service$/m);
  });

  it('has ndppd beside it, a unit for each bridge, which is started anew when it ends', async () => {
    const bridge = await one.shell('ls /sys/class/net | grep ^tsb');
    const unit = `tessera-neighbours-${bridge}`;
    await eventually(() => pings('GlobalIPv6Address'), 'a ping by IPv6 to be answered', LIMIT_MS);
    const pid = await property('MainPID', one, unit);
    assert.equal(await one.shell(`cat /proc/${pid}/comm`), 'ndppd');
    await one.shell(`kill -9 ${pid}; ip -6 neigh flush all`);
    const next = async (): Promise<boolean> => !['0', pid].includes(await property('MainPID', one, unit));
    await eventually(next, 'another process', LIMIT_MS);
    await eventually(() => pings('GlobalIPv6Address'), 'a ping by IPv6 to be answered again', LIMIT_MS);
  });

  it('outlives the agent, and carries packets meanwhile', async () => {
    const pid = await property('MainPID');
    await one.shell('systemctl stop tessera-agent');
    assert.equal(await one.shell('systemctl is-active tessera-agent'), 'inactive');
    assert.ok(await pings());
    await one.shell('systemctl start tessera-agent');
    await one.eventually('tsctl node ls', /node1 +ready/);
    assert.deepEqual([await property('MainPID'), await pings()], [pid, true]);
  });

  it('comes back when it is killed, by systemd, and gets its keys and peers again', async () => {
    const pid = await property('MainPID');
    await one.shell(`systemctl kill -s KILL ${UNIT}`);
    await one.eventually(`systemctl show -p NRestarts --value ${UNIT}`, /^1$/);
    await pingsAgain();
    assert.notEqual(await property('MainPID'), pid);
  });

  it('is started anew by the agent when somebody stops it or deletes its interface', async () => {
    for (const deed of [`systemctl stop ${UNIT}`, 'ip link delete tsw0']) {
      const pid = await property('MainPID');
      await one.shell(deed);
      await pingsAgain();
      assert.notEqual(await property('MainPID'), pid, deed);
      assert.equal(await property('ActiveState'), 'active');
    }
  });

  it('is gone when the node leaves', async () => {
    await two.shell('systemctl stop tessera-agent; tessera-agent leave');
    assert.deepEqual([await property('LoadState', two), await property('ActiveState', two)], ['not-found', 'inactive']);
    assert.equal(await two.shell('pgrep wireguard-go'), '');
    assert.match(await two.shell('ip link show tsw0'), /does not exist/);
  });

  it('is gone with the last encrypted network', async () => {
    await one.shell('tsctl rm shop --timeout 60s');
    await one.eventually(`systemctl show -p LoadState --value ${UNIT}`, /^not-found$/);
    assert.match(await one.shell('ip link show tsw0'), /does not exist/);
  });
});
