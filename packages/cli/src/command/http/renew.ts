import { defineCommand } from '../define.js';

export const command = defineCommand({
  arguments: '<host>',
  details:
    'Certificates that authorities give hosts with tls: auto are renewed by themselves when two thirds of their life are over, and failed attempts are repeated at growing distances. This asks at once, for example when the name leads to the cluster now.',
  examples: [{ line: 'tsctl http renew shop.example.com', does: 'a new certificate for the host' }],
  async run(session, [host = '']) {
    const client = await session.client();
    await client.call('renewCertificate', { params: { host: host.toLowerCase() } });
    session.note(`a certificate for ${host.toLowerCase()} is being asked for`, 'see: tsctl http status');
    return 0;
  },
});
