import { access } from 'node:fs/promises';
import { run } from './run.js';

/** Whether systemd manages this host. */
export function hasSystemd(): Promise<boolean> {
  return access('/run/systemd/system').then(
    () => true,
    () => false,
  );
}

/**
 * Starts a program as a unit of its own, outside of the agent, so that it outlives it; systemd starts it anew when it fails. Does nothing
 * when the unit is there: it is being started.
 * @param properties further ones of the unit, such as `CPUQuota=20%`
 */
export async function startUnit(unit: string, command: readonly string[], properties: readonly string[] = []): Promise<void> {
  const all = ['Restart=on-failure', 'RestartSec=1', ...properties].map((property) => `--property=${property}`);
  await run('systemd-run', ['--quiet', '--collect', `--unit=${unit}`, ...all, ...command]).catch(() => {});
}

/** Stops it. Does nothing when it is not there. */
export async function stopUnit(unit: string): Promise<void> {
  await run('systemctl', ['stop', `${unit}.service`]).catch(() => {});
}

export function isUnitActive(unit: string): Promise<boolean> {
  return run('systemctl', ['is-active', '--quiet', `${unit}.service`]).then(
    () => true,
    () => false,
  );
}
