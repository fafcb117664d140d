import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import swagger from '@fastify/swagger';
import { type Access, ApiError, ROUTES, type RouteDefinition, type RouteName } from '@tessera/api';
import { forMany, newId } from '@tessera/kit';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { TSchema } from 'typebox';
import type { UseCaseContext } from '../use-case/context.js';
import { VERSION } from '../version.js';
import { asApiError } from './errors.js';
import { type Call, HANDLERS } from './handlers.js';
import { authorise } from './identity.js';
import { sendLines } from './ndjson.js';
import { serveSessions } from './upgrade.js';
import { makeValidator } from './validation.js';

const DEFAULT_BODY_BYTES = 1024 * 1024;
/** How long requests under way may take when the manager stops. */
const CLOSE_LIMIT_MS = 2_000;

/** What the manager shows to its clients, in PEM. */
export interface ServerCredentials {
  /** The manager's certificate, followed by the CA's, which hosts that join check by its hash. */
  certificate: string;
  key: string;
  ca: string;
}

export interface ApiServer {
  /** @throws Error when the address is taken or not one of this host. */
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  /** New connections are served with these. */
  renewCredentials(credentials: ServerCredentials): void;
  close(): Promise<void>;
}

/** Serves the API, the agents' sessions and their streams on one port, with mutual TLS 1.3. */
export async function createApiServer(context: UseCaseContext, credentials: ServerCredentials): Promise<ApiServer> {
  const stopping = new AbortController();
  forMany(stopping.signal);
  const app = fastify({
    https: tlsOptions(credentials),
    bodyLimit: DEFAULT_BODY_BYTES,
    genReqId: () => newId(context.random),
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
  }) as unknown as FastifyInstance;
  app.setValidatorCompiler(({ schema, httpPart }) => makeValidator(schema as TSchema, httpPart ?? 'body'));
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler((error, request, reply) => answerError(context, error, request, reply));
  app.setNotFoundHandler((request) => {
    throw new ApiError('not-found', `no route ${request.method} ${request.url.split('?')[0]}`, {
      cure: 'GET /v1/openapi.json lists the routes',
    });
  });
  app.addHook('onSend', async (request, reply) => void reply.header('x-request-id', request.id));
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Tessera', version: VERSION } } });
  for (const name of Object.keys(ROUTES) as RouteName[]) addRoute(app, context, name, stopping.signal);
  app.get('/healthz', { schema: { hide: true } }, () => ({ status: 'ok', revision: context.store.view.revision }));
  app.get('/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
  serveSessions(app.server, context);
  await app.ready();
  return {
    listen: (host, port) => listen(app, host, port),
    renewCredentials: (next) => (app.server as unknown as { setSecureContext(options: object): void }).setSecureContext(tlsOptions(next)),
    close: () => close(app, context, stopping),
  };
}

function tlsOptions({ certificate, key, ca }: ServerCredentials) {
  // Certificates are checked by route: a host that joins has none yet.
  return { cert: certificate + ca, key, ca, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' as const };
}

function addRoute(app: FastifyInstance, context: UseCaseContext, name: RouteName, stopping: AbortSignal): void {
  const { method, path, summary, access, params, query, body, response, stream, maxBodyBytes }: RouteDefinition = ROUTES[name];
  app.route({
    method,
    url: path,
    schema: {
      operationId: name,
      summary,
      ...(params && { params }),
      ...(query && { querystring: query }),
      ...(body && { body }),
      response: { 200: response },
    },
    ...(maxBodyBytes !== undefined && { bodyLimit: maxBodyBytes }),
    // Before the body is read: who may not call the route shall not make us work.
    onRequest: async (request) => {
      if (access !== 'open') checkAccess(request, access, context);
    },
    handler: async (request, reply) => {
      const { signal, release } = signalOf(reply, stopping);
      const call = { params: request.params, query: request.query, body: request.body, subject: request.subject, signal };
      // The table pairs each name with its own types; within this loop they are all the same.
      const handler = HANDLERS[name] as (context: UseCaseContext, call: Call<RouteName>) => unknown;
      try {
        const answer = handler(context, call as Call<RouteName>);
        return stream ? await answerStream(context, reply, answer as AsyncIterable<unknown>, signal) : await answer;
      } finally {
        release();
      }
    },
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    subject?: Call<RouteName>['subject'];
  }
}

function checkAccess(request: FastifyRequest, access: Exclude<Access, 'open'>, { clock }: UseCaseContext): void {
  request.subject = authorise(request.raw.socket as TLSSocket, access, clock.now());
}

/** Aborted when the client goes away or the manager stops. */
function signalOf(reply: FastifyReply, stopping: AbortSignal): { signal: AbortSignal; release: () => void } {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  reply.raw.once('close', abort);
  stopping.addEventListener('abort', abort, { once: true });
  // The log of a service listens once for each of its tasks.
  return { signal: forMany(gone.signal), release: () => stopping.removeEventListener('abort', abort) };
}

async function answerStream(
  { log }: UseCaseContext,
  reply: FastifyReply,
  items: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<FastifyReply> {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-request-id': reply.request.id });
  reply.raw.flushHeaders();
  try {
    await sendLines(reply.raw, items, signal);
    reply.raw.end();
  } catch (error) {
    // The status is sent already: only a broken connection tells the client that lines are missing.
    log.error({ error, requestId: reply.request.id }, 'a stream failed');
    reply.raw.destroy();
  }
  return reply;
}

function answerError({ log }: UseCaseContext, thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = asApiError(thrown, request.id);
  if (error.code === 'internal')
    log.error({ error: thrown, requestId: request.id, method: request.method, path: request.url }, 'a request failed');
  void reply.status(error.status).type('application/json').send(JSON.stringify(error.toBody()));
}

const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another program: stop that one (ss -ltnp shows it), or choose another port',
  EADDRNOTAVAIL: 'this host has no such address: choose one of its own (ip address shows them), or 0.0.0.0 for all',
  EACCES: 'ports below 1024 are for root: choose a higher one',
};

async function listen(app: FastifyInstance, host: string, port: number): Promise<{ host: string; port: number }> {
  await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    const why = LISTEN_FAILURES[error.code ?? ''];
    throw why === undefined ? error : new Error(`--listen ${host}:${port}: ${why}`, { cause: error });
  });
  const address = app.server.address() as AddressInfo;
  return { host: address.address, port: address.port };
}

async function close(app: FastifyInstance, { clock }: UseCaseContext, stopping: AbortController): Promise<void> {
  stopping.abort();
  const cut = clock.timer(CLOSE_LIMIT_MS, () => app.server.closeAllConnections());
  await app.close().finally(() => cut.cancel());
}
