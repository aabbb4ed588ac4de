import type { IPAM, NetworkCreateRequest, VolumeCreateRequest } from '../../engine/api.ts'
import { version } from '../../engine/version.ts'
import { networkHash, volumeHash } from '../config-hash.ts'
import { label } from '../labels.ts'
import type { Project, ProjectNetwork, ProjectVolume } from '../project.ts'

export function networkRequest(project: Project, network: ProjectNetwork): NetworkCreateRequest {
  const ipam = network.ipam && toIPAM(network.ipam)
  return {
    Name: network.name,
    Driver: network.driver ?? 'bridge',
    Options: { ...network.driverOpts },
    Labels: {
      ...network.labels,
      [label.network]: network.key,
      [label.project]: project.name,
      [label.configHash]: networkHash(network),
      [label.version]: version,
    },
    ...(network.internal && { Internal: true }),
    ...(network.attachable && { Attachable: true }),
    ...(network.enableIPv4 !== undefined && { EnableIPv4: network.enableIPv4 }),
    ...(network.enableIPv6 !== undefined && { EnableIPv6: network.enableIPv6 }),
    ...(ipam && { IPAM: ipam }),
  }
}

const toIPAM = ({ driver, config, options }: NonNullable<ProjectNetwork['ipam']>): IPAM => ({
  Driver: driver ?? 'default',
  Config: config.map(({ subnet, ipRange, gateway, auxAddresses }) => ({
    ...(subnet !== undefined && { Subnet: subnet }),
    ...(ipRange !== undefined && { IPRange: ipRange }),
    ...(gateway !== undefined && { Gateway: gateway }),
    ...(auxAddresses && { AuxiliaryAddresses: { ...auxAddresses } }),
  })),
  ...(Object.keys(options).length > 0 && { Options: { ...options } }),
})

export const volumeRequest = (project: Project, volume: ProjectVolume): VolumeCreateRequest => ({
  Name: volume.name,
  Driver: volume.driver ?? 'local',
  DriverOpts: { ...volume.driverOpts },
  Labels: {
    ...volume.labels,
    [label.volume]: volume.key,
    [label.project]: project.name,
    [label.configHash]: volumeHash(volume),
    [label.version]: version,
  },
})
