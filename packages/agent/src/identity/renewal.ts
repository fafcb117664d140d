import { ROUTES } from '@tessera/api';
import { type Clock, jittered, type Log, type Random, sleep } from '@tessera/kit';
import { makeSigningRequest } from '@tessera/kit/pki/signing-request';
import type { Identity } from './identity.js';
import { certificateOf } from './join.js';
import { post } from './manager-request.js';
import { explainFailure } from './tls-failure.js';

export interface RenewalOptions {
  identity: Identity;
  managers: readonly string[];
  clock: Clock;
  random: Random;
  log: Log;
  signal: AbortSignal;
  /** Asks one manager; the real request when absent. */
  requestRenewal?: (manager: string) => Promise<void>;
}

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 600_000;
/** Timers of Node take at most 2^31 - 1 ms: long waits are cut into days. */
const LONGEST_WAIT_MS = 86_400_000;

/** Renews the certificate each time that the manager said to, until `signal` is aborted. Never throws. */
export async function keepRenewed({ identity, managers, clock, random, log, signal, requestRenewal }: RenewalOptions): Promise<void> {
  const renew = requestRenewal ?? ((manager: string) => renewAt(manager, identity, clock));
  let failures = 0;
  while (!signal.aborted) {
    const waitMs =
      failures === 0
        ? identity.renewAtMs - clock.now()
        : jittered(random, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)));
    if (waitMs > 0 && (await isAborted(sleep(clock, Math.min(waitMs, LONGEST_WAIT_MS), signal)))) return;
    if (failures === 0 && identity.renewAtMs > clock.now()) continue;
    const manager = managers[failures % managers.length] ?? '';
    try {
      await renew(manager);
      failures = 0;
      log.info({ nodeId: identity.nodeId }, 'the certificate of this node was renewed');
    } catch (error) {
      failures += 1;
      const { message } = explainFailure(error, { manager, nowMs: clock.now() });
      log.warn({ nodeId: identity.nodeId, failures, cause: message }, 'the certificate of this node could not be renewed, trying again');
    }
  }
}

/** A new key and certificate from one manager, saved. */
async function renewAt(manager: string, identity: Identity, clock: Clock): Promise<void> {
  const { csr, key } = await makeSigningRequest();
  const answer = certificateOf(await post(new URL(manager), ROUTES.renew.path, { csr }, identity));
  await identity.renew({ certificate: answer.certificate, key, ca: identity.ca, renewAtMs: clock.now() + answer.renewAfterMs });
}

function isAborted(wait: Promise<void>): Promise<boolean> {
  return wait.then(
    () => false,
    () => true,
  );
}
