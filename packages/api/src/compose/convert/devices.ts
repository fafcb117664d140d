import type { ContainerSpec } from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { type ConvertContext, compact, filled } from './context.js';
import type { ComposeDeviceRequest, ComposeService } from './model.js';

/** `-1` asks Docker for all devices. */
const ALL = -1;

/** Devices of the host by path; those with a CDI name are requests. */
export function convertDevices(service: ComposeService, path: Path, context: ConvertContext): ContainerSpec['devices'] {
  return (service.devices ?? []).flatMap(({ source, target = source, permissions = 'rwm' }, index) => {
    if (isCdiName(source)) return [];
    if (!/^(?!.*(.).*\1)[rwm]{1,3}$/.test(permissions))
      context.error([...path, 'devices', index], `"${permissions}" is not a set of r, w and m`);
    return [{ source, target, permissions }];
  });
}

export function convertDeviceRequests(service: ComposeService, path: Path, context: ConvertContext): ContainerSpec['deviceRequests'] {
  const cdi = (service.devices ?? []).map((device) => device.source).filter(isCdiName);
  const reserved = service.deploy?.resources?.reservations?.devices ?? [];
  return [
    ...(cdi.length > 0 ? [{ driver: 'cdi', deviceIds: cdi, capabilities: [] }] : []),
    ...reserved.map((request, index) =>
      deviceRequest(request, [...path, 'deploy', 'resources', 'reservations', 'devices', index], context),
    ),
    ...(service.gpus ?? []).map((request, index) => deviceRequest(withGpu(request), [...path, 'gpus', index], context)),
  ];
}

function deviceRequest(request: ComposeDeviceRequest, path: Path, context: ConvertContext): ContainerSpec['deviceRequests'][number] {
  const { count, device_ids: deviceIds, driver, options, capabilities } = request;
  if (count !== undefined && deviceIds !== undefined) context.error(path, 'count and device_ids exclude each other', 'keep one of them');
  return compact({
    driver,
    count: deviceIds === undefined ? (count === undefined || count === 'all' ? ALL : count) : undefined,
    deviceIds,
    capabilities: [capabilities ?? []],
    options: options && filled(options),
  });
}

function withGpu(request: ComposeDeviceRequest): ComposeDeviceRequest {
  return { ...request, capabilities: [...new Set(['gpu', ...(request.capabilities ?? [])])] };
}

/** `vendor.com/class=name`. Source: Container Device Interface specification. */
function isCdiName(source: string): boolean {
  return !source.startsWith('/') && source.includes('=');
}
