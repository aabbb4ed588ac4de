import type { ContainerSpec, DeviceRule, DeviceSpec } from '../spec.ts'

const character = (path: string, major: number, minor: number): DeviceSpec => ({
  path,
  type: 'c',
  major,
  minor,
  fileMode: 0o666,
  uid: 0,
  gid: 0,
  access: 'rwm',
})

/** The nodes every container has (OCI runtime-spec config-linux.md, "Default Devices"). */
export const defaultDevices: readonly DeviceSpec[] = [
  character('/dev/null', 1, 3),
  character('/dev/zero', 1, 5),
  character('/dev/full', 1, 7),
  character('/dev/random', 1, 8),
  character('/dev/urandom', 1, 9),
  character('/dev/tty', 5, 0),
]

const allow = (type: 'b' | 'c', major: number, minor: number, access: string): DeviceRule => ({
  allow: true,
  type,
  major,
  minor,
  access,
})

/** What is allowed beside the nodes: making any node (opening it is another matter), consoles and terminals. */
const defaultRules: readonly DeviceRule[] = [
  allow('c', -1, -1, 'm'),
  allow('b', -1, -1, 'm'),
  allow('c', 5, 1, 'rwm'),
  allow('c', 5, 2, 'rwm'),
  allow('c', 136, -1, 'rwm'),
]

const everything: DeviceRule = { allow: true, type: 'a', major: -1, minor: -1, access: 'rwm' }
const nothing: DeviceRule = { allow: false, type: 'a', major: -1, minor: -1, access: 'rwm' }

/** The device rules of a container, to be applied in this order: a later one overrides an earlier one. */
export function deviceRules(spec: Pick<ContainerSpec, 'privileged' | 'devices' | 'resources'>): readonly DeviceRule[] {
  if (spec.privileged) return [everything]
  const nodes = [...defaultDevices, ...spec.devices]
  return [
    nothing,
    ...defaultRules,
    ...nodes.flatMap(({ type, major, minor, access }) => (access ? [allow(type, major, minor, access)] : [])),
    ...(spec.resources.devices ?? []),
  ]
}

/** A rule as devices.allow and devices.deny of cgroups v1 take it: `c 1:3 rwm`. */
export const formatDeviceRule = ({ type, major, minor, access }: DeviceRule): string => {
  const number = (value: number) => (value < 0 ? '*' : value)
  return type === 'a' ? 'a' : `${type} ${number(major)}:${number(minor)} ${access}`
}
