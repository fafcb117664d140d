import { type Client, HTTP_CA, HTTP_NETWORK, ICC_OPTION } from '@tessera/api';
import { createAuthority } from '@tessera/kit/pki/index';
import { SystemRandom } from '@tessera/kit/random/system-random';
import { Failure, usageFailure } from '../../failure.js';
import { type AcmeOptions, ensureAcme, settingsOf } from '../../http/acme-settings.js';
import { PROXY_NETWORK, PROXY_STACK, type ProxyOptions, proxyCompose, proxyStack } from '../../http/proxy-stack.js';
import { printData, wantsData } from '../../output/print.js';
import type { Session } from '../../session.js';
import { waitConverged } from '../../wait/converge.js';
import { defineCommand } from '../define.js';
import { DETACH } from '../options.js';
import { countValue } from '../parse.js';
import { changeLines, warningLines } from '../stack/change-lines.js';

interface EnableOptions extends AcmeOptions {
  image?: string;
  replicas?: number;
  global?: boolean;
  httpPort?: number;
  httpsPort?: number;
  ipv6?: boolean;
  print?: boolean;
  detach?: boolean;
}

/** Linux that has net.ipv4.tcp_migrate_req. */
const MIGRATES_SINCE = [5, 14] as const;
const DEFAULT_IMAGE = 'caddy:2';
/** Its clients keep it in their stores: it stays for the life of the cluster. */
const AUTHORITY_NAME = 'Tessera HTTP CA';

export const command = defineCommand<EnableOptions>({
  options: [
    { flags: '--image <image>', summary: `an image with Caddy 2.6 or later; ${DEFAULT_IMAGE} when absent` },
    { flags: '--replicas <number>', summary: 'how many proxies; 1 when absent', parse: countValue },
    { flags: '--global', summary: 'a proxy on each node' },
    { flags: '--http-port <port>', summary: 'published on every node for HTTP; 80 when absent', parse: countValue },
    { flags: '--https-port <port>', summary: 'published on every node for HTTPS; 443 when absent', parse: countValue },
    { flags: '--ipv6', summary: 'clients reach it by IPv6 as well; to be said when it is first started, and kept' },
    { flags: '--acme-directory <url>', summary: "whom hosts with tls: auto are certified by; Let's Encrypt when absent" },
    { flags: '--acme-ca <file>', summary: 'CA certificates in PEM that vouch for the directory' },
    { flags: '--acme-email <address>', summary: 'where the authority may write to' },
    { flags: '--print', summary: 'only print the Compose file of the proxy, to be changed and deployed by hand' },
    DETACH,
  ],
  details: `Makes the network '${HTTP_NETWORK}' and a CA for hosts with tls: internal if they are not there yet, and deploys the stack '${PROXY_STACK}', an ordinary service that publishes both ports on every node. What it serves follows from x-http of all services. Run again with other options, it changes the proxy. Hosts with tls: auto are certified by the ACME authority of --acme-directory, to whose terms of service you agree by that; it stays when the command is run again without.`,
  examples: [
    { line: 'tsctl http enable', does: 'start one proxy, and wait until it runs' },
    { line: 'tsctl http enable --global --image registry.example.com/caddy:2.8', does: 'one on each node, of your own image' },
    {
      line: 'tsctl http enable --acme-directory https://ca.corp.example/acme/acme/directory --acme-ca root.pem',
      does: 'certificates from a CA of your own, such as step-ca',
    },
    { line: 'tsctl http enable --print > caddy.yml', does: 'the Compose file, for changes that have no option' },
  ],
  async run(session, _args, options) {
    await settingsOf(options);
    const asked = proxyOf(options);
    if (options.print) {
      session.print(proxyCompose({ ...asked, ipv6: options.ipv6 ?? false, migratesRequests: true }).trimEnd());
      return 0;
    }
    const client = await session.client();
    const ipv6 = options.ipv6 ?? (await hasIpv6(client));
    const proxy = { ...asked, ipv6, migratesRequests: await canMigrate(client) };
    await ensureNetwork(client, session);
    await ensureAuthority(client, session);
    await ensureAcme(client, session, options);
    const query = { prune: false, resolve: 'always' as const };
    const result = await client.call('deployStack', { params: { ref: PROXY_STACK }, query, body: await proxyStack(proxy) });
    session.note(...warningLines(result.warnings, session.errorStyle), ...changeLines(result.changes, session.errorStyle));
    if (options.detach) return 0;
    const progress = await waitConverged(session, { what: 'the HTTP proxy', stack: PROXY_STACK, hint: 'see: tsctl http status' });
    if (wantsData(session)) await printData(session, { ...result, progress });
    return 0;
  },
});

