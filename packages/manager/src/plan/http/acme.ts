import {
  AcmeSettings,
  canonicalJson,
  certificateId,
  contentId,
  type HostCertificate,
  HTTP_ACME,
  isCertifiable,
  textHash,
} from '@tessera/api';
import { Check } from 'typebox/value';
import { contentOf } from '../../model/content.js';
import type { ClusterView } from '../../model/view.js';

/** The account at an ACME authority that certifies hosts with `tls: auto`. */
export interface AcmeAccount {
  settings: AcmeSettings;
  /** A JSON Web Key, as the secret has it. */
  key: string;
  /** Of the key (RFC 7638): the second half of the answer to any of the authority's questions. */
  thumbprint: string;
  /** Changes when the settings or the key do. */
  hash: string;
}

/** @returns why there is none, in words, when there is none. */
export function acmeAccount(view: ClusterView): AcmeAccount | string {
  const [config, secret] = [textOf(view, 'configs', HTTP_ACME.settings), textOf(view, 'secrets', HTTP_ACME.key)];
  if (config === undefined || secret === undefined) return 'no certificate authority is set up: run tsctl http enable';
  const [settings, jwk] = [parsed(config), parsed(secret)];
  if (!Check(AcmeSettings, settings)) return `config '${HTTP_ACME.settings}' does not say which authority to ask`;
  const thumbprint = thumbprintOf(jwk);
  if (thumbprint === undefined) return `secret '${HTTP_ACME.key}' holds no private key of the curve P-256 as JSON Web Key`;
  return { settings, key: secret, thumbprint, hash: textHash(canonicalJson([settings, thumbprint])) };
}

/** Hosts with `tls: auto` that an authority is to certify, in the order of their names; the internal CA does so for the others. */
export function acmeHosts(view: ClusterView): string[] {
  const account = acmeAccount(view);
  const hosts = [...view.all('services')]
    .flatMap(({ spec }) => spec.http ?? [])
    .flatMap(({ tls, hosts }) => (tls.mode === 'auto' ? hosts : []));
  return [...new Set(hosts)].filter((host) => isByAcme(host, account)).sort();
}

/** Whether an authority certifies the host, which has `tls: auto`. */
export function isByAcme(host: string, account: AcmeAccount | string): boolean {
  return isCertifiable(host, typeof account === 'string' ? undefined : account.settings.directory);
}

/** The host's certificate by ACME, chain and key in one text in base64. */
export function acmeCertificate(view: ClusterView, host: string): string | undefined {
  const hash = certificateOf(view, host)?.issued?.hash;
  return hash === undefined ? undefined : view.get('contents', contentId('secrets', hash))?.data;
}

export function certificateOf(view: ClusterView, host: string): HostCertificate | undefined {
  return view.get('certificates', certificateId(host));
}

function textOf(view: ClusterView, kind: 'configs' | 'secrets', name: string): string | undefined {
  const data = contentOf(view, { kind, name });
  return data === undefined ? undefined : new TextDecoder().decode(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns undefined when it is no private key of the curve P-256. */
function thumbprintOf(jwk: unknown): string | undefined {
  const { kty, crv, x, y, d } = (typeof jwk === 'object' && jwk !== null ? jwk : {}) as Record<string, unknown>;
  if (kty !== 'EC' || crv !== 'P-256' || ![x, y, d].every((part) => typeof part === 'string')) return undefined;
  const bytes = textHash(canonicalJson({ crv, kty, x, y })).match(/../g) ?? [];
  const base64 = btoa(String.fromCharCode(...bytes.map((hex) => Number.parseInt(hex, 16))));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
