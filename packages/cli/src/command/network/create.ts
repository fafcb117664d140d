import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { countValue, pairValue } from '../parse.js';

const MTU_OPTION = 'com.docker.network.driver.mtu';

interface CreateOptions {
  mtu?: number;
  subnet?: string;
  ipv6?: boolean;
  subnet6?: string;
  internal?: boolean;
  attachable?: boolean;
  opt?: [string, string][];
  label?: [string, string][];
}

export const command = defineCommand<CreateOptions>({
  arguments: '<name>',
  options: [
    { flags: '--subnet <cidr>', summary: 'such as 10.120.0.0/16; chosen by the manager when absent' },
    { flags: '--ipv6', summary: 'IPv6 beside IPv4' },
    { flags: '--subnet6 <cidr>', summary: 'with --ipv6: such as fd00:20::/64; chosen by the manager when absent' },
    { flags: '--internal', summary: 'no way out of the network' },
    { flags: '--attachable', summary: 'containers outside of services may join' },
    { flags: '--mtu <bytes>', summary: 'largest packet; found from the nodes when absent', parse: countValue },
    {
      flags: '--opt <key=value>',
      summary: 'option of the driver, such as com.docker.network.driver.mtu=1400',
      repeat: true,
      parse: pairValue,
    },
    { flags: '--label <key=value>', summary: 'a label', repeat: true, parse: pairValue },
  ],
  examples: [
    { line: 'tsctl network create --subnet 10.120.0.0/16 backbone', does: 'a network that several stacks use as external' },
    { line: 'tsctl network create --ipv6 --subnet6 fd00:20::/64 backbone', does: 'one whose containers have IPv6 addresses as well' },
  ],
  async run(session, [name = ''], { subnet, ipv6 = false, subnet6, mtu, internal = false, attachable = false, opt = [], label = [] }) {
    const client = await session.client();
    const network = await client.call('createNetwork', {
      body: {
        name,
        labels: Object.fromEntries(label),
        driver: 'overlay',
        driverOptions: Object.fromEntries([...(mtu === undefined ? [] : [[MTU_OPTION, String(mtu)]]), ...opt]),
        internal,
        attachable,
        ipv6,
        ...(subnet !== undefined && { subnet }),
        ...(subnet6 !== undefined && { subnet6 }),
      },
    });
    if (wantsData(session)) await printData(session, network);
    else session.print(network.id);
    return 0;
  },
});
