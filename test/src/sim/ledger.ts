import type { ServiceSpec } from '@tessera/api';

/** What is known of a service from the answers that users got: `undefined` within stands for "cannot be known". */
export interface Known {
  exists: boolean;
  /** By which call it was made. */
  call?: string;
  replicas?: number;
}

/** What the API has acknowledged, and what follows from that. A call without an answer makes what it touches unknown. */
export class Ledger {
  readonly #services = new Map<string, Known | 'unknown'>();

  /** What is known of each service that was ever spoken of. */
  *known(): Generator<[name: string, known: Known]> {
    for (const [name, known] of this.#services) if (known !== 'unknown') yield [name, known];
  }

  deploying(stack: string, services: readonly ServiceSpec[], prune: boolean): void {
    for (const { name } of services) this.#services.set(name, 'unknown');
    if (prune) for (const name of this.#of(stack)) this.#services.set(name, 'unknown');
  }

  deployed(stack: string, services: readonly ServiceSpec[], prune: boolean): void {
    if (prune) for (const name of this.#of(stack)) this.#services.set(name, { exists: false });
    for (const { name, labels, mode } of services) {
      const replicas = mode.kind === 'replicated' ? { replicas: mode.replicas } : {};
      this.#services.set(name, { exists: true, ...(labels.call !== undefined && { call: labels.call }), ...replicas });
    }
  }

  changing(name: string): void {
    this.#services.set(name, 'unknown');
  }

  scaled(name: string, replicas: number): void {
    this.#services.set(name, { exists: true, replicas });
  }

  #of(stack: string): string[] {
    return [...this.#services.keys()].filter((name) => name.startsWith(`${stack}_`));
  }
}
