import { HTTP_CA } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { Failure } from '../../failure.js';
import { defineCommand } from '../define.js';

export const command = defineCommand({
  details: 'Clients that trust it, such as browsers and curl, take the certificates of hosts with tls: internal.',
  examples: [{ line: 'tsctl http ca > ca.crt', does: 'for curl --cacert ca.crt, or the trust store of a client' }],
  async run(session) {
    const client = await session.client();
    const found = (await client.call('listConfigs', {})).find(({ spec }) => spec.name === HTTP_CA.certificate);
    if (!found)
      throw new Failure('there is no CA for tls: internal yet', { exitCode: EXIT.notFound, cure: 'start the proxy: tsctl http enable' });
    session.print(Buffer.from(found.spec.data, 'base64').toString().trimEnd());
    return 0;
  },
});
