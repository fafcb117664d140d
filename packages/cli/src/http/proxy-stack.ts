import { HTTP_CA, HTTP_CA_FILES, HTTP_CONFIG, HTTP_NETWORK, type StackSpec } from '@tessera/api';

/** Name of the stack that `tsctl http enable` deploys. */
export const PROXY_STACK = 'http';
/** The proxy's own network, by which clients reach it. */
export const PROXY_NETWORK = `${PROXY_STACK}_default`;

export interface ProxyOptions {
  image: string;
  /** `undefined`: one on each node. */
  replicas: number | undefined;
  httpPort: number;
  httpsPort: number;
  /** It also answers by IPv6. */
  ipv6: boolean;
  /** The kernels of all nodes know how: from Linux 5.14 on. */
  migratesRequests: boolean;
}

/** The proxy as an ordinary stack: what `tsctl http enable --print` shows, to be changed and deployed by hand. */
export function proxyCompose({ image, replicas, httpPort, httpsPort, ipv6, migratesRequests }: ProxyOptions): string {
  const mode = replicas === undefined ? 'mode: global' : `replicas: ${replicas}`;
  const sysctls = migratesRequests
    ? `
    # Connections that wait while Caddy changes its listening sockets go to the new ones.
    sysctls: { net.ipv4.tcp_migrate_req: "1" }`
    : '';
  return `services:
  proxy:
    image: ${JSON.stringify(image)}
    command: [caddy, run, --config, /etc/caddy/tessera.json]
    # New routes reach it while it runs.
    x-reload-command: [caddy, reload, --config, /etc/caddy/tessera.json]
    ports: ["${httpPort}:80", "${httpsPort}:443"]
    networks: [default, ${HTTP_NETWORK}]
    environment: { XDG_DATA_HOME: /data, XDG_CONFIG_HOME: /config }
    volumes: ["data:/data"]${sysctls}
    secrets:
      - { source: routes, target: /etc/caddy/tessera.json, mode: 0400 }
      - { source: ca-key, target: ${HTTP_CA_FILES.key}, mode: 0400 }
    configs:
      - { source: ca, target: ${HTTP_CA_FILES.certificate} }
    healthcheck:
      test: wget -q -O /dev/null http://127.0.0.1:2019/config/admin/
      interval: 10s
      start_interval: 500ms
      start_period: 20s
    stop_grace_period: 30s
    deploy:
      ${mode}
      update_config: { order: start-first, monitor: 1s }
networks:${ipv6 ? '\n  default: { enable_ipv6: true }' : ''}
  ${HTTP_NETWORK}: { external: true }
volumes:
  data: {}
secrets:
  # Made by the managers from x-http of all services.
  routes: { external: true, name: ${HTTP_CONFIG} }
  ca-key: { external: true, name: ${HTTP_CA.key} }
configs:
  ca: { external: true, name: ${HTTP_CA.certificate} }
`;
}

/** The same as a deploy sends it. */
export async function proxyStack(options: ProxyOptions): Promise<StackSpec> {
  const { loadCompose } = await import('@tessera/api/compose/index');
  const text = new TextEncoder().encode(proxyCompose(options));
  const read = { read: async (path: string) => (path.endsWith(COMPOSE_FILE) ? text : undefined) };
  const { stack } = await loadCompose({ files: [COMPOSE_FILE], read, env: {}, projectName: PROXY_STACK, workingDir: '/' });
  return stack;
}

const COMPOSE_FILE = 'proxy.yml';
