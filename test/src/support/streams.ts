import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:http2';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';

const MEGABYTE = 1024 * 1024;
const GRPC = { 'content-type': 'application/grpc', te: 'trailers' };

/** Where a request goes: the address that is asked and the name that is asked for. */
export interface Target {
  ip: string;
  host: string;
  path: string;
}

/** Upgrades a connection. @returns its socket. @throws Error when the answer is another. */
export function upgraded(target: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    const asked = request(optionsOf(target, { headers }));
    asked.on('upgrade', (_response, socket: Socket) => resolve(socket));
    asked.on('response', ({ statusCode }) => reject(new Error(`answered with ${statusCode} instead of an upgrade`)));
    asked.on('error', reject).end();
  });
}

/** An endless answer. */
export class EventStream {
  events = 0;
  /** Why it ended, when it has. */
  ended: string | undefined;
  #response: IncomingMessage | undefined;

  constructor(target: Target) {
    const asked = request(optionsOf(target), (response) => {
      this.#response = response;
      response.setEncoding('utf8').on('data', (text: string) => {
        this.events += text.split('\n\n').length - 1;
      });
      response.on('end', () => (this.ended ??= 'ended')).on('error', ({ message }) => (this.ended ??= message));
    });
    asked.on('error', ({ message }) => (this.ended ??= message)).end();
  }

  end(): void {
    this.#response?.destroy();
  }
}

/** One request, with so many megabytes if there are any. @returns status and text. */
export function asked(target: Target, megabytes = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = megabytes > 0 ? { method: 'POST', headers: { 'content-length': megabytes * MEGABYTE } } : {};
    const sent = request(optionsOf(target, upload), (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject).on('end', () => resolve(`${response.statusCode} ${body.trim()}`));
    });
    sent.on('error', reject);
    const part = Buffer.alloc(MEGABYTE);
    Readable.from(Array.from({ length: megabytes }, () => part)).pipe(sent);
  });
}

/** A call as gRPC makes it, by HTTP/2 without TLS. @returns status, text and the trailer `grpc-status`. */
export function grpcCall({ ip, host, path }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${ip}`);
    session.on('error', reject);
    const call = session.request({ ':method': 'POST', ':path': path, ':authority': host, ...GRPC });
    const said = { status: 0, body: '', trailer: '' };
    call.on('response', (headers) => void (said.status = headers[':status'] ?? 0));
    call.on('trailers', (trailers) => void (said.trailer = String(trailers['grpc-status'])));
    call.setEncoding('utf8').on('data', (text: string) => void (said.body += text));
    call.on('error', reject).on('end', () => {
      resolve(`${said.status} ${said.body.trim()} ${said.trailer}`);
      session.close();
    });
    call.end('message');
  });
}

function optionsOf({ ip, host, path }: Target, options: RequestOptions = {}): RequestOptions {
  return { host: ip, port: 80, path, agent: false, ...options, headers: { host, ...options.headers } };
}
