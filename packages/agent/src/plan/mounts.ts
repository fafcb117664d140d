import type { FileReference, MountSpec, TaskAssignment } from '@tessera/api';
import type { DockerMount } from '../model/container-request.js';
import { LABELS } from '../model/labels.js';
import { expand, type NodeFacts, SpecError } from './template.js';

const READ_ONLY_PROPAGATION = 'rprivate';

/**
 * Mounts and binds of a task. A bind whose source must exist is a mount, since Docker refuses a missing source there; one that may be
 * created is a bind, since Docker creates it there.
 */
export function taskMounts(task: TaskAssignment, node: NodeFacts): { mounts: DockerMount[]; binds: string[] } {
  const specs = task.template.container.mounts.map((mount) => expandSource(mount, task, node));
  const creates = (mount: MountSpec): boolean => mount.type === 'bind' && mount.bind?.createHostPath === true && !mount.bind.recursive;
  return {
    mounts: specs.filter((mount) => !creates(mount)).map((mount) => dockerMount(mount, task)),
    binds: specs.filter(creates).map(createdBind),
  };
}

function expandSource(mount: MountSpec, task: TaskAssignment, node: NodeFacts): MountSpec {
  return mount.source === undefined ? mount : { ...mount, source: expand(mount.source, task, node) };
}

function createdBind({ source, target, readOnly, bind }: MountSpec): string {
  if (!source?.startsWith('/')) throw new SpecError(`mount at ${target}: the host path "${source ?? ''}" is not absolute`);
  if (source.includes(':') || target.includes(':'))
    throw new SpecError(`mount at ${target}: a path with ":" cannot be created by the engine`);
  const options = [readOnly ? 'ro' : 'rw', bind?.propagation].filter(Boolean);
  return `${source}:${target}:${options.join(',')}`;
}

function dockerMount(mount: MountSpec, task: TaskAssignment): DockerMount {
  const { type, source, target, readOnly = false, consistency, tmpfs } = mount;
  if (type === 'cluster') throw new SpecError(`mount at ${target}: cluster volumes (CSI) are not supported: use a volume with a driver`);
  const options = type === 'bind' ? bindOptions(mount) : type === 'volume' ? volumeOptions(mount, task) : {};
  return {
    Type: type,
    Target: target,
    ReadOnly: readOnly,
    ...(source !== undefined && { Source: source }),
    ...(consistency !== undefined && { Consistency: consistency }),
    ...options,
    ...(tmpfs && {
      TmpfsOptions: {
        ...(tmpfs.sizeBytes !== undefined && { SizeBytes: tmpfs.sizeBytes }),
        ...(tmpfs.mode !== undefined && { Mode: tmpfs.mode }),
      },
    }),
  };
}

function bindOptions({ source, target, bind }: MountSpec): Pick<DockerMount, 'BindOptions'> {
  if (!source?.startsWith('/')) throw new SpecError(`mount at ${target}: the host path "${source ?? ''}" is not absolute`);
  if (!bind) return {};
  return {
    BindOptions: {
      ...(bind.propagation !== undefined && { Propagation: bind.propagation }),
      ...(bind.recursive === 'disabled' && { NonRecursive: true }),
    },
  };
}

/** A volume that is made for the mount carries the stack's label, so that it can be found when the stack is removed. */
function volumeOptions({ volume = {} }: MountSpec, task: TaskAssignment): Pick<DockerMount, 'VolumeOptions'> {
  const driver = {
    ...(volume.driver !== undefined && { Name: volume.driver }),
    ...(volume.driverOptions && { Options: volume.driverOptions }),
  };
  return {
    VolumeOptions: {
      Labels: { ...volume.labels, ...(task.stack !== undefined && { [LABELS.stack]: task.stack }) },
      ...(volume.noCopy !== undefined && { NoCopy: volume.noCopy }),
      ...(volume.subpath !== undefined && { Subpath: volume.subpath }),
      ...(Object.keys(driver).length > 0 && { DriverConfig: driver }),
    },
  };
}

/** One config or secret of a task as a file of the host. */
export interface TaskFile {
  fileId: string;
  reference: FileReference;
  /** Name in the task's folder. */
  fileName: string;
}

/** The files that a task needs, in a fixed order. @throws SpecError when the manager named no object for a reference. */
export function taskFiles({ template, configIds, secretIds }: TaskAssignment): TaskFile[] {
  const { configs, secrets } = template.container;
  const named = (kind: string, ids: Readonly<Record<string, string>>) => (reference: FileReference, index: number) => {
    const fileId = ids[reference.source];
    if (fileId === undefined) throw new SpecError(`${kind} "${reference.source}" does not exist`);
    return { fileId, reference, fileName: `${kind}-${index}` };
  };
  return [...configs.map(named('config', configIds)), ...secrets.map(named('secret', secretIds))];
}

/** Read-only mounts of a task's files, one by one: a single file's mount shows in no commit and works below a read-only root. */
export function fileMounts(task: TaskAssignment, folder: string): DockerMount[] {
  return taskFiles(task).map(({ reference, fileName }) => ({
    Type: 'bind',
    Source: `${folder}/${fileName}`,
    Target: reference.target,
    ReadOnly: true,
    BindOptions: { Propagation: READ_ONLY_PROPAGATION },
  }));
}
