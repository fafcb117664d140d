import type { ContainerInspectInfo } from 'dockerode';
import type { ContainerState, ObservedContainer } from '../model/container.js';

/** A container's inspect answer in our terms. */
export function observed(info: ContainerInspectInfo): ObservedContainer {
  const { State: state } = info;
  const startedAt = moment(state.StartedAt);
  const finishedAt = moment(state.FinishedAt);
  const health = healthOf(info);
  const ended = state.Status === 'exited' || state.Status === 'dead';
  return {
    id: info.Id,
    name: info.Name.replace(/^\//, ''),
    labels: info.Config.Labels ?? {},
    state: state.Status as ContainerState,
    oomKilled: state.OOMKilled,
    imageId: info.Image,
    memoryLimitBytes: info.HostConfig.Memory ?? 0,
    tty: info.Config.Tty,
    addresses: addressesOf(info, 'IPAddress'),
    addresses6: addressesOf(info, 'GlobalIPv6Address'),
    networks: Object.keys(info.NetworkSettings.Networks ?? {}),
    ...(ended && { exitCode: state.ExitCode }),
    ...(state.Error && { error: state.Error }),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(health && { health }),
  };
}

/** Docker writes the year 1 for "never". */
function moment(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) || at <= 0 ? undefined : at;
}

function healthOf({ State: { Health: health } }: ContainerInspectInfo): ObservedContainer['health'] {
  if (!health || health.Status === 'none') return undefined;
  return { status: health.Status as 'starting' | 'healthy' | 'unhealthy', lastOutput: health.Log?.at(-1)?.Output ?? '' };
}

function addressesOf({ NetworkSettings: settings }: ContainerInspectInfo, kind: 'IPAddress' | 'GlobalIPv6Address'): Record<string, string> {
  const entries = Object.entries(settings.Networks ?? {}).map(([name, plug]) => [name, plug[kind]] as const);
  return Object.fromEntries(entries.filter(([, address]) => address));
}