function proxyOf({
  image = DEFAULT_IMAGE,
  replicas,
  global = false,
  httpPort = 80,
  httpsPort = 443,
}: EnableOptions): Omit<ProxyOptions, 'ipv6' | 'migratesRequests'> {
  if (global && replicas !== undefined) throw usageFailure('--global and --replicas exclude each other', 'keep one of them');
  return { image, replicas: global ? undefined : (replicas ?? 1), httpPort, httpsPort };
}

/** Whether the proxy that there is answers by IPv6. */
async function hasIpv6(client: Client): Promise<boolean> {
  return (await client.call('listNetworks', {})).some(({ spec }) => spec.name === PROXY_NETWORK && spec.ipv6);
}

/** Whether the kernel of each node hands waiting connections on from one listening socket to another. */
async function canMigrate(client: Client): Promise<boolean> {
  const nodes = await client.call('listNodes', {});
  return nodes.every(({ description }) => description === undefined || isSince(description.kernel, MIGRATES_SINCE));
}

function isSince(kernel: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor = '', ownMinor = ''] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  return Number(ownMajor) > major || (Number(ownMajor) === major && Number(ownMinor) >= minor);
}

/** Internal, so that services that join it get no way out that they had not before; and they do not reach each other on it. */
async function ensureNetwork(client: Client, session: Session): Promise<void> {
  if ((await client.call('listNetworks', {})).some(({ spec }) => spec.name === HTTP_NETWORK)) return;
  const spec = {
    name: HTTP_NETWORK,
    labels: {},
    driver: 'overlay' as const,
    driverOptions: { [ICC_OPTION]: 'false' },
    attachable: false,
    ipv6: false,
  };
  await client.call('createNetwork', { body: { ...spec, internal: true } });
  session.note(`+ network ${HTTP_NETWORK} created`);
}

async function ensureAuthority(client: Client, session: Session): Promise<void> {
  const [configs, secrets] = [await client.call('listConfigs', {}), await client.call('listSecrets', {})];
  const hasCertificate = configs.some(({ spec }) => spec.name === HTTP_CA.certificate);
  const hasKey = secrets.some(({ spec }) => spec.name === HTTP_CA.key);
  if (hasCertificate && hasKey) return;
  if (hasCertificate || hasKey) {
    const [there, missing] = hasCertificate
      ? [`config '${HTTP_CA.certificate}'`, `secret '${HTTP_CA.key}'`]
      : [`secret '${HTTP_CA.key}'`, `config '${HTTP_CA.certificate}'`];
    throw new Failure(`there is ${there}, and ${missing}, the other half of the CA, is missing`, {
      cure: 'create it, or remove the first for a new CA to be made',
    });
  }
  const { clusterId } = await client.call('getInfo', {});
  const random = new SystemRandom();
  const { certificate, key } = await createAuthority({ clusterId, clock: session.io.clock, random, name: AUTHORITY_NAME, pathLength: 1 });
  await client.call('createSecret', { body: { name: HTTP_CA.key, labels: {}, data: base64(key) } });
  await client.call('createConfig', { body: { name: HTTP_CA.certificate, labels: {}, data: base64(certificate) } });
  session.note(`+ CA created: config ${HTTP_CA.certificate}, secret ${HTTP_CA.key}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
