import type { ServiceProgress } from '@tessera/api';
import { PLAIN, type Style } from './style.js';

/** What a person sees while waiting. */
export interface ProgressState {
  services: readonly ServiceProgress[];
  /** Time since the wait began. */
  elapsedMs: number;
  /** Why nothing is heard at the moment, such as an unreachable manager. */
  disturbance?: string | undefined;
}

/** `2/3 running, 1/3 updated: 1 task: 0/3 nodes: …`. */
export function describeProgress(service: ServiceProgress): string {
  const { desired, running, updated, converged, failed, waiting, mode, job } = service;
  if (job !== undefined) return job;
  if (converged) return mode.endsWith('-job') ? 'completed' : `${running}/${desired} running`;
  const counts = mode.endsWith('-job') ? `${running} running` : `${running}/${desired} running`;
  const update = updated === running || updated === desired ? '' : `, ${updated}/${desired} updated`;
  const reason = failed === undefined ? waiting : `failed: ${failed}`;
  return `${counts}${update}${reason === undefined ? '' : `: ${reason}`}`;
}

/** One line a service, each fitting the width, and one for a disturbance. */
export function renderProgress(state: ProgressState, columns: number, style: Style = PLAIN): string[] {
  const nameWidth = Math.max(0, ...state.services.map((service) => service.name.length));
  const lines = state.services.map((service) => {
    const text = fit(`${service.name.padEnd(nameWidth)}  ${describeProgress(service)}`, columns - 2);
    return `${mark(service, state.elapsedMs, style)} ${service.failed === undefined ? text : style.red(text)}`;
  });
  if (state.disturbance !== undefined) lines.push(style.yellow(fit(`! ${state.disturbance}; trying again`, columns)));
  return lines;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧'];
const FRAME_MS = 250;

function mark(service: ServiceProgress, elapsedMs: number, style: Style): string {
  if (service.converged) return style.green('✓');
  if (service.failed !== undefined) return style.red('✗');
  return FRAMES[Math.floor(elapsedMs / FRAME_MS) % FRAMES.length] ?? '';
}

function fit(text: string, width: number): string {
  const flat = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  const chars = [...flat];
  return chars.length <= width ? flat : `${chars.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** For output that is no terminal: the lines of the services whose words are others than before. */
export function changedLines(before: readonly ServiceProgress[], after: readonly ServiceProgress[]): string[] {
  const said = new Map(before.map((service) => [service.serviceId, describeProgress(service)]));
  return after.flatMap((service) => {
    const words = describeProgress(service);
    return said.get(service.serviceId) === words ? [] : [`${service.name}: ${words}`];
  });
}
