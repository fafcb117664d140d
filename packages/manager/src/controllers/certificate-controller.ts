import { createHash } from 'node:crypto';
import { certificateId, contentId, type HostCertificate, type ObjectChange, readsHttpConfig } from '@tessera/api';
import { ReconcileLoop } from '@tessera/kit';
import type { AcmeAccount } from '../plan/http/acme.js';
import { Certification, certificateHosts, planCertificate } from '../plan/http/certificates.js';
import type { AcmeOrder, IssuedCertificate } from '../ports/acme.js';
import type { StoreChange } from '../ports/store.js';
import { carryOut } from './carry-out.js';
import type { Controller, LeaderDeps } from './controller.js';

const AGAIN_AFTER_CONFLICT_MS = 20;
/** No host: which ones there are costs a look at all services, so that many changes at a time are worth one. */
const EVERY_HOST = '';
/** Timers go by the monotonic clock and end at 24 days; certificates hold by the wall clock. */
const LONGEST_WAIT_MS = 3_600_000;
const MOST_ERROR_LENGTH = 1024;
/** Certificates, and what the plan for them is made of. */
const KINDS: readonly string[] = ['services', 'configs', 'secrets', 'certificates', 'networks', 'vips'];

/** Has hosts with `tls: auto` certified, and their certificates renewed; keys are hosts, and {@link EVERY_HOST}. */
export class CertificateController implements Controller {
  readonly name = 'certificate';
  readonly #loop: ReconcileLoop;
  readonly #stopped = new AbortController();
  /** As of the last change that matters; absent: there was one since. */
  #certification: Certification | undefined;

  constructor(private readonly deps: LeaderDeps) {
    this.#loop = new ReconcileLoop({
      ...deps,
      name: this.name,
      reconcile: (host) => (host === EVERY_HOST ? this.#markHosts() : this.#look(host)),
    });
  }

  start(): void {
    this.#loop.mark(EVERY_HOST);
  }

  onChange(change: ObjectChange): void {
    const isOfProxy = change.kind === 'tasks' && this.#isProxy(change.object?.serviceId);
    // Of a task that is gone nobody knows what it was.
    if (change.kind === 'tasks' && !change.object) this.#certification = undefined;
    if (!isOfProxy && !KINDS.includes(change.kind)) return;
    this.#certification = undefined;
    this.start();
  }

  stop(): Promise<void> {
    this.#stopped.abort(new Error('the manager leads no more'));
    return this.#loop.stop();
  }

  #isProxy(serviceId = ''): boolean {
    const service = this.deps.store.view.get('services', serviceId);
    return service !== undefined && readsHttpConfig(service.spec.template);
  }

  async #markHosts(): Promise<undefined> {
    for (const host of certificateHosts(this.#current())) this.#loop.mark(host);
  }

  #current(): Certification {
    this.#certification ??= new Certification(this.deps.store.view);
    return this.#certification;
  }

  async #look(host: string): Promise<number | undefined> {
    const plan = planCertificate(this.#current(), host, this.deps.clock.now());
    switch (plan.step) {
      case 'order':
        return this.#order(plan.order, plan.account);
      case 'forget': {
        const { id, revision } = plan.certificate;
        return this.#write([{ type: 'delete', kind: 'certificates', id, expect: { revision } }]);
      }
      case 'nothing':
        return undefined;
      default:
        return plan.againInMs === undefined ? undefined : Math.min(plan.againInMs, LONGEST_WAIT_MS);
    }
  }

  async #order(order: AcmeOrder, account: AcmeAccount): Promise<number | undefined> {
    const { acme, log } = this.deps;
    const { host, settings } = order;
    try {
      const issued = await acme.issue(order, this.#stopped.signal);
      log.info({ host, directory: settings.directory, notAfter: issued.notAfter }, 'host certified');
      return await this.#write(this.#issued(host, settings.directory, issued));
    } catch (error) {
      if (this.#stopped.signal.aborted) return undefined;
      log.warn({ host, directory: settings.directory, error }, 'host could not be certified');
      return this.#write(this.#failed(host, account, error instanceof Error ? error.message : String(error)));
    }
  }

  #issued(host: string, directory: string, { chain, key, notBefore, notAfter }: IssuedCertificate): StoreChange[] {
    const { clock } = this.deps;
    const [text, now] = [Buffer.from(`${chain.trimEnd()}\n${key.trimEnd()}\n`), clock.now()];
    const hash = createHash('sha256').update(text).digest('hex');
    const meta = { id: contentId('secrets', hash), revision: 0, createdAt: now, updatedAt: now };
    const { failure: _, ...before } = this.#certificateOf(host);
    return [
      { type: 'put', kind: 'contents', object: { ...meta, secret: true, hash, data: text.toString('base64') }, expect: 'absent' },
      this.#put({ ...before, issued: { hash, directory, at: now, notBefore, notAfter } }),
    ];
  }

  #failed(host: string, { hash }: AcmeAccount, error: string): StoreChange[] {
    const before = this.#certificateOf(host);
    const count = before.failure?.settings === hash ? before.failure.count + 1 : 1;
    const failure = { at: this.deps.clock.now(), count, error: error.slice(0, MOST_ERROR_LENGTH), settings: hash };
    return [this.#put({ ...before, failure })];
  }

  #certificateOf(host: string): HostCertificate {
    const [id, now] = [certificateId(host), this.deps.clock.now()];
    return this.deps.store.view.get('certificates', id) ?? { id, revision: 0, createdAt: now, updatedAt: now, host };
  }

  #put(object: HostCertificate): StoreChange {
    const before = this.deps.store.view.get('certificates', object.id);
    return { type: 'put', kind: 'certificates', object, expect: before ? { revision: before.revision } : 'absent' };
  }

  async #write(changes: StoreChange[]): Promise<number | undefined> {
    return (await carryOut(this.deps.store, changes)) === 'conflict' ? AGAIN_AFTER_CONFLICT_MS : undefined;
  }
}
