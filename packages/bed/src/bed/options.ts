import type { Clock } from '@tessera/kit';
import { MAX_HOSTS } from '../plan/address-plan.js';
import type { HostKind } from '../state/cluster-file.js';

export interface BedOptions {
  /** 1 to 24 of a-z, 0-9 and "-", with a letter first. */
  name: string;
  /** How many hosts, 1 to 200. */
  hosts: number;
  /** Default `light`. */
  kind?: HostKind;
  /** How many of the first hosts are light ones, whatever the kind: a manager beside slow virtual machines need not be slow. Default 0. */
  light?: number;
  /** Let the hosts reach the outside, when the machine can. Default false. */
  internet?: boolean;
  /**
   * Files and folders of this machine that full hosts and virtual machines see read-only, under the same path; virtual machines
   * see them as they were when the bed was made, light hosts see everything. By default this Node and Tessera's own programs.
   * Empty for bare hosts, such as an installer finds.
   */
  share?: readonly string[];
  /** Called after each step. */
  onProgress?: (event: BedProgress) => void;
  /** Ends the making; what was made until then is removed. */
  signal?: AbortSignal;
  clock?: Clock;
}

/** A step that is done, for people. */
export interface BedProgress {
  /** Absent for steps of the whole bed. */
  host?: string;
  message: string;
}

/** @throws Error when the number of hosts is none that a bed can have. */
export function checkHostCount(hosts: number): void {
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > MAX_HOSTS) {
    throw new Error(`${hosts} hosts: a cluster has 1 to ${MAX_HOSTS}`);
  }
}
